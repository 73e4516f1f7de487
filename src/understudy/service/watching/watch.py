"""Watches the name servers of the zones: looks at each of them regularly, and tells what is wrong (ADR 0026)."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TypeAlias

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import NamedServer, ServerPlace, WatchSettings
from understudy.model.zone import ZoneSource
from understudy.service.agenda import Agenda
from understudy.service.name_server import NameServer
from understudy.service.watching.addresses import BLIND_S, Addresses, Resolve, Silence, Unsaid, resolve
from understudy.service.watching.glimpses import Glimpses, Key
from understudy.service.watching.watch_samples import Samples
from understudy.service.watching.watch_tale import WatchTale
from understudy.service.watching.watch_targets import Host, find_here, find_targets
from understudy.service.zone_table import LoadedZone
from understudy.zones.published import Published
from understudy.zones.serial import is_later
from understudy.zones.sighting import NOWHERE, Finding, Reference, Reply, Sample, Sighting, judge
from understudy.zones.watched import Watched

TICK_S = 1.0  # chosen: how late a new version or a reload is noticed at most
AT_ONCE = 20  # chosen: looks under way at a time, each a few packets
SPREAD_S = 10.0  # chosen: the first looks after a start are spread over this, or over an interval that is shorter
FIND_S = 300.0  # chosen: how often it is looked anew who is named where
SLICE = 200  # chosen: so many zones are gone through in a millisecond or two; then others have their turn
FOUND_AT_ONCE = 20  # chosen: the servers of so many zones are found in as long


Look: TypeAlias = Callable[[Name, ServerPlace, Sequence[Sample]], Awaitable[Sighting]]
"""One look at a server; never raises for what the server does."""

AskSerial: TypeAlias = Callable[[Name, ServerPlace], Awaitable[Reply]]
"""One question to a server; never raises for what it does."""


async def _look(origin: Name, place: ServerPlace, samples: Sequence[Sample]) -> Sighting:
    from understudy.service.watching.look import (
        look,  # with the messages of dnspython: zones are answered sooner without
    )

    return await look(origin, place, samples)


async def _ask_serial(origin: Name, place: ServerPlace) -> Reply:
    from understudy.service.watching.look import ask_soa  # as above

    return await ask_soa(origin, place)


@frozen
class Eyes:
    """How servers are found and looked at."""

    look: Look = _look
    resolve: Resolve = resolve
    ask_serial: AskSerial = _ask_serial
    chance: Callable[[], float] = random.random


@dataclass(slots=True)
class _Zone:
    """One zone that is watched: what is published of it, and its servers."""

    loaded: LoadedZone
    samples: Samples
    is_promoted: Callable[[], bool]
    published: Published = field(default_factory=Published)
    find_due: Instant = 0.0
    is_busy: bool = False

    @property
    def settings(self) -> WatchSettings:
        """Those of its definition."""
        return self.loaded.definition.watch or WatchSettings()

    @property
    def is_ours(self) -> bool:
        """Whether serials of the zone are made here (ADR 0024)."""
        definition = self.loaded.definition
        if definition.source is not ZoneSource.TRANSFER or self.is_promoted():
            return True
        return definition.transfer is not None and bool(self.samples.owners)

    def note(self, serial: int, now: Instant) -> None:
        """A serial that is there; of a zone from elsewhere only a later one counts, wherever it was seen first."""
        newest = self.published.newest
        if serial == newest:
            return
        if self.is_ours or newest is None or is_later(serial, newest):
            self.published.note(serial, now)


@frozen
class _Silence:
    """A server that nothing was heard of, and the zone for which it is asked on."""

    asker: Key
    sighting: Sighting
    until: Instant


class Watch:
    """Runs beside the decisions, in the event loop's thread. What it finds stands in the server's `watched`.

    A turn costs by what is due and what has changed, not by the zones that there are.
    """

    def __init__(self, server: NameServer, eyes: Eyes | None = None) -> None:
        self._server = server
        self._eyes = eyes or Eyes()
        self._tale = WatchTale(server)
        self._zones: dict[Name, _Zone] = {}
        self._addresses = Addresses(self._eyes.resolve, server.clock)
        self._finds: Agenda[Name] = Agenda()
        self._looks: Agenda[Key] = Agenda()
        self._silent: dict[ServerPlace, _Silence] = {}
        self._busy: set[Key] = set()
        self._glimpses = Glimpses(server.clock, self._glance)
        server.notifier.on_acknowledged = self.heed_acknowledgement
        server.notifier.elsewhere = self._addresses_of

    async def run(self) -> None:
        """Until cancelled."""
        self._zones.clear()
        self._busy.clear()
        self._finds, self._looks = Agenda(), Agenda()
        self._server.versions.stirred.update(self._server.zones, self._server.watched)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._glimpses.run(), name="glimpses")
            while True:
                now = self._server.clock.now()
                await self._adopt(now)
                await self._find_all(group, now)
                self._tale.tell_resolver(self._addresses.complaint())
                for key in self._choose(now):
                    self._busy.add(key)
                    group.create_task(self._attend(key), name=f"look at {key[1]}")
                await self._server.clock.sleep_until(now + TICK_S)

    async def _find_all(self, group: asyncio.TaskGroup, now: Instant) -> None:
        """Begin to find the servers of all zones for which it is time."""
        host = Host(self._server.engine.addresses, self._server.candidate.configuration.node.via)
        for count, zone in enumerate(self._choose_zones(now), 1):
            zone.is_busy = True
            group.create_task(self._find(zone, host), name=f"servers of {zone.loaded.definition.name}")
            if not count % FOUND_AT_ONCE:
                await asyncio.sleep(0)

    def heed_acknowledgement(self, origin: Name, target: NotifyTarget, serial: int) -> None:
        """A server knows of this version, and should have it soon."""
        zone = self._zones.get(origin)
        if zone is None:
            return
        if zone.published.newest is None or is_later(serial, zone.published.newest):
            zone.note(serial, self._server.clock.now())
        servers = (named for named in self._server.watched.get(origin, {}) if named.place is not None)
        self._expect(origin, [each for each in servers if str(each.place) == str(target)])

    async def hear(self) -> None:
        """Heed clients that fetch a zone as soon as the engine has sent it; until cancelled."""
        loop, descriptor = asyncio.get_running_loop(), self._server.engine.visits_fd()
        loop.add_reader(descriptor, self.heed_visits)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(descriptor)

    def heed_visits(self) -> None:
        """Servers that were sent something should have it soon; a client has any port."""
        for text, address in self._server.engine.take_visits():
            origin = Name.parse(text)
            self._server.refused.forget(origin, address)
            self._server.notifier.heed_visit(origin, address)
            if origin in self._zones:
                servers = self._server.watched.get(origin, {})
                self._expect(origin, [each for each in servers if each.place and each.place.address == address])

    def _expect(self, origin: Name, servers: Iterable[NamedServer]) -> None:
        """These are alive, whatever was found last, and may have followed."""
        now, settings = self._server.clock.now(), self._zones[origin].settings
        for named in servers:
            self._put((origin, named), self._server.watched[origin][named].heard_of(now, settings=settings))
            self._glimpses.wish((origin, named))

    async def _adopt(self, now: Instant) -> None:
        """Watch what is served and is to be watched, and nothing else."""
        versions = self._server.versions
        stirred, versions.stirred = versions.stirred, set()
        for count, origin in enumerate(stirred, 1):
            loaded = self._server.zones.get(origin)
            if loaded is None or loaded.definition.watch is None:
                self._drop(origin)
            else:
                self._adopt_one(origin, loaded, now)
            if not count % SLICE:
                await asyncio.sleep(0)

    def _adopt_one(self, origin: Name, loaded: LoadedZone, now: Instant) -> None:
        zone = self._zones.get(origin)
        if zone is None:
            samples = Samples(self._server.pipeline, origin)
            zone = self._zones[origin] = _Zone(loaded, samples, partial(self._server.is_promoted, origin))
            self._finds.put(origin, now)
        elif zone.loaded is not loaded:
            zone.loaded, zone.find_due = loaded, now
            self._finds.put(origin, now)
        serial = self._server.engine.serial(origin.absolute)
        zone.note(loaded.zone.serial if serial is None else serial, now)

    def _drop(self, origin: Name) -> None:
        self._zones.pop(origin, None)
        self._addresses.keep(origin, frozenset())
        self._finds.put(origin, None)
        for named in self._server.watched.pop(origin, {}):
            self._looks.put((origin, named), None)
            self._tale.forget(origin, named)

    def _put(self, key: Key, watched: Watched) -> None:
        """Where a server stands now, and when it is looked at next."""
        origin, named = key
        self._server.watched[origin][named] = watched
        self._looks.put(key, None if named.is_self else watched.due)

    def _choose_zones(self, now: Instant) -> list[_Zone]:
        """Those whose servers are to be found anew; one whose servers are being found comes again behind that."""
        due = [self._zones[origin] for origin in self._finds.take(now)]
        return [zone for zone in due if not zone.is_busy]

    def _choose(self, now: Instant) -> list[Key]:
        """Whom to look at now, those that have waited longest; who is being looked at comes again behind that."""
        due = (key for key in self._looks.take(now) if key not in self._busy)
        return list(islice(due, AT_ONCE - len(self._busy)))

    async def _find(self, zone: _Zone, host: Host) -> None:
        """Who is named now; whoever was named before goes on as it stood."""
        loaded, origin = zone.loaded, zone.loaded.definition.name
        outside: set[str] = set()
        silences: dict[str, Silence] = {}  # as they were then: another zone may hear more before all are asked for

        async def look_up(name: str) -> Collection[str] | Unsaid:
            outside.add(name)
            found = await self._addresses.of(name)
            if isinstance(found, Unsaid):
                silences[name] = self._addresses.silences[name]
            return found

        try:
            targets = await find_targets(loaded, self._server.zones, host, resolve=look_up)
            now = self._server.clock.now()
            if self._zones.get(origin) is not zone:
                return
            self._addresses.keep(origin, frozenset(outside))
            self._server.notifier.heed_servers(zone.loaded)
            self._place(zone, targets, silences)
            is_blind = bool(silences) or self._addresses.is_silent_for(origin)
            if zone.loaded is loaded:
                zone.find_due = now + (BLIND_S if is_blind else FIND_S)
        finally:
            zone.is_busy = False
            if self._zones.get(origin) is zone:
                self._finds.put(origin, zone.find_due)

    def _place(self, zone: _Zone, targets: Sequence[NamedServer], silences: Mapping[str, Silence]) -> None:
        """These are named now; looks at those who are new are spread over a while."""
        origin, now = zone.loaded.definition.name, self._server.clock.now()
        before = self._server.watched.get(origin, {})
        spread_s = min(zone.settings.interval_s, SPREAD_S)
        self._server.watched[origin] = {}
        for named in targets:
            due = now + spread_s * self._eyes.chance()
            unresolved = _unresolved(silences[f"{named.name}."]) if named.is_unresolved else None
            self._put((origin, named), unresolved or before.get(named) or Watched(due))
        for named in before.keys() - set(targets):
            self._looks.put((origin, named), None)
            self._tale.forget(origin, named)

    def _addresses_of(self, host: str) -> Collection[str]:
        """What is known of a host outside of its zone."""
        return find_here(host, self._server.zones) or self._addresses.last(host)

    async def _attend(self, key: Key) -> None:
        try:
            await self._look(key)
        finally:
            self._busy.discard(key)
            origin, named = key
            watched = self._server.watched.get(origin, {}).get(named)
            if watched is not None:  # it may have come due meanwhile
                self._looks.put(key, watched.due)

    async def _look(self, key: Key) -> None:
        """Look at one server, unless another zone has just found it silent, and tell what changed."""
        origin, named = key
        zone, begun = self._zones[origin], self._server.clock.now()
        sighting = await self._sight(zone, key, begun)
        if zone.loaded.definition.is_catalog:
            sighting = sighting.of_catalog()
        now = self._server.clock.now()
        watched = self._server.watched.get(origin, {}).get(named)
        if watched is None or self._zones.get(origin) is not zone:
            return
        serial = sighting.serial
        if named.place is not None and sighting.udp.is_heard:
            self._server.notifier.heed_lack(origin, named.place, serial)
        if serial is not None and not zone.is_ours:
            zone.note(serial, now)
        finding = self._judge(zone, named, sighting, now=now)
        after = watched.seen(finding, serial, now, settings=zone.settings, chance=self._eyes.chance())
        self._note(key, watched, after)

    def _note(self, key: Key, before: Watched, after: Watched) -> None:
        """This is how a server stands now."""
        origin, named = key
        self._put(key, after)
        if named.place is not None and after.serial is not None:
            self._server.notifier.heed_sight(origin, named.place)
        self._tale.tell(origin, named, before, after=after)

    async def _glance(self, key: Key) -> bool:
        """Only the serial, over UDP; True: the server has the newest one, or there is nothing to be learnt."""
        origin, named = key
        zone = self._zones.get(origin)
        if zone is None or named.place is None or named.is_self or named.is_upstream:
            return True
        if key in self._busy:
            return False  # by a look, which tells more
        reply = await self._eyes.ask_serial(origin, named.place)
        if zone.loaded.definition.is_catalog:
            reply = reply.of_catalog()
        serial = reply.serial
        now, watched = self._server.clock.now(), self._server.watched.get(origin, {}).get(named)
        if watched is None or self._zones.get(origin) is not zone:
            return True
        if reply.is_heard:
            self._server.notifier.heed_lack(origin, named.place, serial)
        if serial is None or key in self._busy:
            return False
        if not zone.is_ours:
            zone.note(serial, now)
        after = watched.glimpsed(serial, zone.published.behind_since(serial), now, settings=zone.settings)
        self._note(key, watched, after)
        return after.behind_since is None

    async def _sight(self, zone: _Zone, key: Key, now: Instant) -> Sighting:
        origin, named = key
        if named.place is None:
            return Sighting(NOWHERE, NOWHERE)
        silence = self._silent.get(named.place)
        if silence is not None and silence.asker != key and now < silence.until:
            return silence.sighting
        published = zone.published.newest
        has_samples = zone.is_ours and not named.is_upstream
        sighting = await self._eyes.look(origin, named.place, zone.samples.take(self._turn(key)) if has_samples else ())
        if sighting.udp.is_heard or sighting.tcp.is_heard:
            self._silent.pop(named.place, None)
        else:
            until = self._server.clock.now() + 2 * zone.settings.interval_s
            self._silent[named.place] = _Silence(key, sighting, until)
        if sighting.differences and not sighting.serial == published == self._server.engine.serial(origin.absolute):
            return replace(sighting, differences=())  # another version: what it answers is told by its lag
        return sighting

    def _turn(self, key: Key) -> int:
        """Which records are its next ones."""
        watched = self._server.watched.get(key[0], {}).get(key[1])
        return 0 if watched is None else watched.turn

    def _judge(self, zone: _Zone, named: NamedServer, sighting: Sighting, *, now: Instant) -> Finding:
        """An upstream server of a zone with serials of our own counts in others, and cannot be held against ours."""
        is_comparable = not (zone.is_ours and named.is_upstream)
        published = zone.published if is_comparable else Published()
        return judge(sighting, Reference(published, zone.settings.lag_s, is_ours=zone.is_ours), now)


def _unresolved(silence: Silence) -> Watched:
    """How a server stands that cannot be asked, because our resolver says nothing of it."""
    text = f"{silence.why}; its addresses are not known, so it is not asked"
    return Watched(math.inf, text=text, since=silence.since)
