"""What a steered record answered at a moment in the past, from the history."""

from __future__ import annotations

import dns.rdatatype

from understudy.model.decision import Decision, Mode
from understudy.model.endpoint import Endpoint, Family
from understudy.model.errors import NotFoundError
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.service.name_server import NameServer
from understudy.service.operations import ExplainQuestion
from understudy.service.reports.present import present_decision
from understudy.service.reports.views import ExplainView


async def replay(
    server: NameServer, record: Record | None, question: ExplainQuestion, *, rtype: dns.rdatatype.RdataType
) -> ExplainView:
    """The decisions that held then. Raises NotFoundError for what has no past here."""
    at: Instant = question.at if question.at is not None else server.clock.now()
    if record is None:
        text = f"{question.name} is no steered record; only their past is kept"
        raise NotFoundError(
            text, hint="without --at the answer of this moment is explained", code="explain.not-steered"
        )
    found = [await server.store.decision_at((record.name, family), at) for family in _asked(rtype)]
    decisions = _that_held([decision for decision in found if decision is not None])
    if not decisions:
        raise _no_past(record, rtype)
    owner = Name.parse(question.name)
    return ExplainView(
        name=str(owner),
        type=dns.rdatatype.to_text(rtype),
        client=question.client,
        at=at,
        is_replay=True,
        rcode="SERVFAIL" if any(decision.mode is Mode.SERVFAIL for decision in decisions) else "NOERROR",
        answer=[_line(owner, decision, endpoint, at=at) for decision in decisions for endpoint in decision.endpoints],
        authority=[],
        source=f"the history of the steered record {record.name}, with the TTL and the reasons of when it was decided",
        decisions=[present_decision(decision) for decision in decisions],
        tiers=[],
        endpoints=[],
    )


def _no_past(record: Record, rtype: dns.rdatatype.RdataType) -> NotFoundError:
    if rtype != dns.rdatatype.ANY and all(family.rtype != rtype for family in Family):
        text = f"only the past of addresses and CNAME is kept, not of {dns.rdatatype.to_text(rtype)}"
        return NotFoundError(text, hint="ask for A or AAAA", code="explain.not-steered")
    text = f"the history does not reach back to that moment for {record.name}"
    return NotFoundError(text, hint="`understudy events` shows how far it reaches", code="explain.no-history")


def _asked(rtype: dns.rdatatype.RdataType) -> tuple[Family, ...]:
    """What may have answered such a query; a CNAME answers every type."""
    if rtype == dns.rdatatype.ANY:
        return tuple(Family)
    return tuple(dict.fromkeys((*(family for family in Family if family.rtype == rtype), Family.HOST)))


def _that_held(decisions: list[Decision]) -> list[Decision]:
    """A name has either a CNAME or addresses: what was decided last held."""
    newest = max((decision.decided_at for decision in decisions), default=0.0)
    is_cname = any(each.family is Family.HOST and each.decided_at == newest for each in decisions)
    return [each for each in decisions if (each.family is Family.HOST) is is_cname]


def _line(owner: Name, decision: Decision, endpoint: Endpoint, *, at: Instant) -> str:
    """One record, with the TTL that was left until a change was due."""
    left_s = decision.ttl_s if decision.due is None else min(decision.ttl_s, max(0, int(decision.due - at)))
    target = f"{endpoint}." if decision.family is Family.HOST else str(endpoint)
    return f"{owner.absolute} {left_s} IN {decision.family} {target}"
