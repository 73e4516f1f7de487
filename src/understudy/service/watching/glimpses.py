"""Asks servers that have just heard of a version, or fetched one, for their serial until they have it (ADR 0026)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from understudy.clock.clock import Clock
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.watch import NamedServer
from understudy.service.agenda import Agenda

AT_ONCE = 20  # chosen: as looks
PACE_S = 0.02  # chosen: fifty questions a second at a millisecond each are a twentieth of a processor
PAUSE_FIRST_S = 0.1  # chosen: whoever fetches at once has it by then
PAUSE_MAX_S = 5.0  # chosen: 0.1, 0.2 ... 3.2 s: who has not followed after six seconds is left to the looks

Key: TypeAlias = tuple[Name, NamedServer]

Glance: TypeAlias = Callable[[Key], Awaitable[bool]]
"""Asks, and notes the answer; True: there is nothing more to wait for."""


@dataclass(slots=True)
class _Wish:
    due: Instant
    pause_s: float = PAUSE_FIRST_S


class Glimpses:
    """At once, then after pauses that double. Whoever is heard of again meanwhile begins anew.

    However many versions there are, and however many servers, the pace is kept: what has to wait is asked later.
    """

    def __init__(self, clock: Clock, glance: Glance) -> None:
        self._clock = clock
        self._glance = glance
        self._wishes: dict[Key, _Wish] = {}
        self._agenda: Agenda[Key] = Agenda()  # of those who are not being asked just now
        self._busy: set[Key] = set()
        self._news = asyncio.Event()

    def wish(self, key: Key) -> None:
        """This server may have a newer version now, or soon."""
        now = self._clock.now()
        self._wishes[key] = wish = _Wish(min(now, self._wishes[key].due) if key in self._wishes else now)
        if key not in self._busy:
            self._agenda.put(key, wish.due)
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._wishes.clear()
        self._agenda = Agenda()
        self._busy.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                key = self._choose(self._clock.now())
                if key is None:
                    await self._rest()
                    continue
                self._busy.add(key)
                group.create_task(self._attend(key), name=f"glance at {key[1]}")
                await self._clock.sleep_until(self._clock.now() + PACE_S)

    def _choose(self, now: Instant) -> Key | None:
        """Who has waited longest."""
        if len(self._busy) >= AT_ONCE:
            return None
        return next(self._agenda.take(now), None)

    async def _rest(self) -> None:
        due = None if len(self._busy) >= AT_ONCE else self._agenda.next_due()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.now())):
                await self._news.wait()

    async def _attend(self, key: Key) -> None:
        wish = self._wishes[key]
        try:
            is_over = await self._glance(key)
        finally:
            self._busy.discard(key)
            self._news.set()
        if self._wishes[key] is not wish:  # heard of again: what was asked may have been asked too early
            self._agenda.put(key, self._wishes[key].due)
        elif is_over or wish.pause_s > PAUSE_MAX_S:
            del self._wishes[key]
        else:
            wish.due, wish.pause_s = self._clock.now() + wish.pause_s, 2 * wish.pause_s
            self._agenda.put(key, wish.due)
