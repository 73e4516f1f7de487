"""`understudy check`, `plan` and `reload`: a configuration before it is in force, and how it comes to be."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import ExitCode, told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, EvenSoOption, JsonOption, SocketOption, connect
from understudy.cli.screen import console, errors, print_json, problem_line, warn
from understudy.config.plan import Action
from understudy.config.yaml_reader import read
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem, ProblemSeverity
from understudy.model.plural import plural
from understudy.service.reports.present import present_problem
from understudy.service.reports.view import View
from understudy.service.reports.views import PlanRequest, PlanView, ProblemView, ReloadRequest


class CheckView(View):
    """What `check` found. `is_valid`: no errors, and with `is_strict` no warnings either."""

    file: str
    is_valid: bool
    is_strict: bool
    errors: int
    warnings: int
    problems: list[ProblemView]
    zones: int
    records: int
    endpoints: int


def check(
    *,
    is_strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.", show_default=False)] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Check the configuration and its zones: problems as file:line:column. Exits 1 with errors, not for warnings."""
    from understudy.cli.loading import read_with_progress  # every stage of a server: other commands are quicker without

    try:
        candidate = read_with_progress(config, time.time())
    except ConfigError as error:
        view = _check_view(config, error.problems, None)
    else:
        view = _check_view(config, candidate.findings, candidate.configuration)
    if is_strict:
        view = view.model_copy(update={"is_strict": True, "is_valid": not view.problems})
    _show_check(view, as_json=as_json)
    if not view.is_valid:
        raise typer.Exit(ExitCode.PROBLEMS)


def _check_view(config: Path, problems: Sequence[Problem], configuration: Configuration | None) -> CheckView:
    """Of a file without a `configuration` nothing is counted but its problems."""
    counts = Counter(problem.severity for problem in problems)
    pools = () if configuration is None else configuration.pools.values()
    return CheckView(
        file=str(config),
        is_valid=not counts[ProblemSeverity.ERROR],
        is_strict=False,
        errors=counts[ProblemSeverity.ERROR],
        warnings=counts[ProblemSeverity.WARNING],
        problems=[present_problem(problem) for problem in problems],
        zones=0 if configuration is None else len(configuration.zones),
        records=0 if configuration is None else len(configuration.records),
        endpoints=len({member.endpoint for pool in pools for member in pool.members}),
    )


def _show_check(view: CheckView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    for problem in view.problems:
        errors.print(problem_line(problem), soft_wrap=True)
    warnings = Text(plural(view.warnings, "warning"), "yellow") if view.warnings else Text()
    if not view.is_valid:
        found = [Text(plural(view.errors, "problem"), "bold red")] if view.errors else []
        said = Text(", ").join([*found, *([warnings] if view.warnings else [])]).append(f" in {view.file}", "default")
        errors.print(said.append("" if view.errors else ", refused by --strict"), soft_wrap=True)
        return
    parts = (plural(view.zones, "zone"), plural(view.records, "steered record"), plural(view.endpoints, "endpoint"))
    word = "can be used" if view.warnings else "is fine"
    line = Text.assemble((f"{view.file} {word}", "green"), f": {', '.join(parts)}{'; ' if view.warnings else ''}")
    console.print(line.append_text(warnings), soft_wrap=True)


def plan(
    context: typer.Context,
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    socket: SocketOption = None,
) -> None:
    """Show what a configuration would change if it stood in the running server's file. Changes nothing.

    With -c: that file, which need not be the server's; its paths start at the folder of the server's.
    """
    with told(as_json=as_json):
        request = PlanRequest(text=read(config).text, file=str(config)) if _is_named(context) else None
        show_plan(connect(config, socket).post("/plan", PlanView, request), as_json=as_json)


def _is_named(context: typer.Context) -> bool:
    """Whether the operator named a configuration."""
    source = context.get_parameter_source("config")
    return source is not None and source.name != "DEFAULT"


def reload(
    context: typer.Context,
    *,
    even_so: EvenSoOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    socket: SocketOption = None,
) -> None:
    """Make the running server read its configuration again, as SIGHUP does, and show what changed."""
    file = os.path.realpath(config) if _is_named(context) else ""
    request = ReloadRequest(author=author(), is_forced=even_so, file=file)
    with told(as_json=as_json):
        view = connect(config, socket).post("/reload", PlanView, request)
        in_force = "nothing changes: what the file says is in force already"
        show_plan(view, as_json=as_json, nothing="nothing changes" if view.consequences else in_force)


def show_plan(view: PlanView, *, as_json: bool, nothing: str = "nothing changes") -> None:
    """A plan, or what was applied."""
    if as_json:
        print_json(view)
        return
    for problem in view.warnings:
        errors.print(problem_line(problem), soft_wrap=True)
    marks = {Action.ADD: ("+", "green"), Action.CHANGE: ("~", "yellow"), Action.REMOVE: ("-", "red")}
    for change in view.changes:
        mark, style = marks[Action(change.action)]
        line = Text.assemble((f"{mark} {change.kind} ", style), (change.label, "bold"))
        line.append(f"  {change.text}", "dim")
        console.print(line, soft_wrap=True)
    for text in view.consequences:
        console.print(Text(f"  {text}", "dim"), soft_wrap=True)
    done = "applied" if view.is_applied else "would be made"
    console.print(f"{plural(len(view.changes), 'change')} {done}" if view.changes else nothing)
    warn(view.warning)
