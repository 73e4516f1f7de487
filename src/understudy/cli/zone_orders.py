"""`understudy zone notify` and its like: what is asked of one zone."""

from __future__ import annotations

from rich.text import Text

from understudy.cli.author import author
from understudy.cli.exit import told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, ReasonOption, SocketOption, connect
from understudy.cli.screen import console, print_json, warn
from understudy.cli.zone import NameArgument
from understudy.service.zone_views import ZoneOrderView, ZoneRequest


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


def _show(view: ZoneOrderView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    console.print(Text.assemble((f"{view.name} ", "bold"), view.text), soft_wrap=True)
    warn(view.warning)
