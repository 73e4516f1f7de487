"""A zone from other servers as the service keeps it: where it stands, and the versions that are here."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneDefinition
from understudy.service.alarms import Cause
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Offer, Secondary

ALONE_S = 60.0  # chosen: as long as the pause at most that zones make which nobody gives


class Follower(Protocol):
    """Who speaks to the primaries."""

    def wake(self) -> None:
        """Something is to be done sooner than was thought."""
        ...

    async def offers(self, care: FetchedZone) -> list[Offer | TransferError]:
        """What each primary of a zone has, or why that is not known."""
        ...

    async def whole(self, care: FetchedZone, primary: Primary) -> Zone:
        """A primary's version, to look at; what is here stays. Raises TransferError."""
        ...


@frozen
class Complaint:
    """What is wrong with primaries: a sentence for people, and what its parts are called for programs. May be empty.

    `faults` are the codes of its parts, each with what it is about: while they are the same so is the trouble, whatever
    numbers the sentence has.
    """

    text: str = ""
    codes: tuple[str, ...] = ()
    faults: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def about(cls, faults: Iterable[TransferError]) -> Self:
        """All of these."""
        listed = tuple(faults)
        text, codes = "; ".join(each.message for each in listed), tuple(dict.fromkeys(each.code for each in listed))
        return cls(text, codes, frozenset((each.code, each.subject) for each in listed))

    def is_same_trouble(self, other: Complaint) -> bool:
        """Whether who was told of one has been told of the other."""
        return bool(self) == bool(other) and self.faults == other.faults

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


NO_COMPLAINT = Complaint()


@dataclass(slots=True)
class FetchedZone:
    """`loaded` is the last version that can be used, answered from unless it has expired.

    `unused` is a newer one that stands in the way of a record, for the reason `conflict`. `primary` gave the newest
    version, or confirmed it last. `problem` is why the last refresh failed; empty: it did not.
    `passed_over` is what was wrong with primaries while another one gave the version.
    `doubt` is what was told of its signatures; empty: it has none.
    `is_notified`: somebody says that there is a newer one; primaries are not asked for that before `quiet_until`.
    `are_all_wanted`: primaries that have been silent lately are asked beside the others, because of that.
    `rounds_begun` and `rounds_ended` count how often the primaries were asked, `round_over` is set when one has ended.
    `alone_until`: asked about together with others it got no answer; it is asked for by itself until then, or until
    that failed as well.
    `told_expires_at` is what the engine knows of its expiry.
    `disk_problem` is why the version here is not on disk; empty: it is, or waits for its turn.
    `is_whole_wanted`: an operator wants the whole of the newest version that there is, also if it is not newer.
    """

    definition: ZoneDefinition
    secondary: Secondary
    loaded: LoadedZone | None = None
    unused: LoadedZone | None = None
    conflict: str = ""
    primary: Primary | None = None
    problem: Complaint = NO_COMPLAINT
    passed_over: Complaint = NO_COMPLAINT
    doubt: str = ""
    is_busy: bool = False
    is_notified: bool = False
    are_all_wanted: bool = False
    quiet_until: Instant = 0.0
    alone_until: Instant = 0.0
    told_expires_at: Instant | None = -math.inf
    is_whole_wanted: bool = False
    is_saved: bool = True
    disk_problem: str = ""
    is_saving: bool = False
    save_due: Instant = 0.0
    rounds_begun: int = 0
    rounds_ended: int = 0
    round_over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def newest(self) -> LoadedZone | None:
        """The newest version that is here, whether or not it can be used."""
        return self.unused or self.loaded

    @property
    def serial(self) -> int | None:
        """That of the newest version; None: there is none."""
        return None if self.newest is None else self.newest.zone.serial

    def cause(self, what: str, why: str) -> Cause:
        """Of an alarm about it: what is wrong with one zone of its primaries may be wrong with all."""
        return Cause(f"primaries/{','.join(map(str, self.definition.primaries))}", what, why)

    @property
    def is_answered(self) -> bool:
        """Whether there is something to answer from."""
        return self.loaded is not None and self.secondary.is_served

    def next_due(self) -> Instant:
        """When something is to be done, if nothing is under way."""
        is_save_awaited = self.is_saved or self.is_saving
        due = self.secondary.due if is_save_awaited else min(self.secondary.due, self.save_due)
        return due if self.expires_at is None else min(due, self.expires_at)

    @property
    def expires_at(self) -> Instant | None:
        """When it is answered no more unless a primary is heard; None: it is not, or for ever."""
        return self.secondary.expires_at if self.secondary.is_served else None

    def is_save_due(self, now: Instant) -> bool:
        """Whether the version here is to be written to disk now."""
        return not self.is_saved and not self.is_saving and self.save_due <= now

    def is_due_with_others(self, now: Instant) -> bool:
        """Whether its primaries are to be asked now, and may be asked about other zones beside it."""
        is_due = self.secondary.due_with_others <= now
        return is_due and not self.is_busy and self.alone_until <= now and not self.is_whole_wanted

    def begin_with_others(self) -> None:
        """It is asked about together with others; one of the two below has to follow."""
        self.is_busy = True
        self.rounds_begun += 1

    def end_with_others(self) -> None:
        """Something has come of that."""
        self.is_busy = False
        self.end_round()

    def leave_others(self, now: Instant) -> None:
        """Nothing has: it is asked for by itself, at once."""
        self.is_busy = False
        self.rounds_begun -= 1
        self.alone_until = now + ALONE_S
        self.secondary = self.secondary.asked_for(now)

    @contextmanager
    def round(self) -> Iterator[None]:
        """The primaries are asked, and something comes of it."""
        self.rounds_begun += 1
        try:
            yield
        finally:
            self.end_round()

    def end_round(self) -> None:
        """Something has come of it."""
        self.rounds_ended = self.rounds_begun
        self.round_over.set()
        self.round_over = asyncio.Event()

    async def wait_for_round(self, number: int, limit_s: float, *, is_whole: bool) -> bool:
        """Whether the round of that number has ended; False: not within the limit.

        One that fetched the zone whole is over when the primaries were asked once more: the first may have been behind.
        """
        try:
            async with asyncio.timeout(limit_s):
                while self.rounds_ended < number or (is_whole and self._is_to_follow):
                    await self.round_over.wait()
        except TimeoutError:
            return False
        return True

    @property
    def _is_to_follow(self) -> bool:
        return self.is_notified or self.rounds_begun > self.rounds_ended

    def heed(self, now: Instant) -> None:
        """Ask soon if somebody said that there is something new, also while the primaries were being asked."""
        if self.is_notified and not self.is_busy:
            self.is_notified, self.are_all_wanted = False, True
            self.secondary = self.secondary.asked_for(max(now, self.quiet_until))

    def redefine(self, definition: ZoneDefinition) -> None:
        """The configuration, or a catalog, says something else of the zone; its versions stay."""
        self.definition = definition
        self.loaded = None if self.loaded is None else replace(self.loaded, definition=definition)
        self.unused = None if self.unused is None else replace(self.unused, definition=definition)

    def take(self, loaded: LoadedZone, conflict: str) -> None:
        """A newer version is here; with a conflict it stands by until there is none."""
        if conflict:
            self.unused, self.conflict = loaded, conflict
        else:
            self.loaded, self.unused, self.conflict, self.is_saved = loaded, None, "", False
