"""One record or endpoint as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import dns.rdatatype

from understudy.health.lineup import line_up
from understudy.model.check import leaves
from understudy.model.decision import Decision
from understudy.model.endpoint import Endpoint, is_inline
from understudy.model.health import Health, HealthFlag, HealthKey
from understudy.model.instant import Instant
from understudy.model.override import Override
from understudy.model.record import PolicyKind, Record
from understudy.model.standing import Standing
from understudy.model.verdict import ProbeKey
from understudy.service.index import pools_of
from understudy.service.name_server import NameServer
from understudy.service.reports.present import present_decision, present_observation, present_overrides, present_verdict
from understudy.service.reports.views import EndpointView, RecordView, StandingView, TierView, VerdictView
from understudy.service.reports.zone_report import why_unserved


def report_endpoint(server: NameServer, key: HealthKey, now: Instant) -> EndpointView:
    """One endpoint's health at this moment, with the verdicts behind it."""
    health = server.pipeline.fold(key, now)
    return EndpointView(
        endpoint=str(key.endpoint),
        requirement=str(key.requirement) if key.requirement else None,
        state=health.state.value,
        flags=sorted(flag.value for flag in health.flags),
        since=health.since,
        falls=list(health.falls),
        why=health.why,
        verdicts=list(_verdicts(server, key)),
        records=[str(name) for name in server.pipeline.index.records_by_key.get(key, ())],
    )


def _verdicts(server: NameServer, key: HealthKey) -> Iterator[VerdictView]:
    for name in dict.fromkeys(leaves(key.requirement)):
        probe_key = ProbeKey(key.endpoint, name)
        seen = server.monitor.last(probe_key)
        last = present_observation(probe_key, seen[-1]) if seen else None
        for monitor, table in server.pipeline.tables.items():
            if probe_key in table:
                yield present_verdict(monitor, server.pipeline.configuration.checks[name], table[probe_key], last=last)


Counts: TypeAlias = Mapping[tuple[str, int], int]
"""What the engine counted by owner and type."""


def count_answered(record: Record, counts: Counts) -> dict[str, int]:
    """The queries that a record decided, by type, of the types that it has had."""
    counted = ((rtype, counts.get((record.name.absolute, rtype))) for rtype in _RTYPES)
    return {dns.rdatatype.to_text(rtype): count for rtype, count in counted if count is not None}


_RTYPES = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME)


def report_record(
    server: NameServer, record: Record, now: Instant, *, overrides: Sequence[Override], counts: Counts
) -> RecordView:
    """One record: what it answers, and where its endpoints stand; `overrides` are those that speak of it."""
    decisions = decisions_of(server, record)
    return RecordView(
        name=str(record.name),
        zone=str(record.zone),
        policy=record.policy.value,
        requirement=str(record.requirement) if record.requirement else None,
        decisions=[present_decision(decision) for decision in decisions],
        tiers=report_tiers(server, record, now),
        fallback=record.fallback,
        overrides=present_overrides(overrides),
        answered=count_answered(record, counts),
        unserved=why_unserved(server, record.zone),
    )


def decisions_of(server: NameServer, record: Record) -> list[Decision]:
    """What it answers, without families that it has no endpoints of: they are empty by design."""
    members = [member for pool in pools_of(record) for member in server.pipeline.configuration.pools[pool].members]
    families = {member.endpoint.family for member in members}
    return [each for each in server.pipeline.past[record.name].decisions.values() if each.family in families]


def report_tiers(server: NameServer, record: Record, now: Instant) -> list[TierView]:
    """Where every endpoint of a record stands, tier by tier, the last resort at the end."""
    past = server.pipeline.past[record.name]
    decisions = past.decisions.values() if record.zone in server.zones else ()
    answered = frozenset(endpoint for decision in decisions for endpoint in decision.endpoints)
    lineup = line_up(record, past.memories, now, scene=server.pipeline.scene())
    word = "tier" if record.policy is PolicyKind.TIERS else "pool"
    places = [f"{word} {number}" for number, _ in enumerate(record.pools, start=1)]
    rows = [*zip(record.pools, places, lineup.tiers, strict=True)]
    if record.fallback:
        rows.append((record.fallback, "last resort", lineup.fallback))
    return [
        TierView(
            pool=pool,
            label=place if is_inline(pool) else pool,
            endpoints=[_standing(server, record, each, answered=answered) for each in standings],
        )
        for pool, place, standings in rows
    ]


def _standing(server: NameServer, record: Record, standing: Standing, *, answered: frozenset[Endpoint]) -> StandingView:
    endpoint = standing.member.endpoint
    health = server.pipeline.healths.get(HealthKey(endpoint, record.requirement))
    return StandingView(
        endpoint=str(endpoint),
        family=endpoint.family.value,
        weight=standing.member.weight,
        state=health.state.value if health else "unknown",
        flags=sorted(_flags(health)),
        standing=standing.kind.value,
        why=standing.why,
        due=standing.due,
        is_answered=endpoint in answered,
    )


def _flags(health: Health | None) -> list[str]:
    return [flag.value for flag in (health.flags if health else (HealthFlag.UNMONITORED,))]
