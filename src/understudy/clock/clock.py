"""Time as a capability that is passed as an argument."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from understudy.model.instant import Instant


class Clock(Protocol):
    """Where `now` comes from; tests pass a virtual one."""

    def now(self) -> Instant:
        """The present instant."""
        ...

    def to_monotonic(self, instant: Instant) -> float:
        """The same moment on CLOCK_MONOTONIC, which the engine reads."""
        ...

    def civil_shift_s(self) -> float:
        """By how much civil time was set forward since the clock was made, negative: back.

        For what the next start reads by civil time, such as the times of files.
        """
        ...

    async def sleep_until(self, instant: Instant) -> None:
        """Return at `instant` or, if it has passed, after one turn of the loop."""
        ...


class SystemClock:
    """CLOCK_MONOTONIC, anchored once to the civil time at construction (ADR 0003)."""

    def __init__(self) -> None:
        self._epoch = time.time() - time.monotonic()

    def now(self) -> Instant:
        """The present instant."""
        return self._epoch + time.monotonic()

    def to_monotonic(self, instant: Instant) -> float:
        """The same moment on CLOCK_MONOTONIC."""
        return instant - self._epoch

    def civil_shift_s(self) -> float:
        """By how much civil time was set since."""
        return time.time() - self.now()

    async def sleep_until(self, instant: Instant) -> None:
        """Return at `instant` or, if it has passed, after one turn of the loop."""
        await asyncio.sleep(max(0.0, instant - self.now()))
