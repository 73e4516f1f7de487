"""A scripted world: endpoints that are up, slow, silent or refusing at given instants."""

from __future__ import annotations

import asyncio
from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from understudy.clock.clock import Clock
from understudy.model.check import Check
from understudy.model.duration import DurationSyntaxError, parse_duration
from understudy.model.endpoint import Endpoint
from understudy.model.instant import Instant
from understudy.model.observation import Observation, Outcome, Phase

ROUND_TRIP_S = 0.02  # chosen: a server on the same continent


class Conduct(StrEnum):
    """What an endpoint does with a probe."""

    UP = "up"  # passes after a round trip
    SLOW = "slow"  # passes, but after `delay_s`: fails if that is beyond the timeout
    REFUSING = "refuses"  # fails after a round trip
    SILENT = "silent"  # fails at the timeout
    FAILING = "fails"  # is reached and says that it is ill, after a round trip
    UNREACHABLE = "unreachable"  # we have no route: inconclusive, at once
    STUCK = "stuck"  # the probe never ends, not even when cancelled, until `FakeNetwork.release`
    BUGGY = "buggy"  # the probe raises


@dataclass(frozen=True, slots=True, order=True)
class Behaviour:
    """`delay_s` is how long the endpoint takes, where that matters."""

    conduct: Conduct
    delay_s: float = ROUND_TRIP_S

    @classmethod
    def parse(cls, text: str) -> Behaviour:
        """`up`, `refuses`, `silent`, `slow 2s`. Raises ValueError."""
        word, _, rest = text.strip().partition(" ")
        try:
            conduct = Conduct(word)
            return cls(conduct, parse_duration(rest)) if rest else cls(conduct)
        except DurationSyntaxError:
            raise
        except ValueError:
            raise ValueError(f"'{text}' is no behaviour; there are {', '.join(Conduct)}") from None


class FakeNetwork:
    """Stands in for the world of one monitor; `probe` is what a Monitor takes.

    An endpoint that nothing was said about is up. What is said holds from its instant on, for every check or for one,
    and the particular goes before the general. A probe sees what holds when its packet would arrive.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._script: defaultdict[tuple[Endpoint, str], list[tuple[Instant, int, Behaviour]]] = defaultdict(list)
        self._released = asyncio.Event()
        self.probes: list[tuple[Instant, Endpoint, str]] = []
        """Every probe in order: when it began, of whom, by which check."""
        self.is_recording = True

    def set(
        self, endpoint: Endpoint, behaviour: Behaviour | str, *, at: Instant | None = None, check: str = ""
    ) -> None:
        """From `at` (None: now) on the endpoint does this; `check` limits it to probes by that check."""
        if isinstance(behaviour, str):
            behaviour = Behaviour.parse(behaviour)
        lines = self._script[endpoint, check]
        insort(lines, (self._clock.now() if at is None else at, len(lines), behaviour))

    def behaviour(self, endpoint: Endpoint, check: str = "") -> Behaviour:
        """What holds now."""
        now = self._clock.now()
        for scope in (check, ""):
            lines = self._script.get((endpoint, scope), [])
            index = bisect_right(lines, now, key=lambda line: line[0])
            if index:
                return lines[index - 1][2]
        return Behaviour(Conduct.UP)

    def release(self) -> None:
        """Let every stuck probe end."""
        self._released.set()

    async def probe(self, check: Check, endpoint: Endpoint) -> Observation:
        """Examine `endpoint`; takes the time that it would take, in the time of the clock."""
        if self.is_recording:
            self.probes.append((self._clock.now(), endpoint, check.name))
        timeout_s = check.schedule.timeout_s
        await asyncio.sleep(min(ROUND_TRIP_S / 2, timeout_s))
        behaviour = self.behaviour(endpoint, check.name)
        began = self._clock.now()
        if behaviour.conduct is Conduct.STUCK:
            await self._stay_stuck()
        if behaviour.conduct is Conduct.BUGGY:
            raise ZeroDivisionError("a bug in a check")
        is_mute = behaviour.conduct is Conduct.SILENT or behaviour.delay_s > timeout_s
        if behaviour.conduct is not Conduct.UNREACHABLE:
            await asyncio.sleep(max(0.0, (timeout_s if is_mute else behaviour.delay_s) - ROUND_TRIP_S / 2))
        return _observe(behaviour.conduct, self._clock.now(), began, is_mute=is_mute)

    async def _stay_stuck(self) -> None:
        while not self._released.is_set():
            try:
                await self._released.wait()
            except asyncio.CancelledError:
                continue


def _observe(conduct: Conduct, at: Instant, began: Instant, *, is_mute: bool) -> Observation:
    phases = (Phase("connect", at - began),)
    if is_mute:
        return Observation(Outcome.FAIL, at, "connect.timeout", "no answer in time", phases)
    if conduct is Conduct.REFUSING:
        return Observation(Outcome.FAIL, at, "connect.refused", "connection refused", phases)
    if conduct is Conduct.FAILING:
        return Observation(Outcome.FAIL, at, "http.status", "status 503, expected 200", phases)
    if conduct is Conduct.UNREACHABLE:
        return Observation(Outcome.INCONCLUSIVE, at, "socket.no_route", "this host has no route there")
    return Observation(Outcome.PASS, at, phases=phases)
