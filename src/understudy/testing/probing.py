"""A monitor at work in a FakeNetwork, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from understudy.model.instant import Instant
from understudy.model.verdict import LOCAL_MONITOR, Verdict, VerdictState
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.monitor.watchdog import Watchdog
from understudy.testing.builders import endpoint, probe_key
from understudy.testing.fake_network import FakeNetwork
from understudy.testing.virtual_time import VirtualClock, run_virtual


class ProbingWorld:
    """A monitor with its watchdog. Times are in seconds since the story began; addresses are probed by `web`.

    `changes` has every change of a verdict's state, `told` every (time, what, text) of the watchdog's alarms.
    """

    def __init__(self, clock: VirtualClock, limits: Limits | None = None) -> None:
        self.clock = clock
        self.network = FakeNetwork(clock)
        self.changes: list[VerdictChange] = []
        self.told: list[tuple[float, str, str]] = []
        self.monitor = Monitor(LOCAL_MONITOR, self.network.probe, clock, on_change=self.changes.append, limits=limits)
        self.watchdog = Watchdog(self.monitor, clock, set_alarm=self._hear)
        self.scheduler: asyncio.Task[None] | None = None

    def start_scheduler(self) -> None:
        """Run the monitor."""
        self.scheduler = asyncio.create_task(self.monitor.run())

    async def stop_scheduler(self) -> None:
        """End the monitor's run, as a fault would, but quietly."""
        if self.scheduler is not None:
            self.scheduler.cancel()
            await asyncio.wait([self.scheduler])

    async def until(self, time_s: float) -> None:
        """Let time pass."""
        await self.clock.sleep_until(self.clock.start + time_s)

    def behave(self, address: str, behaviour: str, at_s: float | None = None) -> None:
        """From `at_s` (None: now) on the endpoint does this."""
        self.network.set(endpoint(address), behaviour, at=None if at_s is None else self.clock.start + at_s)

    def verdict(self, address: str) -> Verdict:
        """What is thought of it now."""
        return self.monitor.verdicts[probe_key(address)]

    def state(self, address: str) -> VerdictState:
        """The state of that."""
        return self.verdict(address).state

    def states(self) -> list[VerdictState]:
        """The states that were entered, in order."""
        return [change.after.state for change in self.changes]

    def probes_of(self, address: str) -> list[float]:
        """When its probes began."""
        return [at - self.clock.start for at, each, _ in self.network.probes if each == endpoint(address)]

    def alarms(self, what: str) -> list[tuple[float, str]]:
        """When an alarm was raised, changed, and ended (an empty text)."""
        return [(at, text) for at, key, text in self.told if key == f"monitor/{LOCAL_MONITOR}/{what}"]

    def _hear(self, key: str, text: str, now: Instant) -> None:
        self.told.append((now - self.clock.start, key, text))


def probe_virtually(story: Callable[[ProbingWorld], Awaitable[None]], limits: Limits | None = None) -> None:
    """Tell `story` in a world of its own, scheduler and watchdog running, and end both."""

    async def main(clock: VirtualClock) -> None:
        world = ProbingWorld(clock, limits)
        world.start_scheduler()
        watching = asyncio.create_task(world.watchdog.run())
        try:
            await story(world)
        finally:
            world.network.release()
            watching.cancel()
            await world.stop_scheduler()
            await asyncio.wait([watching])

    run_virtual(main)
