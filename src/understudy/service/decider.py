"""Settles the pipeline, and sees to what follows from it: publishing, telling, alarming, remembering."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping

from understudy.model.configuration import Configuration
from understudy.model.decision import Decision
from understudy.model.endpoint import Family
from understudy.model.health import HealthFlag, HealthKey
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.alarms import Alarms
from understudy.service.changes import DecisionChange, HealthChange, Settlement, has_same_answers, is_same_answer
from understudy.service.index import Step, endpoints_of
from understudy.service.journal import Journal
from understudy.service.narrate import alarm_text, tell_decisions, tell_health
from understudy.service.pipeline import Pipeline
from understudy.service.publisher import Publication, Publisher
from understudy.service.zone_table import LoadedZone
from understudy.store.store import Store

SLICE = 200  # chosen: 200 records take about 50 ms, so a failure of thousands of endpoints never stops the probes


class Decider:
    """The pipeline's hands. Called from the event loop's thread only."""

    def __init__(self, pipeline: Pipeline, publisher: Publisher, journal: Journal, *, store: Store) -> None:
        self.pipeline = pipeline
        self.publisher = publisher
        self.journal = journal
        self.alarms = Alarms(journal.tell)
        self._store = store
        self._held: dict[HealthKey, None] = {}
        self.on_change: Callable[[Name, Collection[Name]], None] = lambda _origin, _owners: None
        self.on_publish: Callable[[Collection[Name]], None] = lambda _origins: None
        self.first_serial: Callable[[LoadedZone], int | None] = lambda _loaded: None

    def settle(self, now: Instant) -> None:
        """Bring everything up to date and publish what changed; after a mass of news a slice of it (`is_settled`)."""
        settled = self.pipeline.settle(now, SLICE)
        self._publish(settled)
        self._follow_up(settled, now)

    def settle_zones(
        self, zones: Mapping[Name, LoadedZone], now: Instant, on_published: Callable[[], None] = lambda: None
    ) -> None:
        """Bring everything up to date, publish these zones whole, and what changed in the others; then tell of it."""
        settled = self.pipeline.settle(now, sys.maxsize)
        self.publish_zones(zones)
        self._publish(settled, whole=zones.keys())
        on_published()
        self._follow_up(settled, now)

    def settle_step(self, zones: Mapping[Name, LoadedZone], step: Step, now: Instant) -> None:
        """As `settle_zones`, and what another configuration makes of the others, at no cost but that of its changes.

        Secondaries see more of a record than what it answers: its own TTL, and what is beneath it when it goes.
        """
        self.settle_zones(zones, now)
        bared = {origin: names for origin, names in step.bared.items() if origin not in zones}
        self.publisher.withdraw_records(bared)
        records = self.pipeline.configuration.records
        changed = [records[name] for name in step.records if name in records]
        for origin, names in (*bared.items(), *((record.zone, (record.name,)) for record in changed)):
            self.on_change(origin, names)

    def settle_all(self, now: Instant) -> None:
        """Bring everything up to date at once, however much it is, and publish what changed."""
        settled = self.pipeline.settle(now, sys.maxsize)
        self._publish(settled)
        self._follow_up(settled, now)

    def publish_zones(self, zones: Mapping[Name, LoadedZone]) -> None:
        """Publish these zones whole, each in one step with what its records answer; every record was decided once."""
        self.publisher.publish_zones(
            {
                origin: Publication(loaded.shown, self._steered(origin), self.first_serial(loaded))
                for origin, loaded in zones.items()
            }
        )
        self.on_publish(zones.keys())

    def _steered(self, origin: Name) -> dict[Name, tuple[Decision, ...]]:
        records, past = self.pipeline.configuration.records_in(origin), self.pipeline.past
        return {record.name: tuple(past[record.name].decisions.values()) for record in records}

    def _publish(self, settled: Settlement, whole: Collection[Name] = ()) -> None:
        """Hand what changed to the engine; what was published with a `whole` zone already is not looked at again."""
        records = self.pipeline.configuration.records
        present = [change for change in settled.decisions if change.record in records]
        changed = {change.record: change.after for change in present if records[change.record].zone not in whole}
        self.publisher.publish({name: (records[name].zone, tuple(after.values())) for name, after in changed.items()})
        for change in present:
            if not has_same_answers(change):
                self.on_change(records[change.record].zone, (change.record,))

    def _follow_up(self, settled: Settlement, now: Instant) -> None:
        for health_change in settled.healths:
            self._tell_health(health_change, now)
        self._tell_held(now)
        for change in settled.decisions:
            self._tell_decisions(change, now)
        for key, text in self.pipeline.guard.alarms(self.pipeline.configuration, self.pipeline.index, now):
            self.alarms.set_alarm(key, text, now)

    def _tell_health(self, change: HealthChange, now: Instant) -> None:
        event = tell_health(change, now)
        if event is not None:
            self.journal.tell(event)
        if HealthFlag.HELD in change.after.flags:
            self._held[change.key] = None
        else:
            self._held.pop(change.key, None)

    def _tell_held(self, now: Instant) -> None:
        """One alarm for all: a monitor that stops is heard of nowhere at once."""
        text = ""
        if self._held:
            first, count = next(iter(self._held)), len(self._held)
            held = f"{first} is held" if count == 1 else f"{count:,} endpoints is held, the first is {first}"
            text = f"too few monitors are heard; the last health of {held}"
        self.alarms.set_alarm("held", text, now)

    def _tell_decisions(self, change: DecisionChange, now: Instant) -> None:
        for event in tell_decisions(change, now):
            self.journal.tell(event)
        self._store.add_decisions(
            each for family, each in change.after.items() if not is_same_answer(change.before.get(family), each)
        )
        families = self._families(change.record)
        for family in Family:
            decision = change.after.get(family)
            text = alarm_text(decision) if decision is not None and family in families else ""
            self.alarms.set_alarm(f"record/{change.record}/{family}", text, now)

    def _families(self, name: Name) -> frozenset[Family]:
        """What the record's endpoints are; other families are empty by design and no reason for an alarm."""
        record = self.pipeline.configuration.records.get(name)
        if record is None:
            return frozenset()
        return frozenset(endpoint.family for endpoint in endpoints_of(record, self.pipeline.configuration))

    def forget(self, before: Configuration, now: Instant) -> None:
        """End the alarms of what the configuration no longer speaks of."""
        known = self.pipeline.index.records_by_key
        self._held = {key: None for key in self._held if key in known}
        self._tell_held(now)
        limited = {pool.name for pool in self.pipeline.index.limited_pools}
        for pool in before.pools.keys() - limited:
            self.alarms.clear(f"max_withdraw/{pool}", now)
        for name in before.records.keys() - self.pipeline.configuration.records.keys():
            for family in Family:
                self.alarms.clear(f"record/{name}/{family}", now)
