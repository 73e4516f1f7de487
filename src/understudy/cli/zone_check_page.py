"""A zone's survey and the advice on it, as a page for people and as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from understudy.cli.screen import rounded
from understudy.cli.sheet import Column, Sheet
from understudy.model.duration import format_duration
from understudy.model.plural import plural
from understudy.service.reports.view import View
from understudy.zones.advice_finding import Advice, Weight, listed
from understudy.zones.sighting import Reply
from understudy.zones.survey import Delegation, NotAsked, Survey, SurveyedServer, alike

_WEIGHTS = {Weight.ERROR: ("✗", "bold red"), Weight.WARNING: ("!", "yellow"), Weight.NOTE: ("·", "dim")}


class AdviceView(View):
    """One thing that is to be said; `weight` is error, warning or note."""

    weight: str
    code: str
    text: str
    why: str
    remedy: str


class SurveyedServerView(View):
    """One name server at one address; `udp` and `tcp` are empty, or say why there was no good answer."""

    name: str
    server: str
    serial: int | None
    udp: str
    tcp: str


class ZoneCheckView(View):
    """A zone as the world sees it. `is_fine`: there is no error, perhaps warnings.

    `ds` has the DS records of the zone above; null: not known. `primaries` are asked where nobody else has the zone.
    """

    name: str
    is_fine: bool
    is_configured: bool
    delegation: list[str]
    ds: list[str] | None
    name_servers: list[str]
    servers: list[SurveyedServerView]
    primaries: list[SurveyedServerView]
    advice: list[AdviceView]


def render(found: Survey, advice: Sequence[Advice], source: str) -> RenderableType:
    """The whole page; `source` is the configuration file that the zone stands in, or empty."""
    return Group(*_sections(found, advice, source))


def _sections(found: Survey, advice: Sequence[Advice], source: str) -> Iterator[RenderableType]:
    yield Text.assemble((str(found.origin), "bold"), (f"  {source}" if source else "  as the network has it", "dim"))
    yield Text()
    yield _facts(found)
    if found.servers or found.primaries:
        yield Text()
        yield _servers((*found.servers, *found.primaries))
    for each in advice:
        yield Text()
        yield _advice(each)
    yield Text()
    yield _summary(found, advice)


def _facts(found: Survey) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in _fact_rows(found):
        table.add_row(label, text)
    return table


def _fact_rows(found: Survey) -> Iterator[tuple[str, str]]:
    delegation = found.delegation
    if isinstance(delegation, Delegation):
        yield "delegated", f"to {listed(delegation.names)}, says {delegation.asked}"
    else:
        yield "delegated", "not known" if isinstance(delegation, NotAsked) else f"no, says {delegation.asked}"
    if found.ds is not None:
        tags = (
            f"of the key{'s' if len(found.ds.tags) > 1 else ''} {listed(found.ds.tags)}" if found.ds.texts else "none"
        )
        yield "DS", tags
    if found.ns is not None:
        yield "served by", f"{listed(found.ns.names)}, TTL {format_duration(found.ns.ttl_s)}"
    soa = found.soa
    if soa is not None:
        times = (("refresh", soa.refresh_s), ("retry", soa.retry_s), ("expire", soa.expire_s))
        shown = ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in times)
        yield "SOA", f"primary {soa.mname}, {shown}, negative answers {format_duration(soa.negative_s)}"
    for names, record in alike(found.records):
        checked = "not checked"
        if record.detect_s is not None:
            total = rounded(round(record.detect_s) + record.ttl_s)
            checked = f"a dead server is taken out within {rounded(round(record.detect_s))}, forgotten within {total}"
        yield "steered", f"{names}: TTL {format_duration(record.ttl_s)}; {checked}"


def _servers(servers: tuple[SurveyedServer, ...]) -> Sheet:
    replies = (Column("UDP", is_prose=True), Column("TCP", is_prose=True))
    sheet = Sheet((Column("name server"), Column("address"), Column("serial"), *replies))
    serials = Counter(each.sighting.serial for each in servers if each.sighting.serial is not None)
    for each in servers:
        serial = each.sighting.serial
        style = "" if len(serials) <= 1 else "yellow"
        shown = Text("" if serial is None else str(serial), style)
        sheet.add(each.name, str(each.place), shown, _reply(each.sighting.udp), _reply(each.sighting.tcp))
    return sheet


def _reply(reply: Reply) -> Text:
    return Text("✓", "green") if reply.serial is not None else Text(f"✗ {reply.problem}", "red")


def _advice(advice: Advice) -> RenderableType:
    mark, style = _WEIGHTS[advice.weight]
    title = Text.assemble((f"{mark} {advice.weight}: ", style), advice.text, (f"  [{advice.code}]", "dim"))
    rest = Group(Text(advice.why), Text.assemble(("→ ", "green"), advice.remedy))
    return Group(title, Padding(rest, (0, 0, 0, 2), expand=False))


def _summary(found: Survey, advice: Sequence[Advice]) -> Text:
    counts = Counter(each.weight for each in advice)
    parts = [plural(counts[weight], weight.value) for weight in Weight if counts[weight]]
    if counts[Weight.ERROR]:
        worst = "" if found.is_answered else f"nobody was heard to answer for {found.origin}: "
        return Text(worst + ", ".join(parts), "bold red")
    fine = Text(f"{found.origin} is fine", "green")
    return fine.append(f": {', '.join(parts)}", "default") if parts else fine


def _present_server(server: SurveyedServer) -> SurveyedServerView:
    return SurveyedServerView(
        name=server.name,
        server=str(server.place),
        serial=server.sighting.serial,
        udp=server.sighting.udp.problem,
        tcp=server.sighting.tcp.problem,
    )


def present(found: Survey, advice: Sequence[Advice]) -> ZoneCheckView:
    """The document."""
    delegation = found.delegation
    return ZoneCheckView(
        name=str(found.origin),
        is_fine=not any(each.weight is Weight.ERROR for each in advice),
        is_configured=found.is_configured,
        delegation=list(delegation.names) if isinstance(delegation, Delegation) else [],
        ds=None if found.ds is None else list(found.ds.texts),
        name_servers=list(found.ns.names) if found.ns is not None else [],
        servers=[_present_server(each) for each in found.servers],
        primaries=[_present_server(each) for each in found.primaries],
        advice=[
            AdviceView(weight=each.weight.value, code=each.code, text=each.text, why=each.why, remedy=each.remedy)
            for each in advice
        ],
    )
