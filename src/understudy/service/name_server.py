"""The role of a name server: what it is made of, and what runs beside what from start to end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.log import LogEntry
from understudy.model.name import Name
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import LOCAL_MONITOR
from understudy.model.watch import NamedServer
from understudy.model.zone import ZoneDefinition
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.monitor.watchdog import Watchdog
from understudy.service.candidate import Candidate
from understudy.service.decider import Decider
from understudy.service.faults import fault_text
from understudy.service.journal import Journal
from understudy.service.narrate import tell_verdict
from understudy.service.parts import Parts
from understudy.service.pipeline import Pipeline
from understudy.service.primary.notify import Notifier
from understudy.service.primary.refused import Refused
from understudy.service.primary.versions import Versions
from understudy.service.publisher import Publisher
from understudy.service.secondary.fetched import FetchedZone, Follower
from understudy.service.secondary.heard import heard_of
from understudy.service.supervise import RESTART_MAX_S, Supervisor
from understudy.service.zone_table import LoadedZone
from understudy.store.encoding import decode_endpoint
from understudy.store.observed import Observed
from understudy.zones.members import Members
from understudy.zones.watched import Watched

SAVE_S = 2.0  # chosen: what a crash may cost of observed state, which the next probes make good
FORGIVE_S = 2 * RESTART_MAX_S  # chosen: a side task that was begun anew and lived through another pause is well
TICK_S = 1.0  # chosen: the longest sleep of the deciding task, so that a missed wake-up costs a second at most


class NameServer:
    """Probes, decides, publishes and remembers. Everything here runs in the event loop's thread."""

    def __init__(self, candidate: Candidate, parts: Parts) -> None:
        self.clock, self.engine, self.store, self.probe = parts.clock, parts.engine, parts.store, parts.probe
        self.started_at: Instant = self.clock.now()
        self.began, self.candidate = candidate.configuration.node, candidate
        self.zones: dict[Name, LoadedZone] = dict(candidate.zones)
        self.follower: Follower | None = None
        self.members, self.refused = Members(), Refused()
        self.member_zones: Mapping[Name, ZoneDefinition] = {}  # those that catalogs list; replaced, never changed
        self.leftovers: list[Path] = []  # copies of zones that went with their catalogs, to be deleted
        self.sweeping = asyncio.Lock()
        self.fetched: dict[Name, FetchedZone] = {}  # those that come from other servers, whether or not they are here
        self.journal = Journal(self.store, parts.log)
        limits = Limits(rate_max=candidate.configuration.node.probe_rate_max)
        self.probe_counts: Counter[tuple[str, Outcome]] = Counter()
        self.monitor = Monitor(LOCAL_MONITOR, self._probe_and_count, self.clock, on_change=self._hear, limits=limits)
        self.pipeline = Pipeline(candidate.configuration, {LOCAL_MONITOR: self.monitor.verdicts})
        publisher = Publisher(self.engine, self.clock)
        self.decider = Decider(self.pipeline, publisher, self.journal, store=self.store)
        self.alarms = self.decider.alarms
        self.versions = Versions(parts, self.pipeline, lambda: self.zones, journal=self.journal, alarms=self.alarms)
        self.notifier = Notifier(self.clock, self.journal)
        self.versions.on_version, self.versions.on_end = self.notifier.announce, self.notifier.forget
        self.versions.on_same = self.notifier.heed_servers
        self.decider.on_change, self.decider.on_publish = self.versions.note, self.versions.note_whole
        self.decider.first_serial = self.versions.first_serial
        self.watchdog = Watchdog(self.monitor, self.clock, set_alarm=self.alarms.set_alarm)
        self.watched: dict[Name, dict[NamedServer, Watched]] = {}  # how the zones' name servers stand
        self.reloading = asyncio.Lock()
        self.writing = asyncio.Lock()  # each change of the log is judged by the state that it changes
        self._news, self._is_leaving = asyncio.Event(), False
        self._faults: dict[str, Instant] = {}

    def begin(self) -> None:
        """Answer at once what was answered last (semantics 1.5), or what a first start answers (1.6)."""
        now, start = self.started_at, self.store.start
        for alarm in start.alarms:
            self.alarms.raise_alarm(f"start/{alarm.subject}", alarm.text, now)
        self.use_peers()
        self.look_at_store()
        self.pipeline.restore(start.observed.healths, start.observed.memories, start.observed.decisions)
        has_answers = self._has_answers()
        if has_answers:
            self.decider.publish_zones(self.zones)
            self.engine.start()
        self.pipeline.decree(self.store.desired.active_overrides(now), now)
        for entry in start.releases:
            self._admit(entry)
        self.monitor.restore(start.observed.verdicts)
        if start.observed.verdicts:  # else there is nothing to weigh, and whoever asks need not wait for it
            self.monitor.assign(self.pipeline.index.assignments)
        if has_answers:
            self.decider.settle_all(now)
        else:
            self.decider.settle_zones(self.zones, now, on_published=self.engine.start)
        if not start.observed.verdicts:
            self.monitor.assign(self.pipeline.index.assignments)
        self.journal.tell(Event(now, EventKind.SERVICE, "server", "serving"))

    def _has_answers(self) -> bool:
        """Whether what was answered last is known of every record, for this configuration and all that was decreed.

        Then it is answered before anything is decided anew (ADR 0036).
        """
        desired, observed = self.store.desired, self.store.start.observed
        is_same = desired.configuration is not None and desired.configuration.digest == self.candidate.digest
        if not is_same or observed.generation != desired.generation:
            return False
        return all(self.pipeline.past[name].decisions for name in self.pipeline.configuration.records)

    def _admit(self, entry: LogEntry) -> None:
        """A release that was acknowledged counts, even if the tables were not saved after it."""
        record, endpoints = entry.body.get("record"), entry.body.get("endpoints")
        if isinstance(record, str) and isinstance(endpoints, list | tuple):
            self.pipeline.admit(Name.parse(record), [decode_endpoint(str(each)) for each in endpoints])

    def run_in(self, supervisor: Supervisor) -> None:
        """Start its tasks."""
        supervisor.stage(self.monitor.run(), "monitor")
        supervisor.stage(self.watchdog.run(), "watchdog")
        supervisor.stage(self._decide(), "decide")
        supervisor.stage(self._save(), "save")
        supervisor.side(self.versions.run, "versions")
        self.versions.bases.handed_on = self._handed_on
        supervisor.side(self.versions.bases.run, "bases of histories")

    def leave(self) -> None:
        """Say so to whoever follows, before the tasks end that they hear it by. Idempotent."""
        if not self._is_leaving:
            self._is_leaving = True
            self.journal.tell(Event(self.clock.now(), EventKind.SERVICE, "server", "stopping"))
            self.journal.end_followers()

    def end(self) -> None:
        """Remember where things stand; the engine and the store are closed by whoever opened them."""
        self.leave()
        self.store.observe(self.observed())

    def note_fault(self, task: str, error: BaseException) -> None:
        """A side task failed and is begun anew; the rest goes on."""
        now = self.clock.now()
        self._faults[task] = now
        text = f"{task} failed and is begun anew: {fault_text(error)}"
        self.journal.tell(Event(now, EventKind.SERVICE, task, text, Severity.WARNING))
        self.alarms.raise_alarm(f"task/{task}", text, now)

    @property
    def definitions(self) -> Mapping[Name, ZoneDefinition]:
        """The zones that the configuration names, and those that its catalogs list."""
        return {**self.member_zones, **self.candidate.configuration.zones}

    def _handed_on(self) -> Collection[Name] | None:
        """The zones that others may have from here; None: a catalog that may list more of them is not here."""
        catalogs = [zone.name for zone in self.candidate.configuration.zones.values() if zone.members is not None]
        are_here = all(name in self.fetched and self.fetched[name].newest is not None for name in catalogs)
        if not are_here or self.members.broken:
            return None
        return [origin for origin, definition in self.definitions.items() if definition.transfer is not None]

    def definition_of(self, origin: Name) -> ZoneDefinition | None:
        """One of them; None: there is none."""
        return self.candidate.configuration.zones.get(origin) or self.member_zones.get(origin)

    def wake(self) -> None:
        """There is news: decide soon."""
        self._news.set()

    async def _probe_and_count(self, check: Check, endpoint: Endpoint) -> Observation:
        observation = await self.probe(check, endpoint)
        self.probe_counts[check.name, observation.outcome] += 1
        return observation

    def forget_counts(self) -> None:
        """Drop what was counted of checks that the configuration no longer names."""
        checks = self.pipeline.configuration.checks
        for key in [key for key in self.probe_counts if key[0] not in checks]:
            del self.probe_counts[key]

    def _hear(self, change: VerdictChange) -> None:
        """A verdict of the built-in monitor entered another state, or counts again."""
        self.pipeline.note(change.key)
        if change.after.state is not change.before.state:
            self.journal.tell(tell_verdict(LOCAL_MONITOR, change, self.clock.now()))
        self.wake()

    async def _decide(self) -> None:
        """Settle whenever there is news or something is due."""
        while True:
            self._news.clear()
            self.decider.settle(self.clock.now())
            if not self.decider.is_settled:
                await asyncio.sleep(0)  # the probes' turn
                continue
            due = self.pipeline.next_due()
            wait_s = TICK_S if due is None else min(TICK_S, max(0.0, due - self.clock.now()))
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _save(self) -> None:
        """Hand the tables to the store as they age, also where nothing was decided."""
        while True:
            await self.clock.sleep_until(self.clock.now() + SAVE_S)
            self.store.observe(self.observed())
            self.look_at_store()
            self._forgive_faults()

    def use_peers(self) -> None:
        """Speak to other servers as the configuration in force says: with its keys, and hearing its primaries."""
        self.use_keys()
        self.use_primaries()

    def use_keys(self) -> None:
        """Sign and verify with the keys in force. Those whose secrets cannot be read are left out."""
        keys = self.candidate.configuration.keys
        known = {name: (keys[name], secret) for name, secret in self.candidate.key_secrets.items()}
        self.engine.set_keys([(key.name.absolute, key.algorithm, secret) for key, secret in known.values()])
        self.notifier.keys = known
        self.notifier.vias = self.candidate.configuration.node.via

    def use_primaries(self) -> None:
        """Hear the primaries of the zones that come from other servers. Costs by all of these zones."""
        self.engine.set_secondaries(heard_of(self.definitions))

    def is_promoted(self, origin: Name) -> bool:
        """Whether an operator has made the copy of a zone from other servers the primary."""
        return origin in self.store.desired.promotions

    def serials(self) -> dict[Name, int]:
        """What each zone's SOA is answered with."""
        found = {origin: serial for origin, serial, _ in self.engine.zones()}
        return {origin: found[origin.absolute] for origin in self.zones if origin.absolute in found}

    def look_at_store(self) -> None:
        """A disk that refuses is an alarm for as long as it does (semantics 5.5)."""
        statistics, now = self.store.statistics(), self.clock.now()
        error = statistics.error
        text = f"the state is kept in memory only, and lost if the server ends: {error}" if error else ""
        self.alarms.set_alarm("store", text, now)
        if not error:  # what waited is written, versions too
            self.alarms.clear("versions/store", now)
        self.alarms.set_alarm("store/volatile", statistics.volatile, now)
        self.alarms.set_alarm("store/renewed", statistics.renewed, now)

    def _forgive_faults(self) -> None:
        now = self.clock.now()
        for task in [task for task, failed_at in self._faults.items() if now - failed_at > FORGIVE_S]:
            del self._faults[task]
            self.alarms.clear(f"task/{task}", now)

    def observed(self) -> Observed:
        """What the next start must know."""
        kept = self.pipeline.kept()
        return Observed(
            generation=self.store.desired.generation,
            verdicts=self.monitor.table(),
            healths=dict(self.pipeline.healths),
            memories=kept.memories,
            decisions=kept.decisions,
        )
