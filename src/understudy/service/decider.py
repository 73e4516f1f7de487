"""Settles the pipeline, and sees to what follows from it: publishing, telling, alarming, remembering."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping
from itertools import chain
from types import MappingProxyType

from understudy.model.configuration import Configuration
from understudy.model.endpoint import Family
from understudy.model.health import HealthFlag, HealthKey
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.alarms import Alarms
from understudy.service.changes import (
    DecisionChange,
    HealthChange,
    Settlement,
    changes_of,
    is_same_answer,
    names_by_zone,
)
from understudy.service.foresight import Foresight, Ready
from understudy.service.index import endpoints_of
from understudy.service.journal import Journal
from understudy.service.narrate import alarm_text, tell_decisions, tell_health
from understudy.service.pipeline import Pipeline
from understudy.service.publisher import Publication, Publisher, Rendered
from understudy.service.zone_table import LoadedZone
from understudy.store.store import Store

SLICE = 100  # chosen: 100 records take about 20 ms, so a failure of thousands of endpoints never stops the probes


class Decider:
    """The pipeline's hands. Called from the event loop's thread only."""

    def __init__(self, pipeline: Pipeline, publisher: Publisher, journal: Journal, *, store: Store) -> None:
        self.pipeline = pipeline
        self.publisher = publisher
        self.journal = journal
        self.alarms = Alarms(journal.tell)
        self._store = store
        self._held: dict[HealthKey, None] = {}
        self._untold: deque[HealthChange | DecisionChange] = deque()
        self.on_change: Callable[[Name, Collection[Name]], None] = lambda _origin, _owners: None
        self.on_publish: Callable[[Collection[Name]], None] = lambda _origins: None
        self.first_serial: Callable[[LoadedZone], int | None] = lambda _loaded: None

    def settle(self, now: Instant) -> None:
        """Bring everything up to date and publish what changed; after a mass of news a slice of it (`is_settled`)."""
        settled = self.pipeline.settle(now, SLICE)
        self._publish(settled)
        self._follow_up(settled, now, most=2 * SLICE)

    @property
    def is_settled(self) -> bool:
        """Whether the last `settle` left nothing over, neither to be decided nor to be told."""
        return self.pipeline.is_settled and not self._untold

    def settle_zones(
        self, zones: Mapping[Name, LoadedZone], now: Instant, on_published: Callable[[], None] = lambda: None
    ) -> None:
        """Bring everything up to date, publish these zones whole, and what changed in the others; then tell of it."""
        settled = self.pipeline.settle(now, sys.maxsize)
        self.publish_zones(zones)
        self._publish(settled, whole=zones.keys())
        on_published()
        self._follow_up(settled, now)

    def take(self, foresight: Foresight, now: Instant) -> None:
        """Another configuration is in force: publish the zones that are others with it, and what it makes of the rest.

        Secondaries see more of a record than what it answers: its own TTL, and what is beneath it when it goes. What
        there is to tell is told by what calls `settle`, some at a time.
        """
        zones, step, changes = foresight.changed, foresight.step, foresight.changes
        settled = self.pipeline.take(foresight.branch, foresight.settled, now)
        if len(settled.decisions) < len(foresight.settled.decisions):  # the others had news, and are settled anew
            true = {change.record for change in settled.decisions}
            changes = {origin: {name: each[name] for name in each.keys() & true} for origin, each in changes.items()}
        self.publish_zones(zones, foresight.whole)
        self.publisher.show(changes)
        bared = {origin: names for origin, names in step.bared.items() if origin not in zones}
        self.publisher.withdraw_records(bared, ahead=foresight.withdrawn)
        for origin, names in chain(bared.items(), foresight.names.items()):
            self.on_change(origin, names)
        self._untold.extend(chain(settled.healths, settled.decisions))

    def settle_all(self, now: Instant) -> None:
        """Bring everything up to date at once, however much it is, and publish what changed."""
        settled = self.pipeline.settle(now, sys.maxsize)
        self._publish(settled)
        self._follow_up(settled, now)

    def publish_zones(
        self, zones: Mapping[Name, LoadedZone], ahead: Mapping[Name, Ready] = MappingProxyType({})
    ) -> None:
        """Publish these zones whole, each in one step with what its records answer; every record was decided once."""
        self.publisher.publish_zones(
            {
                origin: Publication(loaded.shown, self._rendered(origin, ahead), self.first_serial(loaded))
                for origin, loaded in zones.items()
            }
        )
        self.on_publish(zones.keys())

    def _rendered(self, origin: Name, ahead: Mapping[Name, Ready]) -> dict[Name, Rendered]:
        """As it was made ready, unless it was decided otherwise since."""
        found: dict[Name, Rendered] = {}
        for record in self.pipeline.configuration.records_in(origin):
            past, ready = self.pipeline.past[record.name], ahead.get(record.name)
            if ready is None or ready.past is not past:
                found[record.name] = self.publisher.render(origin, record.name, tuple(past.decisions.values()))
            else:
                found[record.name] = ready.rendered
        return found

    def _publish(self, settled: Settlement, whole: Collection[Name] = ()) -> None:
        """Hand what changed to the engine; what was published with a `whole` zone already is not looked at again."""
        records = self.pipeline.configuration.records
        self.publisher.publish(changes_of(settled.decisions, records, whole))
        for origin, names in names_by_zone(settled.decisions, records).items():
            self.on_change(origin, names)

    def _follow_up(self, settled: Settlement, now: Instant, *, most: int = sys.maxsize) -> None:
        """Tell of it, behind what was not told of yet; `most` at a time."""
        self._untold.extend(chain(settled.healths, settled.decisions))
        for _ in range(min(most, len(self._untold))):
            change = self._untold.popleft()
            if isinstance(change, HealthChange):
                self._tell_health(change, now)
            else:
                self._tell_decisions(change, now)
        self._tell_held(now)
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
