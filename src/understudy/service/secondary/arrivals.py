"""Zones that are not here yet, fetched many at a time from one primary.

Whatever is not as simple as that, and whatever does not come so, is asked for by itself, by whoever asks for all others
(ADR 0035).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.event import Event, EventKind
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import DigestRule, ZoneSource
from understudy.service.name_server import NameServer
from understudy.service.secondary.copies import timers_of
from understudy.service.secondary.digests import has_digest
from understudy.service.secondary.fetched import NO_COMPLAINT, FetchedZone
from understudy.service.secondary.head_start import AT_ONCE, MANY, comes_with_others
from understudy.service.secondary.inquiry import Conversation, Inquiry
from understudy.service.secondary.outcomes import Outcomes
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Standing

SLICE = 500  # chosen: so many are told apart in a millisecond or two
SAVE_LATER_S = 2.0  # chosen: a thousand small zones are fetched in that time, and answered before they are written


@frozen
class Gathered:
    """What is asked for together."""

    primary: Primary
    cares: Mapping[Name, FetchedZone]


class Arrivals:
    """Takes zones that come many at a time, in the event loop's thread."""

    def __init__(self, server: NameServer, inquiry: Inquiry, outcomes: Outcomes, *, talk: Conversation) -> None:
        self._server = server
        self._inquiry = inquiry
        self._outcomes = outcomes
        self._talk = talk
        self._asked: set[Primary] = set()

    async def choose(self, due: Sequence[FetchedZone], now: Instant) -> list[Gathered]:
        """Those that are to be asked for together. They are busy from now on, and `fetch` has to follow.

        Others have their turn between some of them and some more.
        """
        if self._talk.gather is None or len(due) < MANY:
            return []
        by_primary: defaultdict[Primary, dict[Name, FetchedZone]] = defaultdict(dict)
        for count, care in enumerate(due, 1):
            if care.is_due_with_others(now) and self._is_simple(care):
                by_primary[care.definition.primaries[0]][care.definition.name] = care
            if not count % SLICE:
                await asyncio.sleep(0)
        chosen: list[Gathered] = []
        for primary, cares in by_primary.items():
            is_wanted = len(cares) >= MANY and primary not in self._asked and len(self._asked) < AT_ONCE
            if is_wanted and not self._inquiry.is_hopeless(next(iter(cares.values())).definition, now):
                self._asked.add(primary)
                chosen.append(Gathered(primary, cares))
        for care in (care for gathered in chosen for care in gathered.cares.values()):
            care.begin_with_others()
        return chosen

    def _is_simple(self, care: FetchedZone) -> bool:
        """Whether anything that its only primary has can be answered as it is."""
        definition = care.definition
        is_wanted = care.serial is None and care.secondary.standing is Standing.EMPTY
        is_plain = comes_with_others(definition, self._server.candidate.configuration)
        return is_wanted and is_plain and not self._server.is_promoted(definition.name)

    async def fetch(self, gathered: Gathered) -> None:
        """Take what comes; the others are on their own."""
        left = dict(gathered.cares)
        try:
            async for origin in self._over(gathered):
                del left[origin]
        finally:
            self._asked.discard(gathered.primary)
            now = self._server.clock.now()
            for care in left.values():
                care.leave_others(now)

    async def _over(self, gathered: Gathered) -> AsyncIterator[Name]:
        """Those of which something has come."""
        async with aclosing(self._inquiry.gather(dict.fromkeys(gathered.cares), gathered.primary)) as portions:
            async for found in portions:
                zones = {origin: zone for origin, zone in found if isinstance(zone, Zone)}
                refusals = {origin: each for origin, each in found if isinstance(each, TransferError)}
                for origin in (*await self._take(gathered, zones), *await self._heed(gathered, refusals)):
                    yield origin

    async def _heed(self, gathered: Gathered, refusals: Mapping[Name, TransferError]) -> list[Name]:
        """A primary that says no to many, because it has just begun, is asked for many again: which it was."""
        heeded: list[Name] = []
        for origin, refusal in refusals.items():
            care = gathered.cares[origin]
            if self._is_awaited(care, gathered.primary):
                await self._outcomes.conclude(care, [refusal], confirming=None)
                care.end_with_others()
                heeded.append(origin)
        return heeded

    async def _take(self, gathered: Gathered, found: Mapping[Name, Zone]) -> Iterable[Name]:
        """Answer from what has come, unless something else is wanted of it meanwhile; which it was."""
        async with self._server.reloading:
            now = self._server.clock.now()
            loaded: dict[Name, LoadedZone] = {}
            events: list[Event] = []
            for origin, zone in found.items():
                care = gathered.cares[origin]
                if not self._is_awaited(care, gathered.primary) or self._has_doubt(care, zone):
                    continue
                loaded[origin] = LoadedZone(care.definition, zone, now)
                self._note(care, loaded[origin], gathered.primary)
                text = f"serial {zone.serial} from {gathered.primary}, {zone.record_count} records"
                events.append(Event(now, EventKind.ZONE, str(origin), text))
            self._server.zones.update(loaded)
            self._server.decider.publish_zones(loaded)
            for origin in loaded:
                self._server.alarms.clear(f"zone/{origin}", now)
            self._server.journal.tell_all(events)
            return loaded

    def _is_awaited(self, care: FetchedZone, primary: Primary) -> bool:
        """Whether it is still wanted, from there, and as simple as when it was asked for."""
        origin = care.definition.name
        definition = self._server.definition_of(origin)
        if definition is None or definition.source is not ZoneSource.TRANSFER or primary not in definition.primaries:
            return False
        return self._server.fetched.get(origin) is care and self._is_simple(care)

    def _has_doubt(self, care: FetchedZone, zone: Zone) -> bool:
        """A digest takes time to be verified, and there is more to do where it is wrong."""
        return care.definition.zonemd is not DigestRule.IGNORE and has_digest(zone)

    def _note(self, care: FetchedZone, loaded: LoadedZone, primary: Primary) -> None:
        now = loaded.loaded_at
        timers, chance = timers_of(loaded.zone), self._talk.chance()
        care.secondary = care.secondary.renewed(timers, now, chance=chance, left_s=loaded.zone.expire_s)
        care.primary, care.problem = primary, NO_COMPLAINT
        care.take(loaded, "")
        care.save_due = max(care.save_due, now + SAVE_LATER_S)
        care.end_with_others()
