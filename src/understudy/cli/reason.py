"""`understudy explain`, `whatif` and `probe`: why, what if, and see for yourself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from understudy.cli.exit import ExitCode, told
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, SocketOption, connect
from understudy.cli.screen import ago, console, marked, painted, print_json, rounded, show, zoned_time
from understudy.cli.sheet import Column, Sheet
from understudy.model.duration import DurationSyntaxError, parse_duration
from understudy.model.instant import Instant
from understudy.service.reports.views import (
    DecisionView,
    EndpointView,
    ExplainView,
    ObservationView,
    ProbeRequest,
    ShareView,
    WhatIfRequest,
    WhatIfView,
)

PROBE_S = 600.0  # chosen: several leaves, each with the longest timeout that a check may have


def explain(
    name: Annotated[str, typer.Argument(help="The DNS name.")],
    rtype: Annotated[str, typer.Argument(metavar="[TYPE]", help="The record type.")] = "A",
    *,
    client: Annotated[str, typer.Option("--client", metavar="ADDR", help="As asked from there.")] = "127.0.0.1",
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="Then: 2026-11-22T10:00:00, or 15m (ago).")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Show the answer to a query, and every step that led to it."""
    moment = _moment(at) if at else None
    with told(as_json=as_json):
        asked = {"name": name, "type": rtype, "client": client, "at": moment}
        view = connect(config, socket).get("/explain", ExplainView, asked)
        if as_json:
            print_json(view)
        else:
            _show_explanation(view)


def _moment(text: str) -> Instant:
    """An ISO time, seconds since the epoch, or a duration before now."""
    now = datetime.now().astimezone()
    try:
        return now.timestamp() - parse_duration(text)
    except DurationSyntaxError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no time; write 2026-11-22T10:00:00, or how long ago: 15m", param_hint="--at"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)).timestamp()


def _show_explanation(view: ExplainView) -> None:
    moment = f" at {zoned_time(view.at)}" if view.is_replay else ""
    title = Text.assemble((f"{view.name} {view.type}", "bold"), (moment, "dim"), "  ", (view.rcode, "cyan"))
    console.print(title, soft_wrap=True)
    for line in view.answer:
        console.print(Text(f"  {line}", "bold green"), soft_wrap=True)
    for line in view.authority if not view.answer else ():
        console.print(Text(f"  {line}", "dim"), soft_wrap=True)
    console.print(Text(f"  from {view.source}", "dim"), soft_wrap=True)
    for decision in view.decisions:
        _show_steps(decision, view.at)
    for endpoint in view.endpoints:
        _show_votes(endpoint, view.at)


def _show_steps(decision: DecisionView, now: Instant) -> None:
    title = Text.assemble(f"\n{decision.family}: ", painted(decision.mode))
    title.append(f", decided {ago(decision.since, now)} ago", "dim")
    if decision.due is not None and decision.due > now:
        title.append(f", may change in {rounded(decision.due - now)}", "dim")
    console.print(title, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="cyan", justify="right")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for step in decision.steps:
        table.add_row(step.rule, step.subject, step.text)
    show(Padding(table, (0, 0, 0, 2), expand=False))


def _show_votes(endpoint: EndpointView, now: Instant) -> None:
    line = Text.assemble("\n", (endpoint.endpoint, "bold"), "  ", marked(endpoint.state))
    line.append(f" for {ago(endpoint.since, now)}  {endpoint.why}", "dim")
    console.print(line, soft_wrap=True)
    for verdict in endpoint.verdicts:
        line = Text(f"  {verdict.monitor} by {verdict.check}: ", "dim")
        line.append_text(marked(verdict.state))
        if verdict.count:
            line.append(f" {verdict.count}/{verdict.needed}")
        line.append(f", heard {ago(verdict.refreshed_at, now)} ago  {verdict.text}", "dim")
        console.print(line, soft_wrap=True)


def whatif(
    name: Annotated[str, typer.Argument(help="Only this record.")] = "",
    *,
    down: Annotated[list[str], typer.Option("--down", metavar="ENDPOINT|POOL", help="Suppose it down.")] = [],  # noqa: B006  # typer copies it
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Show what would be answered if endpoints or pools were down. Exits 1 if a record would have nothing healthy."""
    if not down and not name:
        raise typer.BadParameter("say what is supposed to be down, such as --down 192.0.2.10", param_hint="--down")
    with told(as_json=as_json):
        view = connect(config, socket).post("/whatif", WhatIfView, WhatIfRequest(down=down, name=name))
        if as_json:
            print_json(view)
        else:
            _show_whatif(view)
    if any(row.after_mode in {"fail_open", "nodata", "servfail", "last_healthy"} for row in view.rows):
        raise typer.Exit(ExitCode.PROBLEMS)


def _show_whatif(view: WhatIfView) -> None:
    console.print(Text(f"if {', '.join(view.down) or 'nothing'} were down", "dim"), soft_wrap=True)
    if not view.rows:
        console.print("no record rests on it")
        return
    answers = (Column("now", is_prose=True), Column("then", is_prose=True))
    sheet = Sheet((Column("record"), Column(""), *answers, Column("mode")))
    for row in view.rows:
        changed = row.before != row.after
        then = Text(_names(row.after), "bold" if changed else "dim")
        sheet.add(row.name, row.family, Text(_names(row.before), "dim"), then, painted(row.after_mode))
    show(sheet)


def _names(answers: list[ShareView]) -> str:
    return ", ".join(share.endpoint for share in answers) or "nothing"


def probe(
    check: Annotated[str, typer.Argument(help="A check's name, or a shorthand: tcp:443, https://host/path.")],
    endpoint: Annotated[str, typer.Argument(help="An address or a host name.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: SocketOption = None,
) -> None:
    """Run one probe from the running server and show its phases; no verdict changes. Exits 1 unless it passes."""
    with told(as_json=as_json):
        client = connect(config, socket)
        request = ProbeRequest(check=check, endpoint=endpoint)
        seen = client.post("/probe", list[ObservationView], request, timeout_s=PROBE_S)
        if as_json:
            print_json(seen)
        else:
            for observation in seen:
                _show_observation(observation)
    if any(observation.outcome != "pass" for observation in seen):
        raise typer.Exit(ExitCode.PROBLEMS)


def _show_observation(observation: ObservationView) -> None:
    line = Text.assemble((f"{observation.check} → {observation.endpoint}", "bold"), "  ", painted(observation.outcome))
    line.append(f"  {observation.reason}", "dim")
    console.print(line, soft_wrap=True)
    if observation.text:
        console.print(Text(f"  {observation.text}"), soft_wrap=True)
    longest = max((phase.duration_ms for phase in observation.phases), default=0.0) or 1.0
    for phase in observation.phases:
        bar = "█" * max(1, round(30 * phase.duration_ms / longest))
        console.print(Text.assemble(f"  {phase.name:<12}", (f"{phase.duration_ms:9.2f} ms  ", "dim"), (bar, "cyan")))
    console.print(Text(f"  {'all':<12}{observation.duration_ms:9.2f} ms", "dim"))
