"""`understudy zone check`: a zone as the world sees it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from understudy.cli.exit import ExitCode, told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from understudy.cli.screen import errors, print_json, problem_line, show
from understudy.cli.zone import NameArgument
from understudy.config.addresses import DNS_PORT, AddressSyntaxError, parse_server
from understudy.model.name import Name, NameSyntaxError
from understudy.model.watch import ServerPlace
from understudy.service.reports.present import present_problem

if TYPE_CHECKING:
    from understudy.service.candidate import Candidate


def check(
    name: NameArgument,
    *,
    parent: Annotated[
        list[str] | None,
        typer.Option(
            "--parent", metavar="ADDRESS", help="A server of the zone above to ask; default: those in the DNS."
        ),
    ] = None,
    resolver: Annotated[
        str, typer.Option("--resolver", metavar="ADDRESS", help="Whom to ask for names; default: as the system does.")
    ] = "",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the zone's name servers.")] = DNS_PORT,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Check a zone as the world sees it: delegation, name servers, serials, times. Exits 1 if something is wrong.

    Needs no running server, and no configuration: with one, its zone file and its records are taken into account.
    """
    origin = _origin(name)
    parents = tuple(_place(each, "--parent") for each in parent or ())
    asked = _place(resolver, "--resolver") if resolver else None
    import asyncio  # what asks and judges: other commands are quicker without

    from understudy.cli.zone_check_page import present, render
    from understudy.service.watching.surveying import SurveyQuestion, survey
    from understudy.zones.advice import advise

    with told(as_json=as_json):
        candidate = _candidate(config)
        loaded = candidate.zones.get(origin) if candidate is not None else None
        configuration = candidate.configuration if candidate is not None else None
        if candidate is not None and loaded is None and origin in candidate.configuration.zones:
            _tell_problems(candidate)
        with _waiting(f"asking about {origin}"):
            found = asyncio.run(survey(SurveyQuestion(origin, parents, asked, port), configuration, loaded))
        advice = advise(found)
        if as_json:
            print_json(present(found, advice))
        else:
            show(render(found, advice, str(config) if loaded is not None else ""))
        if not present(found, advice).is_fine:
            raise typer.Exit(ExitCode.PROBLEMS)


def _origin(name: str) -> Name:
    try:
        return Name.parse(name)
    except NameSyntaxError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None


def _place(text: str, option: str) -> ServerPlace:
    try:
        return ServerPlace(*parse_server(text))
    except AddressSyntaxError as error:
        raise typer.BadParameter(f"{error.message} ({error.hint})", param_hint=option) from None


def _candidate(config: Path) -> Candidate | None:
    """The configuration; None where nobody asked for one and there is none."""
    if config == DEFAULT_CONFIG and not config.exists():
        return None
    from understudy.cli.loading import read_with_progress  # every stage of a server

    return read_with_progress(config, time.time())


def _tell_problems(candidate: Candidate) -> None:
    """A zone that stands in the configuration is looked at as a stranger's if its file cannot be used."""
    for problem in candidate.problems:
        errors.print(problem_line(present_problem(problem)), soft_wrap=True)


def _waiting(text: str) -> AbstractContextManager[object]:
    """A terminal is told that somebody is asked."""
    return errors.status(text) if errors.is_terminal else nullcontext()
