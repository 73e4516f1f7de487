"""The state of a name server as documents."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from understudy import __version__
from understudy.model.decision import Mode
from understudy.model.health import HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, SubjectKind
from understudy.model.record import Record
from understudy.service.index import endpoints_of, pools_of
from understudy.service.name_server import NameServer
from understudy.service.operations import StatusQuestion
from understudy.service.reports.present import present_overrides
from understudy.service.reports.record_report import decisions_of, report_endpoint, report_record
from understudy.service.reports.subjects import normal, not_found, pools_of_subject
from understudy.service.reports.views import (
    AlarmView,
    EndpointView,
    RecordView,
    ServerView,
    StatusView,
    TotalsView,
)
from understudy.service.reports.zone_report import known_zones, report_zones
from understudy.telemetry.turned_away import turned_away

T = TypeVar("T")
SLICE = 50  # chosen: 50 records take about 30 ms, which no probe's timing minds


class _OvertakenError(Exception):
    """Another configuration came in force while a document was being written."""


async def report_status(server: NameServer, question: StatusQuestion) -> StatusView:
    """Everything, or what concerns one record, endpoint, pool or zone. Raises NotFoundError.

    Thousands of records take seconds, in which probes and decisions must go on: so it is written in slices, and begun
    anew should a reload come in between.
    """
    while True:
        with suppress(_OvertakenError):
            return await _report_slowly(server, question)


async def _report_slowly(server: NameServer, question: StatusQuestion) -> StatusView:
    now, wanted = server.clock.now(), normal(question.name) if question.name else ""
    records = list(_records_about(server, question.name, wanted))
    overrides = _overrides_by_record(server, now)
    totals, troubled = _Totals(), list[Record]()
    async for part in _slices(server, records):
        totals.count(server, part)
        troubled += [each for each in part if overrides.get(each.name) or _needs_a_look(server, each)]
    shown = records if question.most is None or len(records) <= question.most else troubled[: question.most]
    presented: list[RecordView] = []
    counts = server.engine.record_counters()
    async for part in _slices(server, shown):
        presented += [
            report_record(server, each, now, overrides=overrides.get(each.name, ()), counts=counts) for each in part
        ]
    endpoints: list[EndpointView] = []
    async for keys in _slices(server, list(_keys_about(server, shown))):
        endpoints += [report_endpoint(server, key, now) for key in keys]
    concerned = {str(each.zone) for each in records} | {wanted}
    return StatusView(
        server=report_server(server, now),
        totals=totals.present(shown=len(shown)),
        alarms=[AlarmView(key=each.key, text=each.text, since=each.since) for each in server.alarms.active],
        records=presented,
        endpoints=endpoints,
        zones=[zone for zone in report_zones(server) if not question.name or zone.name in concerned],
        overrides=present_overrides(server.store.desired.active_overrides(now)),
    )


async def _slices(server: NameServer, items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """A part at a time, and everybody else's turn after each. Raises _OvertakenError."""
    configuration = server.pipeline.configuration
    for begin in range(0, len(items), SLICE):
        yield items[begin : begin + SLICE]
        await asyncio.sleep(0)
        if server.pipeline.configuration is not configuration:
            raise _OvertakenError


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
        turned_away=turned_away(counters),
    )


def _records_about(server: NameServer, name: str, wanted: str) -> Iterator[Record]:
    configuration = server.pipeline.configuration
    if not name:
        yield from configuration.records.values()
        return
    found = wanted in {str(zone) for zone in known_zones(server)}
    pools = {
        pool.name
        for pool in configuration.pools.values()
        if pool.name == name or any(str(member.endpoint) == wanted for member in pool.members)
    }
    for record in configuration.records.values():
        if wanted in {str(record.name), str(record.zone)} or not pools.isdisjoint(pools_of(record)):
            found = True
            yield record
    if not found:
        endpoints = {str(key.endpoint) for key in server.pipeline.index.records_by_key}
        raise not_found(
            "nothing here", name, {*configuration.records, *known_zones(server), *endpoints}, code="not-found"
        )


def _needs_a_look(server: NameServer, record: Record) -> bool:
    """Whether a record answers otherwise than it should, or not, or has an endpoint that is not known to be up."""
    is_normal = all(decision.mode is Mode.NORMAL for decision in decisions_of(server, record))
    if not is_normal or record.zone not in server.zones:
        return True
    healths = (server.pipeline.healths.get(key) for key in _keys_about(server, (record,)))
    return any(health is None or health.state is not HealthState.UP for health in healths)


_UNSERVED = "unserved"
"""Instead of a mode: the record's zone is not served, so nothing is answered."""


class _Totals:
    """Counts over all that was asked for, also what is not shown."""

    def __init__(self) -> None:
        self._records = 0
        self._modes: Counter[str] = Counter()
        self._endpoints: dict[HealthKey, str] = {}

    def count(self, server: NameServer, records: Sequence[Record]) -> None:
        """Take these in."""
        self._records += len(records)
        self._modes.update(
            each.mode.value if record.zone in server.zones else _UNSERVED
            for record in records
            for each in decisions_of(server, record)
        )
        for key in _keys_about(server, records):
            health = server.pipeline.healths.get(key)
            self._endpoints[key] = health.state.value if health else HealthState.UNKNOWN.value

    def present(self, shown: int) -> TotalsView:
        """The sums."""
        endpoints = Counter(self._endpoints.values())
        return TotalsView(records=self._records, records_shown=shown, modes=self._modes, endpoints=endpoints)


def _overrides_by_record(server: NameServer, now: Instant) -> Mapping[Name, list[Override]]:
    """The overrides in force that speak of each record."""
    found: defaultdict[Name, list[Override]] = defaultdict(list)
    for override in server.store.desired.active_overrides(now):
        for name in _records_of(server, override):
            found[name].append(override)
    return found


def _records_of(server: NameServer, override: Override) -> Iterator[Name]:
    configuration, subject = server.pipeline.configuration, override.subject
    if subject.kind is SubjectKind.EVERYTHING:
        yield from configuration.records
        return
    pools = pools_of_subject(configuration, subject)
    by_pool = server.pipeline.index.records_by_pool
    names = {name: None for pool in pools for name in by_pool.get(pool, ())}
    if subject.kind is SubjectKind.RECORD:
        names = {name: None for name in configuration.records if str(name) == subject.name}
    yield from (name for name in names if subject.record in {"", str(name)})


def _keys_about(server: NameServer, records: Iterable[Record]) -> Iterator[HealthKey]:
    """Every health of the records, once."""
    configuration = server.pipeline.configuration
    keys = (
        HealthKey(endpoint, record.requirement)
        for record in records
        for endpoint in endpoints_of(record, configuration)
    )
    yield from dict.fromkeys(keys)
