"""Zones that are here, or could come from several primaries, asked about many at a time (ADR 0041).

What each primary has of them is asked over one connection. Whatever that does not settle is asked for by itself, by
whoever asks for all others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import DigestRule
from understudy.service.name_server import NameServer
from understudy.service.secondary.arrivals import SAVE_LATER_S
from understudy.service.secondary.complaints import Complaints
from understudy.service.secondary.digests import has_digest
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.head_start import MANY
from understudy.service.secondary.inquiry import Inquiry
from understudy.service.secondary.keeping import Keeping
from understudy.service.secondary.offers import Answer, behind, longest
from understudy.service.secondary.outcomes import Outcomes
from understudy.zones.secondary import Offer, Standing, worth_fetching

AT_ONCE = 8  # chosen: primaries; each has two threads wait, and they have next to nothing to do
PORTION = 500  # chosen: so many that have changed are worth a connection, and those behind them wait for no more
SLICE = 200  # chosen: so many are told apart, or concluded, in a few milliseconds; then others have their turn


@dataclass(slots=True)
class Asked:
    """A zone, those who are asked about it, and what they have said."""

    care: FetchedZone
    primaries: tuple[Primary, ...]
    answers: dict[Primary, Answer] = field(default_factory=dict)
    is_settling: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether everybody has said something."""
        return len(self.answers) == len(self.primaries)

    @property
    def held(self) -> Zone | None:
        """The version that is here; None: there is none."""
        return None if self.care.newest is None else self.care.newest.zone

    def newer(self) -> list[Offer]:
        """As `worth_fetching`."""
        return worth_fetching(self._offers(), self.care.serial)

    def faults(self) -> list[TransferError]:
        """What is wrong with those who have nothing newer."""
        held = self.care.serial
        return self.errors() + [behind(offer, held) for offer in self._offers() if offer.serial != held]

    def errors(self) -> list[TransferError]:
        """Who says no."""
        return [answer for answer in self.answers.values() if isinstance(answer, TransferError)]

    def confirming(self) -> Offer | None:
        """Who has what is held."""
        return longest(offer for offer in self._offers() if offer.serial == self.care.serial)

    def _offers(self) -> list[Offer]:
        """In the order in which the primaries are written."""
        answers = (self.answers.get(primary) for primary in self.primaries)
        return [answer for answer in answers if isinstance(answer, Offer)]


@dataclass(slots=True)
class Round:
    """What is asked together: the zones that are not settled yet, and who is still asked about which.

    `newer`: those that are to be fetched, as soon as they are many or nothing more is heard for a while.
    """

    zones: dict[Name, Asked] = field(default_factory=dict)
    questions: dict[Primary, list[Name]] = field(default_factory=dict)
    newer: list[Asked] = field(default_factory=list)

    def note(self, primary: Primary, found: Iterable[tuple[Name, Answer]]) -> list[Asked]:
        """What a primary says of zones; those of them that are not settled yet."""
        heard = [(self.zones[origin], answer) for origin, answer in found if origin in self.zones]
        for asked, answer in heard:
            asked.answers[primary] = answer
        return [asked for asked, _ in heard]


class Refreshing:
    """Refreshes zones many at a time, in the event loop's thread."""

    def __init__(self, server: NameServer, inquiry: Inquiry, outcomes: Outcomes, *, keeping: Keeping) -> None:
        self._server = server
        self._inquiry = inquiry
        self._outcomes = outcomes
        self._keeping = keeping
        self._complaints = Complaints(server)
        self._asked: set[Primary] = set()

    async def choose(self, due: Sequence[FetchedZone], now: Instant) -> Round | None:
        """Those that are to be asked about together; `hear` has to follow for each primary, they are busy from now on.

        Others have their turn between some of them and some more.
        """
        if not self._inquiry.can_survey or len(due) < MANY:
            return None
        groups: defaultdict[tuple[Primary, ...], list[FetchedZone]] = defaultdict(list)
        for count, care in enumerate(due, 1):
            if care.is_due_with_others(now) and _is_fit(care):
                groups[care.definition.primaries].append(care)
            if not count % SLICE:
                await asyncio.sleep(0)
        return self._begin([(self._whom(primaries, now), cares) for primaries, cares in groups.items()], now)

    def _whom(self, primaries: tuple[Primary, ...], now: Instant) -> tuple[Primary, ...]:
        """None if they are asked already: what is due meanwhile is asked for by itself."""
        return () if self._asked.intersection(primaries) else self._inquiry.answering(primaries, now)

    def _begin(self, groups: Sequence[tuple[tuple[Primary, ...], list[FetchedZone]]], now: Instant) -> Round | None:
        counts: Counter[Primary] = Counter()
        for primaries, cares in groups:
            counts.update(dict.fromkeys(primaries, len(cares)))
        surveyed = Round()
        for primaries, cares in groups:
            if len(surveyed.questions.keys() | self._asked | set(primaries)) > AT_ONCE:
                continue
            if primaries and all(counts[each] >= MANY for each in primaries):
                self._add(surveyed, primaries, cares)
        for primary in surveyed.questions:
            self._asked.add(primary)
            self._inquiry.note_trial(primary, now)
        return surveyed if surveyed.zones else None

    def _add(self, surveyed: Round, primaries: tuple[Primary, ...], cares: Iterable[FetchedZone]) -> None:
        now = self._server.clock.now()
        for care in cares:
            if primaries != care.definition.primaries:
                self._inquiry.hasten(care, now)
                if care.are_all_wanted:
                    continue
            origin, care.are_all_wanted = care.definition.name, False
            surveyed.zones[origin] = Asked(care, primaries)
            for primary in primaries:
                surveyed.questions.setdefault(primary, []).append(origin)
            care.begin_with_others()

    async def hear(self, surveyed: Round, primary: Primary) -> None:
        """What a primary says; what is known then of its zones. After the last one what is left is on its own."""
        try:
            async with aclosing(self._inquiry.survey(surveyed.questions[primary], primary)) as portions:
                async for found in portions:
                    heard = surveyed.note(primary, found) if found else surveyed.zones.values()
                    await self._settle(surveyed, heard, is_late=not found)
            if len(surveyed.questions) == 1:
                await self._settle(surveyed, surveyed.zones.values(), is_late=True)
        finally:
            self._asked.discard(primary)
            del surveyed.questions[primary]
            if not surveyed.questions:
                self._leave(surveyed, list(surveyed.zones))

    async def _settle(self, surveyed: Round, heard: Iterable[Asked], *, is_late: bool) -> None:
        """Conclude where everybody has answered, fetch where somebody has something newer.

        Others have some time to offer what is newer still; they are waited for until it is late.
        """
        confirmed: list[FetchedZone] = []
        for asked in list(heard):
            is_newer = bool(asked.newer())
            if asked.is_settling or not (asked.is_answered or (is_late and is_newer)):
                continue
            asked.is_settling = True
            if is_newer:
                surveyed.newer.append(asked)
            elif await self._conclude(surveyed, asked):
                confirmed.append(asked.care)
        await self._keeping.touch(confirmed)
        if is_late or len(surveyed.newer) >= PORTION:
            newer = {asked.care.definition.name: asked for asked in surveyed.newer}
            surveyed.newer.clear()
            await self._fetch(surveyed, newer)

    async def _conclude(self, surveyed: Round, asked: Asked) -> bool:
        """Nobody has anything newer. Whether somebody has what is held."""
        origin, confirming = asked.care.definition.name, asked.confirming()
        if not self._is_current(asked):
            self._leave(surveyed, (origin,))
            return False
        await self._outcomes.conclude(asked.care, asked.faults(), confirming=confirming)
        del surveyed.zones[origin]
        asked.care.end_with_others()
        return confirming is not None

    async def _fetch(self, surveyed: Round, newer: Mapping[Name, Asked]) -> None:
        """Many from one primary come together, the others each by itself."""
        groups: defaultdict[Primary, dict[Name, Asked]] = defaultdict(dict)
        for origin, asked in newer.items():
            groups[self._inquiry.in_order(asked.newer())[0].primary][origin] = asked
        for primary, zones in groups.items():
            if len(zones) >= MANY:
                await self._gather(surveyed, primary, zones)
            self._leave(surveyed, [origin for origin in zones if origin in surveyed.zones])

    async def _gather(self, surveyed: Round, primary: Primary, zones: Mapping[Name, Asked]) -> None:
        wanted = {origin: asked.held for origin, asked in zones.items()}
        async with aclosing(self._inquiry.gather(wanted, primary)) as portions:
            async for found in portions:
                for origin, zone in found:
                    await self._take(surveyed, zones[origin], zone, primary=primary)

    async def _take(self, surveyed: Round, asked: Asked, zone: Zone | TransferError, *, primary: Primary) -> None:
        """Unless it is no zone, or wanted from there no more."""
        care, errors = asked.care, asked.errors()
        if isinstance(zone, TransferError) or not self._is_current(asked) or _has_doubt(care, zone):
            return
        await self._outcomes.take(care, zone, primary, save_later_s=SAVE_LATER_S)
        self._complaints.tell_passed_over(care, errors)
        del surveyed.zones[care.definition.name]
        care.end_with_others()

    def _is_current(self, asked: Asked) -> bool:
        """Whether it is still wanted from those that were asked."""
        definition = asked.care.definition
        is_cared_for = self._server.fetched.get(definition.name) is asked.care
        return is_cared_for and set(asked.primaries) <= set(definition.primaries)

    def _leave(self, surveyed: Round, origins: Iterable[Name]) -> None:
        now = self._server.clock.now()
        for origin in origins:
            surveyed.zones.pop(origin).care.leave_others(now)


def _is_fit(care: FetchedZone) -> bool:
    """Of one that is not here, and has one primary only, no serial has to be known."""
    is_followed = care.secondary.standing is not Standing.PROMOTED
    return is_followed and (care.serial is not None or len(care.definition.primaries) > 1)


def _has_doubt(care: FetchedZone, zone: Zone) -> bool:
    """A digest takes time to be verified; one that is missing may be required."""
    rule = care.definition.zonemd
    return rule is DigestRule.REQUIRE or (rule is not DigestRule.IGNORE and has_digest(zone))
