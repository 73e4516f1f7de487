"""The state of a name server as documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from understudy import __version__
from understudy.health.lineup import line_up
from understudy.model.check import leaves
from understudy.model.endpoint import Endpoint, Family
from understudy.model.errors import NotFoundError
from understudy.model.health import Health, HealthFlag, HealthKey
from understudy.model.instant import Instant
from understudy.model.name import Name, NameSyntaxError
from understudy.model.record import Record
from understudy.model.standing import Standing
from understudy.model.verdict import ProbeKey
from understudy.service.index import pools_of
from understudy.service.name_server import NameServer
from understudy.service.present import present_decision, present_observation, present_overrides, present_verdict
from understudy.service.views import (
    AlarmView,
    EndpointView,
    RecordView,
    ServerView,
    StandingView,
    StatusView,
    TierView,
    VerdictView,
    ZoneView,
)


def report_status(server: NameServer, name: str) -> StatusView:
    """Everything, or what concerns one record, endpoint or zone. Raises NotFoundError."""
    now = server.clock.now()
    records = list(_records_about(server, name))
    keys = list(_keys_about(server, records))
    zones = [zone for zone in report_zones(server) if not name or zone.name in {str(each.zone) for each in records}]
    return StatusView(
        server=report_server(server, now),
        alarms=[AlarmView(key=each.key, text=each.text, since=each.since) for each in server.alarms.active],
        records=[report_record(server, record, now) for record in records],
        endpoints=[report_endpoint(server, key, now) for key in keys],
        zones=zones or [zone for zone in report_zones(server) if zone.name == _normal(name)],
        overrides=present_overrides(server.store.desired.active_overrides(now)),
    )


def report_server(server: NameServer, now: Instant) -> ServerView:
    """The process itself."""
    counters = server.engine.counters()
    return ServerView(
        version=__version__,
        pid=os.getpid(),
        started_at=server.started_at,
        now=now,
        listen=list(server.engine.addresses),
        file=str(server.candidate.configuration.node.file),
        generation=server.store.desired.generation,
        state="serving" if not any(zone.problem for zone in server.zones.values()) else "serving the last good zones",
        queries=sum(count for key, count in counters.items() if key.startswith("queries.")),
    )


def _records_about(server: NameServer, name: str) -> Iterator[Record]:
    wanted = _normal(name)
    found = False
    for record in server.pipeline.configuration.records.values():
        if not name or wanted in {str(record.name), str(record.zone)} or _has_endpoint(server, record, name):
            found = True
            yield record
    if name and not found and wanted not in {str(zone) for zone in server.zones}:
        raise NotFoundError(f"nothing here is called {name}", hint="`understudy status` shows everything there is")


def _normal(name: str) -> str:
    try:
        return str(Name.parse(name)) if name else ""
    except NameSyntaxError:
        return name


def _has_endpoint(server: NameServer, record: Record, name: str) -> bool:
    return any(
        name in {pool, str(member.endpoint)}
        for pool in pools_of(record)
        for member in server.pipeline.configuration.pools[pool].members
    )


def _keys_about(server: NameServer, records: Iterable[Record]) -> Iterator[HealthKey]:
    """Every health of the records, once."""
    pools = server.pipeline.configuration.pools
    used = ((record, member) for record in records for pool in record.pools for member in pools[pool].members)
    yield from dict.fromkeys(HealthKey(member.endpoint, record.requirement) for record, member in used)


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


def report_record(server: NameServer, record: Record, now: Instant) -> RecordView:
    """One record: what it answers, and where its endpoints stand."""
    past = server.pipeline.past[record.name]
    decisions = [each for each in past.decisions.values() if each.family in _families(server, record)]
    overrides = server.store.desired.active_overrides(now)
    return RecordView(
        name=str(record.name),
        zone=str(record.zone),
        policy=record.policy.value,
        requirement=str(record.requirement) if record.requirement else None,
        decisions=[present_decision(decision) for decision in decisions],
        tiers=report_tiers(server, record, now),
        fallback=record.fallback,
        overrides=present_overrides(
            each for each in overrides if _speaks_of(record, each.subject.name, each.subject.record, server=server)
        ),
    )


def _families(server: NameServer, record: Record) -> frozenset[Family]:
    """What the record can answer; a family without endpoints is empty by design and not worth a line."""
    members = [member for pool in pools_of(record) for member in server.pipeline.configuration.pools[pool].members]
    return frozenset(member.endpoint.family for member in members)


def _speaks_of(record: Record, name: str, only_in: str, *, server: NameServer) -> bool:
    if only_in and only_in != str(record.name):
        return False
    return not name or name == str(record.name) or _has_endpoint(server, record, name)


def report_tiers(server: NameServer, record: Record, now: Instant) -> list[TierView]:
    """Where every endpoint of a record stands, tier by tier, the last resort at the end."""
    past = server.pipeline.past[record.name]
    answered = frozenset(endpoint for decision in past.decisions.values() for endpoint in decision.endpoints)
    lineup = line_up(record, past.memories, now, scene=server.pipeline.scene())
    tiers = zip(record.pools, lineup.tiers, strict=True)
    rows = [*tiers, *([(record.fallback, lineup.fallback)] if record.fallback else [])]
    return [
        TierView(pool=pool, endpoints=[_standing(server, record, each, answered=answered) for each in standings])
        for pool, standings in rows
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
        why=f"{standing.why}",
        due=standing.due,
        is_answered=endpoint in answered,
    )


def _flags(health: Health | None) -> list[str]:
    return [flag.value for flag in (health.flags if health else (HealthFlag.UNMONITORED,))]


def report_zones(server: NameServer) -> list[ZoneView]:
    """Every zone that is served."""
    return [
        ZoneView(
            name=str(origin),
            source=loaded.definition.source.value,
            file=str(loaded.definition.file),
            serial=loaded.zone.serial,
            records=loaded.zone.record_count,
            names=loaded.zone.name_count,
            steered=server.decider.publisher.steered_count(origin),
            loaded_at=loaded.loaded_at,
            problem=loaded.problem,
        )
        for origin, loaded in sorted(server.zones.items(), key=lambda entry: entry[0].labels[::-1])
    ]
