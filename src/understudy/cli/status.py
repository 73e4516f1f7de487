"""`understudy status`: everything at one glance."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Annotated, NoReturn

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from understudy.cli.exit import ExitCode, told
from understudy.cli.hanging import Hanging
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, SocketOption, connect
from understudy.cli.screen import (
    STYLES,
    ago,
    console,
    marked,
    painted,
    print_json,
    print_json_line,
    rounded,
    show,
)
from understudy.cli.sheet import Column, Sheet
from understudy.cli.zone import upstream_state, zone_state
from understudy.model.plural import plural
from understudy.service.reports.views import (
    DecisionView,
    EndpointView,
    RecordView,
    ServerView,
    ShareView,
    StandingView,
    StatusView,
    TotalsView,
)
from understudy.service.reports.zone_views import NamedServerView, SecondaryView, UpstreamView
from understudy.telemetry.turned_away import LOSSES

WATCH_S = 1.0
INDENT = 2
ALARMS_MAX = 20  # chosen: where everything fails at once, the first ones say it
RECORDS_MAX = 50  # chosen: what a person still scrolls through; of more, only those that need a look are shown


def status(
    name: Annotated[str, typer.Argument(help="A record, endpoint or zone; all of them if not given.")] = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing, once a second.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every record, however many there are.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Show records, endpoints, verdicts and zones. Exits 1 while an alarm is in force."""
    with told(as_json=as_json):
        client = connect(config, socket)
        ask = {"name": name, "most": None if every or as_json else RECORDS_MAX}
        if watch:
            _watch(lambda: client.get("/status", StatusView, ask), as_json=as_json)
        view = client.get("/status", StatusView, ask)
        if as_json:
            print_json(view)
        else:
            show(render(view, every=every))
    if view.alarms:
        raise typer.Exit(ExitCode.PROBLEMS)


def _watch(ask: Callable[[], StatusView], *, as_json: bool) -> NoReturn:
    """Show again and again until interrupted."""
    if as_json:
        while True:
            print_json_line(ask())
            time.sleep(WATCH_S)
    if not console.is_terminal:
        while True:
            show(render(ask()))
            time.sleep(WATCH_S)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(render(ask()), refresh=True)
            time.sleep(WATCH_S)


def render(view: StatusView, *, every: bool = False) -> RenderableType:
    """The whole page; `every` alarm, however many there are."""
    return Group(*_sections(view, len(view.alarms) if every else ALARMS_MAX))


def _sections(view: StatusView, alarms_max: int) -> Iterator[RenderableType]:
    yield from _heading(view.server)
    if view.totals.records > RECORDS_MAX:
        yield from _summary(view.totals)
    alarms = sorted(view.alarms, key=lambda alarm: alarm.key.startswith("record/"))  # what concerns all comes first
    for alarm in alarms[:alarms_max]:
        since = (f"  since {ago(alarm.since, view.server.now)}", "dim")
        yield Hanging(Text.assemble(("  ▲ ", "bold red"), alarm.text, since))
    if len(view.alarms) > alarms_max:
        yield Text(f"  ▲ and {plural(len(view.alarms) - alarms_max, 'alarm')} more; --all shows them", "bold red")
    for record in view.records:
        yield Text()
        yield Hanging(_record_title(record))
        yield _record_sheet(record, view.server.now)
    for endpoint in view.endpoints if len(view.records) <= 1 else ():
        yield Text()
        yield _endpoint(endpoint, view.server.now)
    if view.overrides:
        yield Text()
        yield _overrides(view)
    if view.zones:
        yield Text()
        yield _zones(view)


def _heading(server: ServerView) -> Iterator[RenderableType]:
    line = Text.assemble(("understudy", "bold"), f" {server.version}  ")
    line.append(", ".join(server.listen), "cyan")
    line.append(
        f"  up {ago(server.started_at, server.now)}, {server.queries:,} queries, generation {server.generation}", "dim"
    )
    if server.state != "serving":
        line.append(f"  {server.state}", "yellow")
    yield Hanging(line)
    if server.turned_away:
        lost = (f"{count:,} {LOSSES.get(key, key)}" for key, count in server.turned_away.items())
        yield Hanging(Text(f"  since the start: {', '.join(lost)}", "yellow"))


def _summary(totals: TotalsView) -> Iterator[Text]:
    """How much there is, where it is too much for a look at each."""
    answers = ", ".join(f"{count:,} {mode}" for mode, count in sorted(totals.modes.items()))
    endpoints = ", ".join(f"{count:,} {state}" for state, count in sorted(totals.endpoints.items()))
    yield Text(f"  {plural(totals.records, 'record')}; answers: {answers or 'none'}; endpoints: {endpoints or 'none'}")
    if totals.records_shown < totals.records:
        shown = f"of these {totals.records_shown:,} are shown that need a look" if totals.records_shown else "all well"
        yield Text(f"  {shown}; a NAME shows one record, --all every one", "dim")


def _record_title(record: RecordView) -> Text:
    line = Text.assemble((record.name, "bold"), (f"  {record.policy}", "dim"))
    if record.requirement:
        line.append(f", checked by {record.requirement}", "dim")
    answered = sum(record.answered.values())
    if answered:
        line.append(f", {answered:,} answered", "dim")
    if record.unserved:
        line.append(f"\n  not answered: the zone {record.zone} is not served, {record.unserved}", "red")
    for decision in record.decisions:
        line.append(f"\n  {decision.family:<5} {'would be' if record.unserved else '→'} ", "dim")
        line.append(_answers(decision.answers) or "nothing", _weight(record, decision))
        line.append(f"  ttl {decision.ttl_s}  ", "dim")
        line.append_text(painted(decision.mode))
    for override in (each for each in record.overrides if each.subject != "everything"):
        line.append(f"\n  {override.kind} {override.subject}", "magenta")
        line.append(f" by {override.author}: {override.reason or 'no reason given'}", "dim")
    return line


def _weight(record: RecordView, decision: DecisionView) -> str:
    if record.unserved:
        return "dim"
    return "bold" if decision.answers else "red"


def _answers(answers: list[ShareView]) -> str:
    return ", ".join(
        share.endpoint if share.share == 1 else f"{share.endpoint} ({share.share:.0%})" for share in answers
    )


def _record_sheet(record: RecordView, now: float) -> Sheet:
    columns = ("tier", "endpoint", "health")
    sheet = Sheet(
        [*map(Column, columns), Column("standing", is_prose=True), Column("why", is_prose=True)], indent=INDENT
    )
    for tier in record.tiers:
        for position, standing in enumerate(tier.endpoints):
            sheet.add(tier.label if position == 0 else "", *_standing(standing, now))
    return sheet


def _standing(standing: StandingView, now: float) -> tuple[Text, ...]:
    endpoint = Text(standing.endpoint, "bold" if standing.is_answered else "")
    if standing.weight != 1:
        endpoint.append(f"  weight {standing.weight}", "dim")
    where = painted(standing.standing)
    if standing.is_answered:
        where = Text("→ answered", "bold green")
    if standing.due is not None and standing.due > now:
        where.append(f", {rounded(standing.due - now)} to go", "dim")
    return endpoint, _health(standing.state, standing.flags), where, Text(_why(standing), "dim")


def _why(standing: StandingView) -> str:
    """The first reason, where there is one to give: that a healthy endpoint may be handed out needs none."""
    if standing.standing == "eligible" and standing.state == "up" and not standing.flags:
        return ""
    return standing.why.partition("; ")[0]


def _health(state: str, flags: list[str]) -> Text:
    shown = next((flag for flag in ("suspect", "recovering", "unmonitored") if flag in flags), state)
    text = marked(shown)
    if "held" in flags:
        text.append(" held", STYLES["held"])
    return text


def _endpoint(endpoint: EndpointView, now: float) -> RenderableType:
    title = Text.assemble((endpoint.endpoint, "bold"), "  ")
    title.append_text(_health(endpoint.state, endpoint.flags))
    title.append(f"  for {ago(endpoint.since, now)}", "dim")
    if endpoint.falls:
        title.append(f", went down {plural(len(endpoint.falls), 'time')} in the last 30 min", "yellow")
    probed = (Column("last probe", is_prose=True), Column("phases", importance=1, is_prose=True))
    if not endpoint.verdicts:
        return title
    columns = (Column("monitor"), Column("check", is_prose=True), Column("verdict"), *probed)
    sheet = Sheet(columns, indent=INDENT)
    for verdict in endpoint.verdicts:
        state = marked(verdict.state)
        if verdict.count:
            state.append(f" {verdict.count}/{verdict.needed}")
        last = verdict.last
        seen = painted(last.outcome) if last else Text("none yet", "dim")
        if last:
            seen.append(f" {ago(last.at, now)} ago  {last.text}", "dim")
        phases = "  ".join(f"{phase.name} {phase.duration_ms:.1f} ms" for phase in last.phases) if last else ""
        sheet.add(verdict.monitor, verdict.check, state, seen, Text(phases, "dim"))
    return Group(title, sheet)


def _overrides(view: StatusView) -> Sheet:
    sheet = Sheet(
        (
            Column("override"),
            Column("subject"),
            Column("ends"),
            Column("by", importance=1),
            Column("reason", is_prose=True),
        )
    )
    for override in view.overrides:
        ends = "when released" if override.expires_at is None else f"in {ago(view.server.now, override.expires_at)}"
        sheet.add(Text(override.kind, "magenta"), override.subject, ends, override.author, override.reason)
    return sheet


def _zones(view: StatusView) -> Sheet:
    columns = (
        Column("zone"),
        Column("source", importance=2),
        Column("serial"),
        Column("records", importance=3, is_right=True),
        Column("steered", importance=1, is_right=True),
        Column("state", is_prose=True),
    )
    sheet = Sheet(columns, note_at=2)
    for zone in view.zones:
        state = Text(zone.problem, "red") if zone.problem else zone_state(zone)
        sheet.add(zone.name, zone.source, _serial(zone.serial), f"{zone.records:,}", f"{zone.steered:,}", state)
        if zone.upstream is not None:
            _note_upstream(sheet, zone.upstream, view.server.now)
        told = {secondary.server: secondary for secondary in zone.secondaries}
        for named in zone.name_servers:
            _note_name_server(sheet, named, told.pop(named.server, None), now=view.server.now)
        for secondary in told.values():
            _note_secondary(sheet, secondary, view.server.now)
    return sheet


def _serial(serial: int | None) -> str:
    return "" if serial is None else str(serial)


def _note_upstream(sheet: Sheet, upstream: UpstreamView, now: float) -> None:
    """Which primary gave what, and when they are asked next."""
    state = upstream_state(upstream, now)
    sheet.note(f"  ← {upstream.primary or ', '.join(upstream.primaries)}", _serial(upstream.serial), state)


def _note_name_server(sheet: Sheet, named: NamedServerView, told: SecondaryView | None, *, now: float) -> None:
    """Its serial, and how it stands."""
    state = Text("this server", "dim") if named.state == "self" else painted(named.state)
    if named.state != "self":
        state.append(f": {named.text}" if named.text else "", "default")
    if named.state == "unknown" and named.since is not None:
        state.append(f", since {ago(named.since, now)}", "dim")
    if named.lag_s and named.state != "behind":
        state.append(f", {rounded(named.lag_s)} behind", "yellow")
    if named.server and named.looked_at is not None:
        state.append(f", {_heard(named, named.looked_at, now=now)}", "dim")
    if told is not None and told.problem:
        state.append(f", {told.problem}", "yellow")
    sheet.note(f"  → {' '.join(filter(None, (named.name, named.server)))}", _serial(named.serial), state)


def _heard(named: NamedServerView, looked_at: float, *, now: float) -> str:
    """When it answered last; a look that found nobody has seen nothing."""
    if named.heard_at is None:
        return f"asked {ago(looked_at, now)} ago, never heard"
    return f"seen {ago(named.heard_at, now)} ago"


def _note_secondary(sheet: Sheet, secondary: SecondaryView, now: float) -> None:
    """Which serial it knows of, and since when."""
    if secondary.problem:
        state = Text(secondary.problem, "yellow")
    elif secondary.is_pending:
        state = Text("not acknowledged yet", "yellow")
    else:
        since = secondary.acknowledged_at
        state = Text("told" if since is None else f"told {ago(since, now)} ago", "green")
    sheet.note(f"  → {secondary.server}", _serial(secondary.serial), state)
