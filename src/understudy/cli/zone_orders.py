"""`understudy zone notify` and its like: what is asked of one zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import ExitCode, told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, ReasonOption, SocketOption, connect
from understudy.cli.screen import console, errors, print_json, warn
from understudy.cli.zone import NameArgument
from understudy.service.reports.zone_views import (
    DemoteRequest,
    PromoteRequest,
    RefreshOutcome,
    RefreshRequest,
    RefreshView,
    ZoneOrderView,
    ZoneRequest,
)

if TYPE_CHECKING:
    from understudy.cli.client import Client

ANSWER_S = 30.0  # chosen: as any other request, beside the wait
REFRESH_S = 60.0  # chosen: several dead primaries, or a million records over a slow line; the server goes on after it
ASK_S = 120.0  # chosen: primaries that are dead take some seconds each, and one that is behind is fetched to compare


NoWaitOption: TypeAlias = Annotated[
    bool, typer.Option("--no-wait", help="Only have them asked; not wait for what comes of it.", show_default=False)
]


def notify(
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Tell the zone's secondaries of its version now (NOTIFY)."""
    request = ZoneRequest(name=name, reason=reason, author=author())
    with told(as_json=as_json):
        _show(connect(config, socket).post("/zone/notify", ZoneOrderView, request), as_json=as_json)


def refresh(
    name: NameArgument,
    *,
    is_quick: NoWaitOption = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Ask the zone's primaries for their serial now, and fetch what is newer. Exits 1 if that cannot be done."""
    request = RefreshRequest(name=name, reason=reason, author=author(), wait_s=0 if is_quick else REFRESH_S)
    with told(as_json=as_json):
        _refresh(connect(config, socket), request, as_json=as_json)


def retransfer(
    name: NameArgument,
    *,
    is_refresh: Annotated[
        bool, typer.Option("--refresh", help="Only what is newer, as `zone refresh`.", show_default=False)
    ] = False,
    is_quick: NoWaitOption = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Fetch the zone whole from its primaries now, also if its serial is not newer. Exits 1 if that is not done."""
    request = RefreshRequest(name=name, reason=reason, author=author(), wait_s=0 if is_quick else REFRESH_S)
    request = request.model_copy(update={"is_whole": not is_refresh})
    with told(as_json=as_json):
        _refresh(connect(config, socket), request, as_json=as_json)


def promote(
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    is_forced: Annotated[
        bool, typer.Option("--even-so", help="Also while a primary answers.", show_default=False)
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Make the copy of a zone whose primary is lost the primary, until it is demoted."""
    request = PromoteRequest(name=name, reason=reason, author=author(), is_forced=is_forced)
    with told(as_json=as_json):
        view = connect(config, socket).post("/zone/promote", ZoneOrderView, request, timeout_s=ASK_S)
        _show(view, as_json=as_json, undo=f"understudy zone demote {view.name}")


def demote(
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    is_primary_taken: Annotated[
        bool,
        typer.Option(
            "--take-primary", help="Take its version, also if that is older or another one.", show_default=False
        ),
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Follow the primaries of a promoted zone again."""
    request = DemoteRequest(name=name, reason=reason, author=author(), is_primary_taken=is_primary_taken)
    with told(as_json=as_json):
        view = connect(config, socket).post("/zone/demote", ZoneOrderView, request, timeout_s=ASK_S)
        _show(view, as_json=as_json)


def _refresh(client: Client, request: RefreshRequest, *, as_json: bool) -> None:
    """Have it done; a terminal is shown that it is waited for."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        what = "is fetched whole" if request.is_whole else "is asked for at its primaries"
        progress.add_task(f"{request.name} {what}", total=None)
        view = client.post("/zone/refresh", RefreshView, request, timeout_s=request.wait_s + ANSWER_S)
    _show(view, as_json=as_json)
    if view.outcome in {RefreshOutcome.FAILED, RefreshOutcome.PENDING}:
        raise typer.Exit(ExitCode.PROBLEMS)


def _show(view: ZoneOrderView, *, as_json: bool, undo: str = "") -> None:
    if as_json:
        print_json(view)
        return
    console.print(Text.assemble((f"{view.name} ", "bold"), view.text), soft_wrap=True)
    if undo:
        console.print(Text(f"  undo: {undo}", "dim"))
    warn(view.warning)
