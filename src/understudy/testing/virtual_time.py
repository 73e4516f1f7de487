"""An event loop whose time jumps to the next timer as soon as every task waits.

An hour of timers passes in as long as their callbacks need, and every run has the same instants. The manner is that of
trio's autojump clock.

What is virtual: all that waits by the loop (`asyncio.sleep`, `asyncio.timeout`, `call_later`, and `VirtualClock`).
What is not: threads. While work handed to `run_in_executor` or `asyncio.to_thread` is under way, time stands still and
the loop waits for it in real time; a thread started in another way is not seen, and time may jump past it. Sockets and
subprocesses are refused: they live in real time, where `asyncio.run` belongs.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

from understudy.model.instant import Instant

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

VIRTUAL_START: Instant = 1_700_000_000.0
"""Where virtual time starts: 2023-11-14 22:13:20 UTC (chosen: a round number in the past)."""


class DeadlockError(RuntimeError):
    """Every task waits and no timer is set: in virtual time nothing can happen any more."""


class RealSocketError(RuntimeError):
    """A socket or a subprocess was given to a loop whose time jumps."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for a timeout, adds it to the time."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.threads = 0
        self.is_sealed = False

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.is_sealed:
            raise RealSocketError(f"{fileobj!r} lives in real time; use asyncio.run for a test with real sockets")
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.threads:
            return super().select(0 if timeout == 0 else None)
        if timeout is None:
            raise DeadlockError("every task waits and no timer is set: something is awaited that nobody will do")
        self.time += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time; `time()` starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._jumping.is_sealed = True  # the loop's own wake-up pipe is in, and nothing else may come

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.time

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As any loop does; virtual time stands still until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._forget_thread)
        return future

    @contextmanager
    def awaited_by_thread(self) -> Iterator[None]:
        """A thread of the executor waits for the loop: meanwhile time goes on as if there were no such thread."""
        self._jumping.threads -= 1
        try:
            yield
        finally:
            self._jumping.threads += 1

    async def shutdown_default_executor(self) -> None:
        """As any loop does, in real time: the executor is joined by a thread."""
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jumping.threads -= 1

    def _forget_thread(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads -= 1


class VirtualClock:
    """The Clock of virtual time. Instants that were slept until are met exactly, so tests may compare with `==`."""

    def __init__(self, loop: VirtualLoop, start: Instant = VIRTUAL_START) -> None:
        self._loop = loop
        self.start = start
        self.civil_step_s = 0.0
        """What somebody has set the civil clock forward by; tests may set it, also back."""

    def now(self) -> Instant:
        """The present instant."""
        return self.start + self._loop.time()

    def to_monotonic(self, instant: Instant) -> float:
        """Seconds since the loop was made; nothing to do with this machine's CLOCK_MONOTONIC."""
        return instant - self.start

    def civil_shift_s(self) -> float:
        """As a test has set it."""
        return self.civil_step_s

    async def sleep_until(self, instant: Instant) -> None:
        """Return at exactly `instant` or, if it has passed, after one turn of the loop."""
        if instant <= self.now():
            await asyncio.sleep(0)
            return
        woken = self._loop.create_future()
        timer = self._loop.call_at(instant - self.start, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    async def sleep(self, duration_s: float) -> None:
        """Let `duration_s` pass."""
        await self.sleep_until(self.now() + duration_s)


def run_virtual(main: Callable[[VirtualClock], Awaitable[T]], start: Instant = VIRTUAL_START) -> T:
    """Run `main(clock)` to its end in virtual time, and return what it returns.

    Raises DeadlockError if it waits for what cannot happen, RealSocketError if it opens a socket.
    """
    loop = VirtualLoop()
    clock = VirtualClock(loop, start)

    async def whole() -> T:
        return await main(clock)

    coroutine: Coroutine[Any, Any, T] = whole()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(coroutine)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
