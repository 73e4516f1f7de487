"""The numbers of a name server at one moment."""

from __future__ import annotations

from collections import Counter

from understudy import __version__
from understudy.service.name_server import NameServer
from understudy.service.reports.record_report import count_answered, decisions_of
from understudy.service.watching.server_report import count_states, lags_s
from understudy.telemetry.metrics import Readings, StoreReadings
from understudy.zones.secondary import Standing


def measure(server: NameServer) -> Readings:
    """Read everything; costs by the number of endpoints, and never slows a query."""
    now = server.clock.now()
    store = server.store.statistics()
    oldest: dict[str, float] = {}
    for key, verdict in server.monitor.verdicts.items():
        oldest[key.check] = max(oldest.get(key.check, 0.0), now - verdict.refreshed_at)
    return Readings(
        version=__version__,
        started_at=server.started_at,
        generation=server.store.desired.generation,
        engine=server.engine.counters(),
        answered=_answered(server),
        probes=server.probe_counts,
        endpoints=Counter(health.state for health in server.pipeline.healths.values()),
        records=Counter(
            decision.mode
            for record in server.pipeline.configuration.records.values()
            for decision in decisions_of(server, record)
        ),
        verdict_ages_s=oldest,
        zones={str(origin): serial for origin, serial in server.serials().items()},
        events=server.journal.counts,
        name_servers=count_states(server),
        name_server_lags_s=lags_s(server),
        alarms=len(server.alarms.active),
        transferred={each.value: 0 for each in Standing}
        | Counter(each.secondary.standing.value for each in server.fetched.values()),
        expiries_s=_expiries_s(server),
        store=StoreReadings(
            lag_s=store.lag_s,
            queued=store.queued_entries + store.queued_history,
            dropped=store.dropped_events + store.dropped_decisions,
            failed_writes=store.failed_writes,
            is_failing=bool(store.error),
        ),
    )


def _expiries_s(server: NameServer) -> dict[str, float]:
    """Of zones from other servers that may expire, or have."""
    now = server.clock.now()
    return {
        str(origin): max(0.0, expires_at - now)
        for origin, each in server.fetched.items()
        if (expires_at := each.secondary.expires_at) is not None
    }


def _answered(server: NameServer) -> dict[tuple[str, str], int]:
    """By record and type, of the records that there are."""
    counts = server.engine.record_counters()
    return {
        (str(record.name), rtype): count
        for record in server.pipeline.configuration.records.values()
        for rtype, count in count_answered(record, counts).items()
    }
