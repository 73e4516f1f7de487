"""`understudy zone`: the zones that are served."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from understudy.cli.exit import told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, SocketOption, connect
from understudy.cli.screen import STYLES, ago, clock_time, console, painted, print_json, show
from understudy.cli.sheet import Column, Sheet
from understudy.model.errors import UnderstudyError
from understudy.service.reports.view import View
from understudy.service.reports.views import StatusView
from understudy.service.reports.zone_views import SecondaryView, UpstreamView, ZoneView

zone = typer.Typer(name="zone", help="The zones that are served.", no_args_is_help=True)


_COLUMNS = (
    Column("zone"),
    Column("source", importance=4),
    Column("serial"),
    Column("records", importance=5, is_right=True),
    Column("names", importance=2, is_right=True),
    Column("steered", importance=3, is_right=True),
    Column("loaded", importance=1),
    Column("state", is_prose=True),
)


class ExportView(View):
    """A zone as a master file."""

    name: str
    text: str


NameArgument = Annotated[str, typer.Argument(help="The zone.")]


def zone_state(view: ZoneView) -> Text:
    """How it stands, in a word or two."""
    if view.problem:
        return Text("not served" if view.serial is None else "last good version", "red")
    if view.upstream is not None and view.upstream.promotion is not None:
        return Text("promoted: follows no primary", "bold yellow")
    return Text("serving", "green")


def upstream_state(upstream: UpstreamView, now: float) -> Text:
    """How a zone from other servers stands: when its primaries were and will be asked, and what went wrong."""
    state = Text("nothing fetched yet", STYLES["empty"]) if upstream.standing == "empty" else painted(upstream.standing)
    if upstream.refreshed_at is not None:
        state.append(f", refreshed {ago(upstream.refreshed_at, now)} ago", "dim")
    if upstream.due_at is not None:
        is_later = upstream.due_at > now
        state.append(f", asked again in {ago(now, upstream.due_at)}" if is_later else ", being asked", "dim")
    if upstream.expires_at is not None and upstream.expires_at > now:
        state.append(f", expires in {ago(now, upstream.expires_at)}", "dim")
    if upstream.problem:
        state.append(f", {upstream.problem}", "yellow")
    if upstream.disk_problem:
        state.append(f", not on disk: {upstream.disk_problem}", "yellow")
    return state


@zone.command("list")
def list_zones(
    *, as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG, socket: SocketOption = None
) -> None:
    """List every zone with its serial."""
    with told(as_json=as_json):
        zones = connect(config, socket).get("/zones", list[ZoneView])
        if as_json:
            print_json(zones)
            return
        sheet = Sheet(_COLUMNS)
        for view in zones:
            state = zone_state(view)
            counts = (f"{view.records:,}", f"{view.names:,}", f"{view.steered:,}")
            loaded = "" if view.loaded_at is None else clock_time(view.loaded_at)
            serial = "" if view.serial is None else str(view.serial)
            sheet.add(view.name, view.source, serial, *counts, loaded, state)
        show(sheet)


@zone.command("show")
def show_zone(
    name: NameArgument,
    *,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Show one zone and the records steered in it."""
    with told(as_json=as_json):
        client = connect(config, socket)
        view = client.get("/zone", ZoneView, {"name": name})
        if as_json:
            print_json(view)
            return
        for label, value in (
            ("zone", view.name),
            ("source", f"{view.source} {view.file}"),
            ("serial", "none" if view.serial is None else str(view.serial)),
            ("content", f"{view.records:,} records at {view.names:,} names"),
            ("loaded", "never" if view.loaded_at is None else clock_time(view.loaded_at)),
        ):
            console.print(Text.assemble((f"{label:<9}", "dim"), value), soft_wrap=True)
        promotion = None if view.upstream is None else view.upstream.promotion
        if promotion is not None:
            why = f"by {promotion.author} at {clock_time(promotion.at)}: {promotion.reason or 'no reason given'}"
            console.print(Text.assemble((f"{'promoted':<9}", "dim"), (why, "yellow")), soft_wrap=True)
        if view.problem:
            console.print(Text.assemble((f"{'problem':<9}", "dim"), (view.problem, "red")), soft_wrap=True)
        status = client.get("/status", StatusView, {"name": view.name})
        if view.upstream is not None:
            console.print(_from(view.upstream, status.server.now), soft_wrap=True)
        for line in _handed_on(view):
            console.print(line, soft_wrap=True)
        for record in status.records:
            decisions = [] if record.unserved else record.decisions
            answers = ", ".join(share.endpoint for decision in decisions for share in decision.answers)
            line = Text.assemble((f"{'steered':<9}", "dim"), (record.name, "bold"), f" → {answers or 'nothing'}")
            console.print(line, soft_wrap=True)


def _from(upstream: UpstreamView, now: float) -> Text:
    """Which primary gave the version that was fetched last, else who may."""
    line = Text.assemble((f"{'from':<9}", "dim"), (upstream.primary or ", ".join(upstream.primaries), "bold"), " ")
    if upstream.serial is not None:
        line.append(f"serial {upstream.serial}, ")
    return line.append_text(upstream_state(upstream, now))


def _handed_on(view: ZoneView) -> Iterator[Text]:
    """Who is told of the zone's versions, and who was refused them."""
    for secondary in view.secondaries:
        line = Text.assemble((f"{'told':<9}", "dim"), (secondary.server, "bold"), " ")
        yield line.append_text(_acknowledged(secondary))
    for refusal in view.refusals:
        key = f" with the key {refusal.key}" if refusal.key else " without a key"
        line = Text.assemble((f"{'refused':<9}", "dim"), (refusal.client, "bold"), key)
        yield line.append(f" at {clock_time(refusal.at)}: {refusal.why}", "yellow")


def _acknowledged(secondary: SecondaryView) -> Text:
    """Which serial it knows of and since when, and what became of a newer one."""
    text = Text("knows of none yet", "yellow")
    if secondary.serial is not None and secondary.acknowledged_at is not None:
        text = Text(f"knows of serial {secondary.serial} since {clock_time(secondary.acknowledged_at)}")
    if secondary.is_pending:
        text.append(", has not acknowledged the newest", "yellow")
    if secondary.problem:
        text.append(f", {secondary.problem}", "yellow")
    return text


@zone.command("export")
def export(
    name: NameArgument,
    *,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Into a file.", show_default=False)] = None,
    is_bare: Annotated[
        bool,
        typer.Option("--without-records", help="Only the zone's own data, for this program.", show_default=False),
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Write a zone as a master file, steered records as what they answer now."""
    with told(as_json=as_json):
        text = connect(config, socket).text("/export", {"name": name, "records": "false" if is_bare else "true"})
        if output is not None:
            _write(output, text)
        elif as_json:
            print_json(ExportView(name=name, text=text))
        else:
            sys.stdout.write(text)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror or error}"
        raise UnderstudyError(message, hint="give another path with -o", code="export.file") from None
