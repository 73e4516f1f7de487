"""`understudy zone notify` and its like: what is asked of one zone."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, ReasonOption, SocketOption, connect
from understudy.cli.screen import console, print_json, warn
from understudy.cli.zone import NameArgument
from understudy.service.zone_views import DemoteRequest, PromoteRequest, RefreshRequest, ZoneOrderView, ZoneRequest

ASK_S = 120.0  # chosen: primaries that are dead take some seconds each, and one that is behind is fetched to compare


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
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Ask the zone's primaries for their serial now, and fetch what is newer."""
    request = RefreshRequest(name=name, reason=reason, author=author())
    with told(as_json=as_json):
        _show(connect(config, socket).post("/zone/refresh", ZoneOrderView, request), as_json=as_json)


def retransfer(
    name: NameArgument,
    *,
    is_refresh: Annotated[
        bool, typer.Option("--refresh", help="Only what is newer, as `zone refresh`.", show_default=False)
    ] = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Fetch the zone whole from its primaries now, also if its serial is not newer."""
    request = RefreshRequest(name=name, reason=reason, author=author(), is_whole=not is_refresh)
    with told(as_json=as_json):
        _show(connect(config, socket).post("/zone/refresh", ZoneOrderView, request), as_json=as_json)


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


def _show(view: ZoneOrderView, *, as_json: bool, undo: str = "") -> None:
    if as_json:
        print_json(view)
        return
    console.print(Text.assemble((f"{view.name} ", "bold"), view.text), soft_wrap=True)
    if undo:
        console.print(Text(f"  undo: {undo}", "dim"))
    warn(view.warning)
