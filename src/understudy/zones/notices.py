"""Which secondaries are still to be told of a new version, and when they are told again (RFC 1996)."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import ServerPlace
from understudy.zones.serial import is_later

RETRY_FIRST_S = 1.0  # chosen: one lost packet costs a second
RETRY_MAX_S = 60.0  # RFC 1996 3.6: "60 seconds" is what it suggests between two attempts
REMIND_S = 1.0  # chosen: BIND heeds no NOTIFY for half a second after a transfer that failed, and acknowledges it
GIVE_UP_S = 600.0  # chosen: after that the secondary's own refresh finds the version sooner than we find the secondary


_Key: TypeAlias = tuple[Name, NotifyTarget]


@frozen
class Notice:
    """One message to one server."""

    origin: Name
    target: NotifyTarget
    serial: int


@dataclass(slots=True)
class Told:
    """How things stand with one server: what it has acknowledged, and why it has not what is newer.

    `has_zone`: it has acknowledged something, was seen to answer for the zone, or has fetched it from here.
    `reminded_of`: what it was told of once more, because it had acknowledged that and did not come for it.
    """

    serial: int | None = None
    at: Instant | None = None
    problem: str = ""
    has_zone: bool = False
    reminded_of: int | None = None


@dataclass(slots=True)
class _Pending:
    serial: int
    since: Instant
    due: Instant
    pause_s: float = RETRY_FIRST_S
    is_hindered: bool = False


class Notices:
    """The newest serial only, to each server until it answers or ten minutes have passed.

    ```text
    QUIET    -- new version -->    PENDING    sent at once
    PENDING  -- new version -->    PENDING    with the new serial, at once, the time starts again
    PENDING  -- no answer -->      PENDING    again after 1 s, 2 s, 4 s ... 60 s
    PENDING  -- acknowledged -->   QUIET
    PENDING  -- cannot be sent --> PENDING    with a problem, again as without an answer
    PENDING  -- refused -->        QUIET      with a problem, until the next version
    PENDING  -- 10 minutes -->     QUIET      with a problem, until the next version
    QUIET with a problem -- seen to have the zone, or sent it, for the first time --> PENDING, at once
    any      -- others may fetch it --> PENDING, at once
    QUIET, acknowledged  -- seen without the version a second later  --> PENDING, at once, once for each version
    ```
    """

    def __init__(self) -> None:
        self._pending: dict[_Key, _Pending] = {}
        self._fresh: dict[_Key, None] = {}  # of those the ones that nothing was sent of yet, the newest last
        self._later: list[tuple[Instant, int, _Key]] = []  # a heap of the others; what is due at another time is void
        self._order = count()
        self._told: dict[Name, dict[NotifyTarget, Told]] = {}
        self._newest: dict[Name, int] = {}

    def announce(self, origin: Name, serial: int, targets: Collection[NotifyTarget], *, now: Instant) -> None:
        """A new version; servers that are not named any more are forgotten."""
        before = self._told.get(origin, {})
        self.forget(origin)
        self._newest[origin] = serial
        self._told[origin] = {target: before.get(target, Told()) for target in targets}
        for target in reversed(list(self._told[origin])):
            self._begin((origin, target), serial, now)

    def amend(self, origin: Name, targets: Collection[NotifyTarget], *, now: Instant) -> bool:
        """Other servers are named than when the version was announced; True: there is somebody to tell."""
        before = self._told.get(origin)
        if before is None:
            return False
        self._told[origin] = {target: before.get(target, Told()) for target in targets}
        for target in before.keys() - set(targets):
            self._remove((origin, target))
        added = [target for target in targets if target not in before]
        for target in added:
            self._begin((origin, target), self._newest[origin], now)
        return bool(added)

    def repeat(self, origin: Name, now: Instant) -> bool:
        """Everybody is told of the newest version once more; True: there is somebody to tell."""
        told = self._told.get(origin, {})
        for target in told:
            self._begin((origin, target), self._newest[origin], now)
        return bool(told)

    def _begin(self, key: _Key, serial: int, now: Instant) -> None:
        self._pending[key] = _Pending(serial, now, now)
        self._fresh.pop(key, None)
        self._fresh[key] = None

    def forget(self, origin: Name) -> None:
        """The zone is handed on no more."""
        self._newest.pop(origin, None)
        for target in self._told.pop(origin, {}):
            self._remove((origin, target))

    def take(self, now: Instant, most: int | None = None) -> tuple[list[Notice], list[Notice]]:
        """What is to be sent now, no more than `most`, and what is given up.

        What nobody has been told of comes first, and of that the newest: with thousands of zones to tell of after a
        start, a failover does not wait for them.
        """
        due: list[Notice] = []
        given_up: list[Notice] = []
        while (most is None or len(due) < most) and (key := self._next(now)) is not None:
            pending = self._pending[key]
            notice = Notice(*key, pending.serial)
            if now >= pending.since + GIVE_UP_S and pending.is_hindered:
                self._drop(notice)  # with the problem that it has
                continue
            if now >= pending.since + GIVE_UP_S:
                self._end(notice, f"no answer to NOTIFY of serial {pending.serial} in {GIVE_UP_S / 60:.0f} minutes")
                given_up.append(notice)
                continue
            due.append(notice)
            pending.is_hindered = False
            pending.due = now + pending.pause_s
            pending.pause_s = min(2 * pending.pause_s, RETRY_MAX_S)
            heapq.heappush(self._later, (pending.due, next(self._order), key))
        return due, given_up

    def _next(self, now: Instant) -> _Key | None:
        """What is due and comes first; None: nothing is due."""
        if self._fresh:
            return self._fresh.popitem()[0]
        later = self._next_later()
        if later is None or later > now:
            return None
        return heapq.heappop(self._later)[2]

    def _next_later(self) -> Instant | None:
        """When something is due that was sent before; what is void is swept on the way."""
        while self._later:
            due, _, key = self._later[0]
            pending = self._pending.get(key)
            if pending is not None and pending.due == due and key not in self._fresh:
                return due
            heapq.heappop(self._later)
        return None

    def acknowledge(self, notice: Notice, now: Instant) -> None:
        """The server has heard it; an answer to an older notice leaves the newer one to be sent."""
        told = self._told.get(notice.origin, {}).get(notice.target)
        if told is not None:
            told.serial, told.at, told.problem, told.has_zone = notice.serial, now, "", True
        self._drop(notice)

    def refuse(self, notice: Notice, problem: str) -> None:
        """The server answered that it will not."""
        self._end(notice, problem)

    def hinder(self, notice: Notice, problem: str) -> bool:
        """It could not be sent, by no fault of the server's, and is tried again; True: that is new."""
        pending = self._pending.get((notice.origin, notice.target))
        told = self._told.get(notice.origin, {}).get(notice.target)
        if pending is None or told is None:
            return False
        pending.is_hindered = True
        is_new, told.problem = told.problem != problem, problem
        return is_new

    def seen(self, origin: Name, server: ServerPlace, now: Instant) -> bool:
        """A server was seen to have the zone; True: it is to be told once more, because it would not hear of it before.

        A server that learns from a catalog which zones there are is told of a new one before it knows that.
        """
        is_told_again = False
        for target, told in self._told.get(origin, {}).items():
            if not told.has_zone and (target.address, target.port) == (server.address, server.port):
                is_told_again |= self._learn(origin, target, told, now=now)
        return is_told_again

    def lacking(self, origin: Name, server: ServerPlace, serial: int | None, *, now: Instant) -> bool:
        """A server was seen with this serial, None without the zone; True: it is to be told once more.

        It has acknowledged what it has not: it heard of that when it could do nothing about it, and has forgotten it.
        """
        newest, is_told_again = self._newest.get(origin), False
        if newest is None or (serial is not None and not is_later(newest, serial)):
            return False
        for target, told in self._told.get(origin, {}).items():
            is_quiet = (target.address, target.port) == (server.address, server.port) and told.serial == newest
            if is_quiet and told.reminded_of != newest and told.at is not None and now >= told.at + REMIND_S:
                told.reminded_of = newest
                self._begin((origin, target), newest, now)
                is_told_again = True
        return is_told_again

    def fetched(self, origin: Name, address: str, now: Instant) -> bool:
        """The zone was sent to an address: as if the server there, if there is one only, was seen to have it."""
        there = [each for each in self._told.get(origin, {}).items() if each[0].address == address]
        if len(there) != 1 or there[0][1].has_zone:
            return False
        return self._learn(origin, *there[0], now=now)

    def _learn(self, origin: Name, target: NotifyTarget, told: Told, *, now: Instant) -> bool:
        told.has_zone = True
        if not told.problem:
            return False
        told.problem = ""
        self._begin((origin, target), self._newest[origin], now)
        return True

    def next_due(self) -> Instant | None:
        """When something is to be sent or given up."""
        fresh = next(iter(self._fresh), None)
        return self._next_later() if fresh is None else self._pending[fresh].due

    def standing(self, origin: Name) -> Iterator[tuple[NotifyTarget, Told, bool]]:
        """Each server of a zone, how things stand with it, and whether it is still to be told."""
        for target, told in self._told.get(origin, {}).items():
            yield target, told, (origin, target) in self._pending

    def _end(self, notice: Notice, problem: str) -> None:
        told = self._told.get(notice.origin, {}).get(notice.target)
        if told is not None:
            told.problem = problem
        self._drop(notice)

    def _drop(self, notice: Notice) -> None:
        pending = self._pending.get((notice.origin, notice.target))
        if pending is not None and pending.serial == notice.serial:
            self._remove((notice.origin, notice.target))

    def _remove(self, key: _Key) -> None:
        self._pending.pop(key, None)
        self._fresh.pop(key, None)
