"""`understudy check` and `plan`: a configuration before it is in force."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import ExitCode, told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, EvenSoOption, JsonOption, SocketOption, connect
from understudy.cli.screen import console, errors, plural, print_json, problem_line, warn
from understudy.config.plan import Action
from understudy.model.errors import ConfigError
from understudy.service.present import present_problem
from understudy.service.view import View
from understudy.service.views import PlanView, ProblemView, ReloadRequest

if TYPE_CHECKING:
    from understudy.service.candidate import Candidate


class CheckView(View):
    """What `check` found."""

    file: str
    is_valid: bool
    problems: list[ProblemView]
    zones: int
    records: int
    endpoints: int


def check(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check the configuration and its zones. Exits 1 with every problem as file:line:column."""
    from understudy.cli.loading import read_with_progress  # every stage of a server: other commands are quicker without

    try:
        candidate = read_with_progress(config, time.time())
    except ConfigError as error:
        view = CheckView(
            file=str(config),
            is_valid=False,
            problems=[present_problem(problem) for problem in error.problems],
            zones=0,
            records=0,
            endpoints=0,
        )
    else:
        view = _check_view(config, candidate)
    _show_check(view, as_json=as_json)
    if not view.is_valid:
        raise typer.Exit(ExitCode.PROBLEMS)


def _check_view(config: Path, candidate: Candidate) -> CheckView:
    configuration = candidate.configuration
    endpoints = {member.endpoint for pool in configuration.pools.values() for member in pool.members}
    return CheckView(
        file=str(config),
        is_valid=not candidate.problems,
        problems=[present_problem(problem) for problem in candidate.findings],
        zones=len(configuration.zones),
        records=len(configuration.records),
        endpoints=len(endpoints),
    )


def _show_check(view: CheckView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    for problem in view.problems:
        errors.print(problem_line(problem), soft_wrap=True)
    count = sum(problem.severity == "error" for problem in view.problems)
    if count:
        errors.print(Text.assemble((plural(count, "problem"), "bold red"), f" in {view.file}"), soft_wrap=True)
        return
    parts = (plural(view.zones, "zone"), plural(view.records, "steered record"), plural(view.endpoints, "endpoint"))
    console.print(Text.assemble((f"{view.file} is fine", "green"), f": {', '.join(parts)}"), soft_wrap=True)


def plan(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False, socket: SocketOption = None) -> None:
    """Show what a reload would change in the running server, before it does. Changes nothing."""
    with told(as_json=as_json):
        show_plan(connect(config, socket).post("/plan", PlanView), as_json=as_json)


def reload(
    *,
    even_so: EvenSoOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    socket: SocketOption = None,
) -> None:
    """Make the running server read its configuration again, as SIGHUP does, and show what changed."""
    request = ReloadRequest(author=author(), is_forced=even_so)
    with told(as_json=as_json):
        show_plan(connect(config, socket).post("/reload", PlanView, request), as_json=as_json)


def show_plan(view: PlanView, *, as_json: bool) -> None:
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
    console.print(f"{plural(len(view.changes), 'change')} {done}" if view.changes else "nothing changes")
    warn(view.warning)
