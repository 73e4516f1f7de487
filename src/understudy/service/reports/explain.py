"""Why a query gets the answer that it gets."""

from __future__ import annotations

from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from understudy.model.decision import Decision
from understudy.model.endpoint import Endpoint, Family
from understudy.model.errors import NotFoundError
from understudy.model.health import HealthKey
from understudy.model.name import Name, NameSyntaxError
from understudy.model.record import Record
from understudy.service.name_server import NameServer
from understudy.service.operations import ExplainQuestion
from understudy.service.reports.present import present_decision
from understudy.service.reports.record_report import report_endpoint, report_tiers
from understudy.service.reports.replay import replay
from understudy.service.reports.views import ExplainView
from understudy.service.reports.zone_report import why_not_served
from understudy.service.secondary.fetched import FetchedZone

EDNS_SIZE = 1232


async def explain(server: NameServer, question: ExplainQuestion) -> ExplainView:
    """The answer, now or at a moment in the past, and every step that led to it.

    Raises NotFoundError for a name, type or client that cannot be, and for a moment that nothing is known of.
    """
    now = server.clock.now()
    name, rtype = _parse_name(question.name), _parse_type(question.rtype)
    record = _find_record(server, name)
    if question.at is not None and question.at != now:
        if not question.at < now:
            raise NotFoundError("that moment has not come yet", hint="see `understudy whatif`", code="explain.future")
        return await replay(server, record, question, rtype=rtype)
    response = _ask(server, name, rtype, client=question.client)
    if response is None:
        raise NotFoundError(
            f"the name server would not answer that query from {question.client}", code="explain.silent"
        )
    return ExplainView(
        name=str(name),
        type=dns.rdatatype.to_text(rtype),
        client=question.client,
        at=now,
        is_replay=False,
        rcode=dns.rcode.to_text(response.rcode()),
        answer=list(_lines(response.answer)),
        authority=list(_lines(response.authority)),
        source=_source(server, name, record, response=response),
        decisions=[present_decision(each) for each in _decisions(server, record, rtype)],
        tiers=report_tiers(server, record, now) if record else [],
        endpoints=[report_endpoint(server, key, now) for key in _keys(server, record, rtype)],
    )


def _parse_name(text: str) -> Name:
    try:
        return Name.parse(text)
    except NameSyntaxError as error:
        raise NotFoundError(str(error), code="explain.name") from None


def _parse_type(text: str) -> dns.rdatatype.RdataType:
    try:
        return dns.rdatatype.from_text(text)
    except dns.exception.DNSException:
        hint = "a record type such as A, AAAA, MX or TYPE65"
        raise NotFoundError(f"'{text}' is no record type", hint=hint, code="explain.type") from None


def _find_record(server: NameServer, name: Name) -> Record | None:
    """The record of the name, or the wildcard record that stands in for it (RFC 4592 3.3.1)."""
    records = server.pipeline.configuration.records
    zone = _zone_of(server, name)
    ancestor = name
    while zone is not None and not _exists(server, zone, ancestor):
        if ancestor == zone:
            return None
        ancestor = ancestor.parent
        wildcard = records.get(Name((b"*", *ancestor.labels)))
        if wildcard is not None:
            return wildcard
    return records.get(name)


def _zone_of(server: NameServer, name: Name) -> Name | None:
    """The zone that a name belongs to."""
    zones = (origin for origin in server.zones if name.is_below(origin))
    return max(zones, key=lambda origin: len(origin.labels), default=None)


def _exists(server: NameServer, zone: Name, name: Name) -> bool:
    """Whether a wildcard above a name has nothing to say about it."""
    return name in server.pipeline.configuration.records or bool(server.zones[zone].zone.types_at(name.absolute))


def _ask(server: NameServer, name: Name, rtype: dns.rdatatype.RdataType, *, client: str) -> dns.message.Message | None:
    """What the engine itself answers: the very code that answers the world."""
    query = dns.message.make_query(name.absolute, rtype, use_edns=0, payload=EDNS_SIZE)
    query.flags &= ~dns.flags.RD
    try:
        wire = server.engine.answer(query.to_wire(), client, transport="tcp")
    except ValueError as error:
        raise NotFoundError(f"'{client}' is no address: {error}", code="explain.client") from None
    return dns.message.from_wire(wire) if wire else None


def _lines(section: list[dns.rrset.RRset]) -> Iterator[str]:
    for rrset in section:
        yield from rrset.to_text().splitlines()


def _missing_zone_of(server: NameServer, name: Name) -> FetchedZone | None:
    """The zone from another server that a name belongs to, if that should be here and is not."""
    missing = (care for origin, care in server.fetched.items() if origin not in server.zones and name.is_below(origin))
    return max(missing, key=lambda care: len(care.definition.name.labels), default=None)


def _source(server: NameServer, name: Name, record: Record | None, *, response: dns.message.Message) -> str:
    zone, missing = _zone_of(server, name), _missing_zone_of(server, name)
    if missing is not None and (zone is None or missing.definition.name.is_below(zone)):
        why = f"{why_not_served(missing)}{': ' if missing.problem else ''}{missing.problem}"
        return f"the zone {missing.definition.name}, which comes from another server and is not here ({why})"
    if zone is None:
        return f"no zone of this server: {name} is below none of {', '.join(map(str, server.zones)) or 'no zone'}"
    if record is not None:
        file, line = server.pipeline.configuration.sources.get(f"record:{record.name}", ("", 0))
        kind = "steered record" if record.name == name else "steered wildcard record"
        return f"the {kind} {record.name} ({file}:{line})"
    return f"the data of zone {zone}{_manner(response)}"


def _manner(response: dns.message.Message) -> str:
    """How the zone's data answer, where they have no record of that name and type."""
    if response.rcode() == dns.rcode.NXDOMAIN:
        return ", which has no such name"
    if response.rcode() != dns.rcode.NOERROR or response.answer:
        return ""
    is_referral = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)
    return ", which delegates the name" if is_referral else ", which has no such type there"


def _decisions(server: NameServer, record: Record | None, rtype: int) -> list[Decision]:
    """The decision of the type that was asked for; all of them where it is another type."""
    if record is None:
        return []
    decisions = server.pipeline.past[record.name].decisions
    wanted = [each for family, each in decisions.items() if family.rtype == rtype]
    return wanted or list(decisions.values())


def _keys(server: NameServer, record: Record | None, rtype: int) -> Iterator[HealthKey]:
    """The healths that the answer rests on."""
    if record is None:
        return
    seen: set[Endpoint] = set()
    asked = {family for family in Family if family.rtype == rtype}
    for pool in record.pools:
        for member in server.pipeline.configuration.pools[pool].members:
            family = member.endpoint.family
            if member.endpoint not in seen and (not asked or family in asked or family is Family.HOST):
                seen.add(member.endpoint)
                yield HealthKey(member.endpoint, record.requirement)
