"""Monitors whose view cannot be trusted (semantics 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from understudy.health.fold import stale_at
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.verdict import ProbeKey, Verdict, Vote

ENDPOINTS_MIN = 4
"""Semantics 2.7: disagreement about fewer endpoints proves nothing."""


@frozen
class AnchorCount:
    """How many of its anchors, the other nodes, a monitor reaches."""

    reached: int
    total: int


Tables = Mapping[str, Mapping[ProbeKey, Verdict]]


def find_blind(
    tables: Tables, anchors: Mapping[str, AnchorCount], now: Instant, *, checks: Mapping[str, Check]
) -> Mapping[str, str]:
    """The blind monitors among `tables`, each with the reason. A monitor without anchors is not judged by them.

    Those that reach no majority of their anchors are no witnesses against the others. Costs by all verdicts: it is
    for the arrival of a whole table, not of one verdict.
    """
    cut_off = {
        monitor: f"reaches {count.reached} of {count.total} anchors"
        for monitor, count in anchors.items()
        if monitor in tables and count.total and count.reached * 2 <= count.total
    }
    witnesses = {monitor: table for monitor, table in tables.items() if monitor not in cut_off}
    return cut_off | _find_contradicted(witnesses, now, checks=checks)


@dataclass(slots=True)
class _Record:
    """One monitor beside the majority: endpoints that this calls UP, and those of them that it alone calls DOWN."""

    judged: set[Endpoint] = field(default_factory=set)
    contradicted: set[Endpoint] = field(default_factory=set)

    @property
    def is_blind(self) -> bool:
        """More than half of at least four."""
        return len(self.judged) >= ENDPOINTS_MIN and len(self.contradicted) * 2 > len(self.judged)

    def explain(self) -> str:
        """The arithmetic in words."""
        amount = f"{len(self.contradicted)} of {len(self.judged)}"
        return f"alone calls down {amount} endpoints that the majority calls up"


def _find_contradicted(tables: Tables, now: Instant, *, checks: Mapping[str, Check]) -> dict[str, str]:
    records = {monitor: _Record() for monitor in tables}
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        votes = dict(_votes(tables, key, now, checks=checks))
        down = [monitor for monitor, vote in votes.items() if vote is Vote.DOWN]
        if len(down) * 2 >= len(votes):
            continue
        for monitor in votes:
            records[monitor].judged.add(key.endpoint)
        if len(down) == 1:
            records[down[0]].contradicted.add(key.endpoint)
    return {monitor: record.explain() for monitor, record in records.items() if record.is_blind}


def _votes(tables: Tables, key: ProbeKey, now: Instant, *, checks: Mapping[str, Check]) -> Iterator[tuple[str, Vote]]:
    """The live votes about `key` of the monitors assigned to its check."""
    check = checks.get(key.check)
    if check is None:
        return
    for monitor in check.monitors:
        verdict = tables.get(monitor, {}).get(key)
        if verdict is not None and verdict.vote is not Vote.ABSTAIN and now < stale_at(verdict, check):
            yield monitor, verdict.vote
