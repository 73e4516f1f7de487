"""The terminal: one look for every command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, TypeAdapter
from rich.console import Console, RenderableType
from rich.text import Text

from understudy.model.duration import format_duration
from understudy.model.instant import Instant
from understudy.model.plural import plural
from understudy.service.reports.views import ProblemView

WIDE = 10_000  # chosen: no line is that long, so what goes into a file or a pipe is never folded

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

STYLES = {
    "up": "green",
    "eligible": "green",
    "pass": "green",
    "normal": "green",
    "down": "bold red",
    "fail": "bold red",
    "fail_open": "bold red",
    "servfail": "bold red",
    "nodata": "bold red",
    "unknown": "yellow",
    "suspect": "yellow",
    "recovering": "yellow",
    "waiting": "yellow",
    "degraded": "yellow",
    "inconclusive": "yellow",
    "fallback": "yellow",
    "last_healthy": "yellow",
    "taken_out": "magenta",
    "held": "yellow",
    "unmonitored": "dim",
    "current": "green",
    "promoted": "bold yellow",
    "retrying": "yellow",
    "empty": "bold red",
    "expired": "bold red",
    "ok": "green",
    "unreachable": "bold red",
    "lame": "bold red",
    "no udp": "bold red",
    "no tcp": "bold red",
    "ahead": "bold red",
    "behind": "bold red",
    "differs": "bold red",
    "info": "dim",
    "warning": "yellow",
    "alarm": "bold red",
}
MARKS = {"up": "●", "down": "○", "unknown": "?", "suspect": "◐", "recovering": "◔"}
SECOND_THAT_MATTERS = 10.0
YEAR_S = 365.25 * 86400
YEARS_MIN = 2  # chosen: nobody counts so many in days


def show(page: RenderableType) -> None:
    """Print a page of a command's answer: folded to a terminal's width, whole into a file or a pipe."""
    if console.is_terminal:
        console.print(page)
        return
    columns = os.environ.get("COLUMNS", "")
    target = Console(highlight=False, width=int(columns) if columns.isdecimal() else WIDE)
    with target.capture() as captured:
        target.print(page)
    sys.stdout.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))


def warn(text: str) -> None:
    """Something that the reader should know beside the answer."""
    if text:
        errors.print(Text.assemble(("warning: ", "yellow"), text), soft_wrap=True)


def painted(word: str) -> Text:
    """A word of the vocabulary in its colour."""
    return Text(word, STYLES.get(word, ""))


def marked(state: str) -> Text:
    """A state with its mark, so that it can be told without colour."""
    return Text(f"{MARKS.get(state, ' ')} {state}", STYLES.get(state, ""))


def clock_time(instant: Instant) -> str:
    """Civil time in this terminal's zone, to the second."""
    return datetime.fromtimestamp(instant, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def zoned_time(instant: Instant) -> str:
    """The same with the zone's name, where a moment stands alone."""
    return f"{clock_time(instant)} {datetime.fromtimestamp(instant, UTC).astimezone():%Z}"


def ago(instant: Instant, now: Instant) -> str:
    """How long ago, in two units at most: `1m30s`, `4h`, `350ms`, `68 years`."""
    return rounded(max(0.0, now - instant))


def rounded(seconds: float) -> str:
    """A duration as precisely as it matters."""
    if seconds >= YEARS_MIN * YEAR_S:
        return plural(int(seconds // YEAR_S), "year")
    if seconds < 1:
        return format_duration(round(seconds, 2))
    if seconds < SECOND_THAT_MATTERS:
        return f"{seconds:.1f}s".replace(".0s", "s")
    for unit_s in (60.0, 3600.0, 86400.0):
        if seconds < unit_s * 60:
            break
    step_s = {60.0: 1.0, 3600.0: 60.0}.get(unit_s, 3600.0)
    return format_duration(seconds // step_s * step_s)


def problem_line(problem: ProblemView) -> Text:
    """`file:line:column: code: message (hint)`; with `warning:` before the code of what refuses nothing."""
    is_error = problem.severity == "error"
    style = "red" if is_error else "yellow"
    line = Text(f"{problem.file}:{problem.line}:{problem.column}: ", "bold")
    line.append("" if is_error else "warning: ", style)
    line.append(problem.code, style)
    line.append(f": {problem.message}")
    if problem.hint:
        line.append(f" ({problem.hint})", "dim")
    return line


def print_json(document: BaseModel | Sequence[BaseModel]) -> None:
    """One JSON document on standard output, without colour, whatever the terminal."""
    adapter: TypeAdapter[object] = TypeAdapter(object)
    plain = (
        document.model_dump(mode="json")
        if isinstance(document, BaseModel)
        else [each.model_dump(mode="json") for each in document]
    )
    sys.stdout.write(adapter.dump_json(plain, indent=2).decode() + "\n")


def print_json_line(document: BaseModel) -> None:
    """One document on one line, for streams."""
    sys.stdout.write(document.model_dump_json() + "\n")
    sys.stdout.flush()
