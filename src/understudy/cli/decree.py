"""`understudy drain`, `force`, `freeze` and `release`: what an operator decrees."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import told
from understudy.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    EvenSoOption,
    ForOption,
    JsonOption,
    ReasonOption,
    SocketOption,
    connect,
    duration_option,
)
from understudy.cli.screen import console, print_json, warn, zoned_time
from understudy.model.override import OverrideKind
from understudy.service.reports.views import OverrideRequest, OverrideView, ReleaseRequest, ReleaseView

ForcedArgument = Annotated[str, typer.Argument(metavar="ENDPOINT|POOL", help="What is forced.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="ENDPOINT|POOL", help="What to take out.")]
InOption = Annotated[str, typer.Option("--in", metavar="RECORD", help="In this record only.", show_default=False)]


class Direction(StrEnum):
    """What to force."""

    UP = "up"
    DOWN = "down"


def drain(
    subject: SubjectArgument,
    *,
    record: InOption = "",
    reason: ReasonOption = "",
    lasting: ForOption = "4h",
    even_so: EvenSoOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Take an endpoint or a pool out of new answers, planned."""
    request = _request(OverrideKind.DRAIN, subject, reason, lasting=lasting)
    request = request.model_copy(update={"record": record, "is_forced": even_so})
    with told(as_json=as_json):
        _show(connect(config, socket).post("/overrides", OverrideView, request), as_json=as_json)


def force(
    direction: Annotated[Direction, typer.Argument(metavar="up|down", help="What to take it for.")],
    subject: ForcedArgument,
    *,
    record: InOption = "",
    reason: ReasonOption = "",
    lasting: ForOption = "4h",
    even_so: EvenSoOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Take an endpoint or a pool for up or down, whatever the checks say."""
    kind = OverrideKind.FORCE_UP if direction is Direction.UP else OverrideKind.FORCE_DOWN
    request = _request(kind, subject, reason, lasting=lasting)
    request = request.model_copy(update={"record": record, "is_forced": even_so})
    with told(as_json=as_json):
        _show(connect(config, socket).post("/overrides", OverrideView, request), as_json=as_json)


def freeze(
    record: Annotated[str, typer.Argument(metavar="[RECORD]", help="This record; everything if not given.")] = "",
    *,
    reason: ReasonOption = "",
    lasting: ForOption = "4h",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Stop automatic changes; serving goes on with the answers of this moment."""
    request = _request(OverrideKind.FREEZE, record, reason, lasting=lasting)
    with told(as_json=as_json):
        _show(connect(config, socket).post("/overrides", OverrideView, request), as_json=as_json)


def release(
    subject: Annotated[
        str, typer.Argument(metavar="[ENDPOINT|POOL|RECORD]", help="Whose; a freeze of everything if not given.")
    ] = "",
    *,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """End overrides; with `failback: manual`, let the endpoint return."""
    request = ReleaseRequest(subject=subject, reason=reason, author=author())
    with told(as_json=as_json):
        view = connect(config, socket).post("/release", ReleaseView, request)
        if as_json:
            print_json(view)
            return
        for override in view.overrides:
            console.print(Text.assemble(("released ", "green"), f"{override.kind} {override.subject}"))
        for endpoint in view.returned:
            console.print(Text.assemble(("may return ", "green"), endpoint))
        warn(view.warning)


def _request(kind: OverrideKind, subject: str, reason: str, *, lasting: str) -> OverrideRequest:
    duration_s = duration_option(lasting)
    return OverrideRequest(
        kind=kind.value,
        subject=subject,
        reason=reason,
        author=author(),
        duration_s=duration_s,
    )


def _show(view: OverrideView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    until = "until released" if view.expires_at is None else f"until {zoned_time(view.expires_at)}"
    console.print(Text.assemble((f"{view.kind} ", "bold magenta"), f"{view.subject} ", (until, "dim")))
    named = "" if view.subject == "everything" else f" {view.subject.split()[0]}"
    console.print(Text(f"  undo: understudy release{named}", "dim"))
    if view.note:
        console.print(Text(f"  {view.note}", "yellow"), soft_wrap=True)
    warn(view.warning)
