"""Keeps the zones from other servers up to date: asks, fetches, publishes, saves, and lets them expire."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.agenda import Agenda
from understudy.service.candidate import Candidate
from understudy.service.name_server import NameServer
from understudy.service.secondary.arrivals import SAVE_LATER_S, Arrivals, Gathered
from understudy.service.secondary.catalogs import sweep
from understudy.service.secondary.complaints import Complaints
from understudy.service.secondary.copies import taken_up
from understudy.service.secondary.expiry import Expiry
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.inquiry import Conversation, Inquiry
from understudy.service.secondary.keeping import Keeping
from understudy.service.secondary.lingering import Lingering
from understudy.service.secondary.offers import behind, gather_offers, longest
from understudy.service.secondary.outcomes import Outcomes
from understudy.service.secondary.overlay import tell_changed_silently, tell_signed
from understudy.service.secondary.refreshing import Refreshing, Round
from understudy.service.secondary.together import gather, survey
from understudy.service.secondary.turns import Turn, Turns
from understudy.zones.secondary import Offer, worth_fetching

SLICE = 200  # chosen: so many zones are gone through in a millisecond; then others have their turn
EARLY_S = 1.0  # chosen: of 1,000 zones with a refresh of a minute so many are due that one connection is worth it
TICK_S = 1.0  # chosen: how late a reload is noticed at most, or a zone that has come with others


class Secondaries:
    """Runs beside the decisions, in the event loop's thread; files are read and written in others."""

    def __init__(self, server: NameServer, conversation: Conversation | None = None) -> None:
        self._server = server
        self._talk = conversation or Conversation(gather=gather, survey=survey)
        self._inquiry = Inquiry(server, self._talk)
        self._cares = server.fetched
        self._judged: Candidate | None = None
        self._adopted: Mapping[Name, ZoneDefinition] = {}
        self._looked_at: Instant = -math.inf
        self._together: dict[Name, FetchedZone] = {}
        self._news = asyncio.Event()
        self._keeping = Keeping(server)
        self._complaints = Complaints(server)
        self._outcomes = Outcomes(server, self._complaints, chance=self._talk.chance)
        self._arrivals = Arrivals(server, self._inquiry, self._outcomes, talk=self._talk)
        self._lingering = Lingering(self._newer, self._arrive)
        self._gathered: list[Gathered] = []
        self._refreshing = Refreshing(server, self._inquiry, self._outcomes, keeping=self._keeping)
        self._rounds: list[Round] = []
        self._early_at: Instant = -math.inf
        self._turns = Turns()
        self._expiry = Expiry(server)
        self._agenda: Agenda[Name] = Agenda()
        self._touched: dict[Name, FetchedZone] = {}
        self._is_look_wanted = True
        server.follower = self

    def wake(self) -> None:
        """As `Follower.wake`."""
        self._is_look_wanted = True
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._cares.clear()
        self._turns = Turns()
        self._gathered.clear()
        self._rounds.clear()
        self._together.clear()
        self._is_look_wanted = True
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._step(group)
        finally:
            self._lingering.end()

    async def _step(self, group: asyncio.TaskGroup) -> None:
        """Begin what is due, and wait until something may be."""
        self._news.clear()
        await sweep(self._server)
        if self._is_look_wanted or self._is_another():
            await self._adopt()
            self._touched = self._cares.copy()
        now = self._server.clock.now()
        if is_tick := now >= self._looked_at + TICK_S:
            self._looked_at = now
            self._release()
            self._touched.update((care.definition.name, care) for care in self._turns.clear())
        if is_tick or not self._turns.is_full:
            await self._look(self._take_recent(now), now)
        self._begin(group)
        await self._rest(now)

    async def hear(self) -> None:
        """Heed primaries as soon as the engine has heard them; until cancelled."""
        loop, descriptor = asyncio.get_running_loop(), self._server.engine.notices_fd()
        loop.add_reader(descriptor, self.heed_notices)
        try:
            await loop.create_future()
        finally:
            loop.remove_reader(descriptor)

    def _begin(self, group: asyncio.TaskGroup) -> None:
        """With whatever was chosen."""
        for gathered in self._gathered:
            self._together.update(gathered.cares)
            group.create_task(self._gather(gathered), name=f"zones from {gathered.primary}")
        for surveyed in self._rounds:
            self._together.update((origin, asked.care) for origin, asked in surveyed.zones.items())
            for primary in surveyed.questions:
                group.create_task(self._hear(surveyed, primary), name=f"serials from {primary}")
        self._gathered.clear()
        self._rounds.clear()
        for turn in self._choose():
            group.create_task(self._attend(turn), name=f"zone {turn.care.definition.name}")

    def heed_notices(self) -> None:
        """Ask soon for the zones that primaries say to have changed (RFC 1996)."""
        for origin in self._server.engine.take_notices():
            care = self._cares.get(Name.parse(origin))
            if care is not None:
                care.is_notified = True
                self._touch(care)

    def _touch(self, care: FetchedZone) -> None:
        """Something has come of a zone, or is heard of it."""
        self._touched[care.definition.name] = care
        self._news.set()

    def _take_recent(self, now: Instant) -> list[FetchedZone]:
        """Zones that something has come of or is due for, since the last look: mostly a few, of however many."""
        recent = dict.fromkeys((*self._touched, *self._agenda.take(now)))
        self._touched.clear()
        return [self._cares[origin] for origin in recent if origin in self._cares]

    def _release(self) -> None:
        """Those that are not asked about together with others any more are looked at again."""
        for care in [each for each in self._together.values() if not each.is_busy]:
            del self._together[care.definition.name]
            self._touch(care)

    def _take_early(self, now: Instant) -> list[FetchedZone]:
        """Zones that may be asked about already, because others are: so there are many at a time, for a while none."""
        if now < self._early_at:
            return []
        self._early_at = now + EARLY_S / 2
        return [self._cares[origin] for origin in self._agenda.take(now + EARLY_S) if origin in self._cares]

    async def _look(self, cares: Sequence[FetchedZone], now: Instant) -> None:
        """Find out what is due among these, and have it attended to."""
        due: list[FetchedZone] = []
        for count, care in enumerate(cares, 1):
            if self._is_due(care, now):
                due.append(care)
            if not count % SLICE:
                self._expiry.end(now)
                await asyncio.sleep(0)
        self._expiry.end(now)
        await self._have_attended(due, now)

    def _is_due(self, care: FetchedZone, now: Instant) -> bool:
        """Whether there is something to be done; if not, it is known when there will be.

        Whoever is busy is looked at again when it is not, or when it expires; who is due is, when it was attended to.
        """
        care.heed(now)
        self._expiry.note(care, now)
        is_due = not care.is_busy and care.next_due() <= now
        self._agenda.put(care.definition.name, care.expires_at if is_due or care.is_busy else care.next_due())
        return is_due

    async def _have_attended(self, due: Sequence[FetchedZone], now: Instant) -> None:
        """Those first that have waited longest.

        Zones whose primaries are all silent come last: they would keep the others waiting. It is not done again before
        all of it is under way, but for once in a TICK_S.
        """
        self._gathered += await self._arrivals.choose(due, now)
        early = self._take_early(now) if due else []
        surveyed = await self._refreshing.choose([*due, *early], now)
        self._rounds += [] if surveyed is None else [surveyed]
        for care in early:
            self._is_due(care, now)
        ranked: list[tuple[tuple[bool, bool, Instant], int, FetchedZone]] = []
        for count, care in enumerate(due, 1):
            if not care.is_busy:
                ranked.append((self._rank(care, now), count, care))
            if not count % SLICE:
                await asyncio.sleep(0)
        self._turns.put(care for _, _, care in sorted(ranked))

    def _rank(self, care: FetchedZone, now: Instant) -> tuple[bool, bool, Instant]:
        """What is only to be written has waited for its turn, and takes none from those that are asked for."""
        return not care.is_save_due(now), self._inquiry.is_hopeless(care.definition, now), care.next_due()

    def _choose(self) -> Iterator[Turn]:
        """As many of those that wait as may be under way at once."""
        while (turn := self._turns.take()) is not None:
            if turn.care.is_busy or self._is_gone(turn.care.definition.name):
                self._turns.end(turn)
                continue
            turn.care.is_busy = True
            yield turn

    async def _rest(self, now: Instant) -> None:
        due = None if self._turns.is_full else self._agenda.next_due()
        wait_s = TICK_S if due is None else min(TICK_S, max(0.0, due - now))
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return

    def _is_another(self) -> bool:
        """Whether the configuration in force, or what catalogs list, is another one than was adopted last."""
        return self._judged is not self._server.candidate or self._adopted is not self._server.member_zones

    async def _adopt(self) -> None:
        """Care for what the configuration names, and for nothing else."""
        self._is_look_wanted, self._looked_at = False, -math.inf
        self._adopted = self._server.member_zones
        wanted = self._server.definitions
        for origin in [origin for origin in self._cares if not _is_fetched(wanted.get(origin))]:
            del self._cares[origin]
        strange: list[ZoneDefinition] = []
        for origin, definition in wanted.items():
            if not _is_fetched(definition):
                continue
            care = self._cares.get(origin)
            if care is None:
                strange.append(definition)
            elif care.definition is not definition and care.definition != definition:
                care.redefine(definition)
                care.secondary = care.secondary.asked_for(self._server.clock.now())
        await self._take_up(strange)
        if self._judged is not self._server.candidate:
            self._judged = self._server.candidate
            await self._judge_again()

    def _is_gone(self, origin: Name) -> bool:
        return not _is_fetched(self._server.definition_of(origin))

    async def _take_up(self, strange: Sequence[ZoneDefinition]) -> None:
        """Care for zones with the copies of an earlier run: most are served since the start."""
        for care in await taken_up(self._server, strange):
            origin = care.definition.name
            if self._is_gone(origin):  # while copies were read
                continue
            self._cares[origin] = care
            if care.is_answered and origin not in self._server.zones:
                await self._outcomes.publish_alone(care)

    async def _judge_again(self) -> None:
        """Another configuration is in force: what stood in the way of a record may do so no more."""
        for count, care in enumerate(list(self._cares.values()), 1):
            if not count % SLICE:
                await asyncio.sleep(0)
            tell_signed(self._server, care)
            if care.unused is None:
                continue
            care.take(care.unused, self._server.candidate.find_conflict(care.definition.name, care.unused))
            if care.conflict:
                self._complaints.tell_conflict(care)
            elif care.is_answered:
                await self._outcomes.publish_alone(care)
                self._complaints.forget(care, self._server.clock.now())

    async def _gather(self, gathered: Gathered) -> None:
        """Ask for many zones together."""
        try:
            await self._arrivals.fetch(gathered)
        finally:
            self._release()

    async def _hear(self, surveyed: Round, primary: Primary) -> None:
        """Ask about many zones together."""
        try:
            await self._refreshing.hear(surveyed, primary)
        finally:
            self._release()

    async def _attend(self, turn: Turn) -> None:
        """Ask if it is time to, and save what is not saved; the next zone is asked for meanwhile."""
        care = turn.care
        try:
            if care.secondary.due <= self._server.clock.now():
                with care.round():
                    await self._refresh(care)
        finally:
            care.is_busy = False  # its primaries may be asked again while it waits for the disk
            self._turns.end(turn)
            self._touch(care)
        await self._keeping.keep(care)
        self._touch(care)

    async def _refresh(self, care: FetchedZone) -> None:
        """Ask every primary what it has, and fetch the newest version that can be had."""
        held = None if care.is_whole_wanted else care.serial
        offers: list[Offer] = []
        faults: list[TransferError] = []
        primaries = care.definition.primaries
        if care.serial is None and len(primaries) == 1:  # whatever it has is wanted
            if not await self._is_taken(care, [Offer(primaries[0], 0)], faults):
                await self._outcomes.conclude(care, faults, confirming=None)
            return
        questions = self._inquiry.questions(care)
        care.are_all_wanted = False
        async with aclosing(gather_offers(questions, held)) as heard:
            async for answers in heard:
                fresh = [answer for answer in answers if isinstance(answer, Offer)]
                offers += fresh
                faults += [answer for answer in answers if isinstance(answer, TransferError)]
                if await self._is_taken(care, worth_fetching(fresh, held), faults):
                    self._complaints.tell_passed_over(care, faults)
                    return
        newer = worth_fetching(offers, held)
        faults += [behind(each, held) for each in offers if each not in newer and each.serial != held]
        confirming = longest(offer for offer in offers if offer.serial == care.serial)
        await self._outcomes.conclude(care, faults, confirming=confirming)
        await self._keeping.touch((care,) if confirming is not None else ())

    async def _is_taken(self, care: FetchedZone, newer: Sequence[Offer], faults: list[TransferError]) -> bool:
        """Whether one of the offers was good; why the others were not comes to the faults."""
        for offer in self._inquiry.in_order(newer):
            try:
                await self._fetch(care, offer)
            except TransferError as error:
                faults.append(error)
                if error.code == "transfer.slow":
                    self._inquiry.note_slow(offer.primary, error)
            else:
                return True
        return False

    async def _fetch(self, care: FetchedZone, offer: Offer) -> None:
        """Take what a primary has. Raises TransferError."""
        if not care.is_whole_wanted:
            await self._take(care, offer, await self._lingering.fetch(care, offer))
            return
        zone = await self._inquiry.fetch(care, offer, is_whole=True)
        care.is_whole_wanted = False
        care.is_notified = True  # whoever answered first may lag behind another one
        await self._take(care, offer, zone, is_whole=True)

    async def _newer(self, care: FetchedZone, offer: Offer) -> Zone:
        return await self._inquiry.fetch(care, offer, is_whole=False)

    async def _arrive(self, care: FetchedZone, offer: Offer, found: Zone | TransferError) -> None:
        """What took long has come, or will not."""
        if self._cares.get(care.definition.name) is not care:
            return
        if isinstance(found, TransferError):
            self._complaints.tell_passed_over(care, [found])
        else:
            await self._take(care, offer, found)
        self._touch(care)

    async def _take(self, care: FetchedZone, offer: Offer, zone: Zone, *, is_whole: bool = False) -> None:
        await tell_changed_silently(self._server, care, zone, primary=offer.primary)
        save_later_s = SAVE_LATER_S if self._turns.are_awaited else 0.0
        await self._outcomes.take(care, zone, offer.primary, save_later_s=save_later_s, is_whole=is_whole)

    async def offers(self, care: FetchedZone) -> list[Offer | TransferError]:
        """As `Follower.offers`."""
        return await self._inquiry.offers(care.definition)

    async def whole(self, care: FetchedZone, primary: Primary) -> Zone:
        """As `Follower.whole`."""
        return await self._inquiry.whole(care.definition, primary)


def _is_fetched(definition: ZoneDefinition | None) -> bool:
    """Whether it is known, and comes from other servers."""
    return definition is not None and definition.source is ZoneSource.TRANSFER
