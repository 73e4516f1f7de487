"""What a command leaves behind: an exit code, and one clear message where it failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.markup import escape
from rich.text import Text

from understudy.cli.screen import errors, print_json, problem_line
from understudy.model.errors import ConfigError, UnderstudyError, UnreachableError
from understudy.model.plural import plural
from understudy.service.reports.present import present_problem
from understudy.service.reports.views import ErrorView


class ExitCode(IntEnum):
    """The contract of docs/operate.md: scripts rely on it."""

    FINE = 0
    PROBLEMS = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130
    """As a shell reports SIGINT."""


class RefusedError(UnderstudyError):
    """The running server says no."""

    def __init__(self, view: ErrorView) -> None:
        super().__init__(view.message, hint=view.hint, code=view.code)
        self.view = view


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn an error of ours into its message and exit code; the one catch of a command."""
    try:
        yield
    except UnderstudyError as error:
        raise typer.Exit(tell(error, as_json=as_json)) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def tell(error: UnderstudyError, *, as_json: bool) -> ExitCode:
    """Its message; what the process ends with."""
    _print(_document(error), as_json=as_json)
    return ExitCode.UNREACHABLE if isinstance(error, UnreachableError) else ExitCode.PROBLEMS


def _print(view: ErrorView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    for problem in view.problems:
        errors.print(problem_line(problem), soft_wrap=True)
    if view.problems:
        count = sum(problem.severity == "error" for problem in view.problems)
        errors.print(Text(plural(count, "problem"), "bold red"))
        return
    errors.print(f"[bold red]error:[/] {escape(view.message)} [dim]{escape(f'[{view.code}]')}[/]", soft_wrap=True)
    if view.hint:
        errors.print(f"[yellow]hint:[/] {escape(view.hint)}", soft_wrap=True)


def _document(error: UnderstudyError) -> ErrorView:
    if isinstance(error, RefusedError):
        return error.view
    problems = [present_problem(problem) for problem in error.problems] if isinstance(error, ConfigError) else []
    return ErrorView(code=error.code, message=error.message, hint=error.hint, problems=problems)
