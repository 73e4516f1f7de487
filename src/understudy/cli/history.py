"""`understudy events`: what happened."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from understudy.cli.exit import told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, SocketOption, connect
from understudy.cli.screen import STYLES, clock_time, console, errors, print_json, print_json_line
from understudy.model.event import EventKind
from understudy.service.reports.views import EventView


def events(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many.")] = 50,
    kind: Annotated[list[EventKind], typer.Option("--kind", help="Only this kind; may be repeated.")] = [],  # noqa: B006  # typer copies it
    subject: Annotated[str, typer.Option("--subject", help="Only about this.", show_default=False)] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Show the history, oldest first. With --json and --follow, one document a line."""
    asked = {"limit": limit, "kind": [each.value for each in kind] or None, "subject": subject}
    with told(as_json=as_json):
        client = connect(config, socket)
        past = client.get("/events", list[EventView], asked)
        if as_json and not follow:
            print_json(past)
        else:
            for event in past:
                _show(event, as_json=as_json)
        if follow:
            last = past[-1].sequence if past else 0
            for event in client.follow({**asked, "after": last}):
                _show(event, as_json=as_json)
            errors.print("the server has left", style="dim")


def _show(event: EventView, *, as_json: bool) -> None:
    if as_json:
        print_json_line(event)
        return
    line = Text(clock_time(event.at), "dim")
    line.append(f"  {event.kind:<13}", STYLES.get(event.severity, "") if event.severity != "info" else "cyan")
    line.append(f"  {event.subject}", "bold")
    line.append(f"  {event.text}")
    console.print(line, soft_wrap=True)
