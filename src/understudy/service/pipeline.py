"""The order of the stages, and the only place that knows it.

The configuration names what there is. Monitors' verdicts are folded into health; overrides and time say where each
endpoint stands; steering decides; the publisher tells the engine. One change costs what it touches, not what there is.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TypeAlias, TypeVar

from understudy.health.fold import Evidence, fold, is_news
from understudy.health.lineup import Scene, line_up
from understudy.health.overrides import OverrideIndex, next_expiry
from understudy.model.check import Requirement, leaves
from understudy.model.configuration import Configuration
from understudy.model.decision import Decision, RecordMemory
from understudy.model.endpoint import Endpoint, Family
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthKey
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override
from understudy.model.record import Record
from understudy.model.verdict import ProbeKey, Verdict
from understudy.monitor.verdict import unknown
from understudy.service.agenda import Agenda
from understudy.service.changes import DecisionChange, HealthChange, Settlement, is_same_answer
from understudy.service.guard import Guard
from understudy.service.index import Index, Step, build_index, step_between
from understudy.steering.decide import Past, RecordDecision, decide_record
from understudy.steering.memory import release

K = TypeVar("K")
V = TypeVar("V")

Tables: TypeAlias = Mapping[str, Mapping[ProbeKey, Verdict]]
"""Every monitor's verdict table, by the monitor's name."""


@frozen
class Kept:
    """What the next start must know of every record (semantics 1.5), by name and family."""

    memories: Mapping[tuple[Name, Family], RecordMemory]
    decisions: Mapping[tuple[Name, Family], Decision]


@dataclass(slots=True)
class _News:
    """What came since a branch began, which that does not know."""

    probes: set[ProbeKey] = field(default_factory=set)
    keys: set[HealthKey] = field(default_factory=set)
    records: set[Name] = field(default_factory=set)


class Pipeline:
    """Holds the present state of every stage; `settle` brings them up to date. Knows no clock, disk, socket or task."""

    def __init__(self, configuration: Configuration, tables: Tables) -> None:
        self.configuration = configuration
        self.index: Index = build_index(configuration)
        self.tables = tables
        self.healths: dict[HealthKey, Health] = {}
        self.past: dict[Name, Past] = {}
        self.memories: dict[tuple[Name, Family], RecordMemory] = {}
        self.decisions: dict[tuple[Name, Family], Decision] = {}
        self._kept: Kept | None = None
        self.overrides = OverrideIndex()
        self.guard = Guard()
        self._stale_keys: dict[HealthKey, None] = dict.fromkeys(self.index.records_by_key)
        self._stale_records: dict[Name, None] = dict.fromkeys(configuration.records)
        self.agenda: Agenda[Name] = Agenda()
        self._expiry: Instant | None = None
        self._news = _News()

    # What it is told

    def restore(
        self,
        healths: Mapping[HealthKey, Health],
        memories: Mapping[tuple[Name, Family], RecordMemory],
        decisions: Mapping[tuple[Name, Family], Decision],
    ) -> None:
        """What an earlier run knew, as far as the configuration still speaks of it (semantics 1.5)."""
        self.healths.update((key, value) for key, value in healths.items() if key in self.index.records_by_key)
        for name in self.configuration.records:
            past = Past(
                {family: memories[name, family] for family in Family if (name, family) in memories},
                {family: decisions[name, family] for family in Family if (name, family) in decisions},
            )
            self._remember(name, past)
        answered = {
            endpoint
            for past in self.past.values()
            for decision in past.decisions.values()
            for endpoint in decision.endpoints
        }
        self.guard.restore(self.configuration, self.index, self.healths, answered=answered)

    def step_to(self, configuration: Configuration) -> Step:
        """What leads to another configuration. Costs by all that there is; may be asked in another thread."""
        return step_between(self.configuration, self.index, configuration)

    def configure(self, step: Step) -> None:
        """Another configuration; what it has in common with the one before keeps its health, memory and decisions."""
        self.configuration, self.index = step.configuration, step.index
        for key in step.keys_gone:
            self.healths.pop(key, None)
            self._stale_keys.pop(key, None)
        self._stale_keys |= dict.fromkeys(step.keys)
        self._stale_records |= dict.fromkeys(step.records)

    def branch(self, tables: Tables) -> Pipeline:
        """A copy that sees these tables, to be led on in a thread while this one goes on; one at a time."""
        other = copy(self)
        other.part(tables)
        self._news = _News()
        return other

    def part(self, tables: Tables) -> None:
        """Share nothing that changes with what this is a copy of, and leave to that what it has still to settle."""
        self.tables, self.healths, self.past = tables, self.healths.copy(), self.past.copy()
        self.memories, self.decisions = self.memories.copy(), self.decisions.copy()
        self.guard, self.agenda, self._news = self.guard.copy(), self.agenda.copy(), _News()
        self._stale_keys, self._stale_records = {}, {}

    def lead(self, step: Step, now: Instant) -> Settlement:
        """What another configuration makes of everything here, whose new probes have been heard of by nobody yet."""
        new = dict.fromkeys(step.probes, unknown(now))
        self.tables = {monitor: {**new, **table} for monitor, table in self.tables.items()}
        self.configure(step)
        return self.settle(now, sys.maxsize)

    def take(self, branch: Pipeline, settled: Settlement, now: Instant) -> Settlement:
        """Stand where a branch of this one has been led to, and what of that is true.

        What had news meanwhile stays as it is here, and is to be settled anew. Costs by that, and not by what there is.
        """
        news, healths, past = self._news, self.healths, self.past
        self.configuration, self.index = branch.configuration, branch.index
        self.healths, self.past, self.agenda, self._kept = branch.healths, branch.past, branch.agenda, None
        self.memories, self.decisions = branch.memories, branch.decisions
        self._keep(news, healths, past)
        if self.overrides is not branch.overrides:
            self._stale_records.update(dict.fromkeys(self.configuration.records))
        if news.keys or news.records:
            healths_left = [change for change in settled.healths if change.key not in news.keys]
            decisions_left = [change for change in settled.decisions if change.record not in news.records]
            settled = Settlement(healths_left, decisions_left)
        self._hold_limits(settled.healths, now)
        return settled

    def _keep(self, news: _News, healths: Mapping[HealthKey, Health], past: Mapping[Name, Past]) -> None:
        """Go back to what it was here where there is news, and settle that anew."""
        known = self.index.records_by_key
        keys = [key for key in news.keys if key in known]
        self.healths.update((key, healths[key]) for key in keys)
        for name in news.records & past.keys():
            self._remember(name, past[name])
        self._stale_keys = dict.fromkeys(key for key in (*self._stale_keys, *keys) if key in known)
        for probe in news.probes:
            self.note(probe)
        self._stale_records.update(dict.fromkeys((*news.records, *(name for key in keys for name in known[key]))))

    def decree(self, overrides: Iterable[Override], now: Instant) -> None:
        """The overrides in force now."""
        self.overrides = OverrideIndex.of(overrides)
        self._expiry = next_expiry(self.overrides, now)
        self._stale_records.update(dict.fromkeys(self.configuration.records))

    def admit(self, record: Name, endpoints: Collection[Endpoint]) -> None:
        """These need wait no longer for an operator; none named: the record may leave its tier as well (3.3)."""
        past = self.past.get(record, Past())
        memories = {family: release(memory, endpoints or None) for family, memory in past.memories.items()}
        self._remember(record, replace(past, memories=memories))
        self._stale_records[record] = None

    def note(self, key: ProbeKey) -> None:
        """A verdict about `key` changed its state."""
        self._news.probes.add(key)
        self._stale_keys.update(dict.fromkeys(self.index.keys_by_probe.get(key, ())))

    def next_due(self) -> Instant | None:
        """When time alone may change a decision; None: only news can."""
        return min((due for due in (self.agenda.next_due(), self._expiry) if due is not None), default=None)

    # What it concludes

    @property
    def is_settled(self) -> bool:
        """Whether the last `settle` left nothing over."""
        return not self._stale_keys and not self._stale_records

    def kept(self) -> Kept:
        """For the next start; the very same tables for as long as no record is decided anew."""
        if self._kept is None:
            self._kept = Kept(self.memories.copy(), self.decisions.copy())
        return self._kept

    def settle(self, now: Instant, most: int) -> Settlement:
        """Verdicts into health, health into decisions, for all that has news or is due; `most` of each at a time."""
        fold_key = self._fold if any(self.tables.values()) else partial(self._fold_unheard, alike={})
        healths = [change for key in _take(self._stale_keys, most) if (change := fold_key(key, now)) is not None]
        self._hold_limits(healths, now)
        self._mark_due(now)
        return Settlement(healths, [self._decide(name, now) for name in _take(self._stale_records, most)])

    def fold(self, key: HealthKey, now: Instant) -> Health:
        """The health of `key` as it is at this moment; changes nothing."""
        verdicts: dict[str, dict[str, Verdict]] = {}
        for check in leaves(key.requirement):
            probe_key = ProbeKey(key.endpoint, check)
            verdicts[check] = {
                monitor: table[probe_key] for monitor, table in self.tables.items() if probe_key in table
            }
        return fold(key, Evidence(verdicts), now, checks=self.configuration.checks, previous=self.healths.get(key))

    def scene(self, healths: Mapping[HealthKey, Health] | None = None) -> Scene:
        """What records are lined up in; with other healths, for a what-if."""
        return Scene(
            pools=self.configuration.pools,
            checks=self.configuration.checks,
            healths=self.healths if healths is None else healths,
            overrides=self.overrides,
            kept=self.guard.kept,
        )

    def _mark_due(self, now: Instant) -> None:
        if self._expiry is not None and self._expiry <= now:
            self.decree(self.overrides, now)
        self._stale_records.update(dict.fromkeys(self.agenda.take(now)))

    def _hold_limits(self, healths: list[HealthChange], now: Instant) -> None:
        """Guards 5.2 and 5.3."""
        self.guard.note(healths, now)
        for pool in self.guard.limit(self.configuration, self.index, self.healths, now=now):
            self._stale_records.update(dict.fromkeys(self.index.records_by_pool.get(pool, ())))

    def _fold(self, key: HealthKey, now: Instant) -> HealthChange | None:
        return self._note_health(key, self.fold(key, now))

    def _fold_unheard(
        self, key: HealthKey, now: Instant, alike: dict[Requirement | None, Health]
    ) -> HealthChange | None:
        """Before anything was heard of any endpoint, as at a first start, all with one requirement are alike."""
        if key in self.healths:
            return self._fold(key, now)
        if key.requirement not in alike:
            alike[key.requirement] = self.fold(key, now)
        return self._note_health(key, alike[key.requirement])

    def _note_health(self, key: HealthKey, after: Health) -> HealthChange | None:
        before = self.healths.get(key)
        self.healths[key] = after
        self._news.keys.add(key)
        if not is_news(before, after):
            return None
        self._stale_records.update(dict.fromkeys(self.index.records_by_key[key]))
        return HealthChange(key, before, after)

    def _decide(self, name: Name, now: Instant) -> DecisionChange:
        past, record = self.past.get(name, Past()), self.configuration.records.get(name)
        if record is None:
            self._remember(name, Past())
            self.past.pop(name, None)
            self.agenda.put(name, None)
            return DecisionChange(name, past.decisions, {})
        decided = self.decide(record, now, scene=self.scene())
        decisions = {family: _since(past.decisions.get(family), each) for family, each in decided.decisions.items()}
        self._remember(name, Past(decided.memories, decisions))
        self.agenda.put(name, min((each.due for each in decisions.values() if each.due is not None), default=None))
        return DecisionChange(name, past.decisions, decisions)

    def _remember(self, name: Name, past: Past) -> None:
        """By name and family too: 10,000 records put together anew for each `kept` would hold up whatever waits."""
        self._news.records.add(name)
        self.past[name] = past
        _replace_row(self.memories, name, past.memories)
        _replace_row(self.decisions, name, past.decisions)
        self._kept = None

    def decide(self, record: Record, now: Instant, *, scene: Scene) -> RecordDecision:
        """What `record` would answer in a scene; changes nothing."""
        past = self.past.get(record.name, Past())
        return decide_record(record, line_up(record, past.memories, now, scene=scene), now, past=past)


def _take(stale: dict[K, None], most: int) -> list[K]:
    """The first `most` keys, which are taken out."""
    taken = list(islice(stale, most))
    for key in taken:
        del stale[key]
    return taken


def _replace_row(table: dict[tuple[Name, Family], V], name: Name, row: Mapping[Family, V]) -> None:
    for family in Family:
        if family in row:
            table[name, family] = row[family]
        else:
            table.pop((name, family), None)


def _since(old: Decision | None, new: Decision) -> Decision:
    """`decided_at` is when the answer became what it is."""
    return replace(new, decided_at=old.decided_at) if old is not None and is_same_answer(old, new) else new
