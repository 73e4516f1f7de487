"""One probe while it runs: its endpoint, its clock and its phases."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from understudy.checks.transport.resolve import resolve
from understudy.clock.clock import Clock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.observation import Phase


class Attempt:
    """What a kind's probe works with. Phases follow each other: entering one ends the one before.

    `missed` is what to say if the deadline passes now, such as what was expected and seen so far; or empty.
    """

    __slots__ = ("_entered_at", "_phases", "check", "clock", "endpoint", "missed", "phase")

    def __init__(self, check: Check, endpoint: Endpoint, clock: Clock) -> None:
        self.check = check
        self.endpoint = endpoint
        self.phase = ""
        self.missed = ""
        self.clock = clock
        self._phases: list[Phase] = []
        self._entered_at = 0.0

    @property
    def timeout_s(self) -> float:
        """The whole probe's deadline, counted from its start."""
        return self.check.schedule.timeout_s

    def now(self) -> Instant:
        """The present instant."""
        return self.clock.now()

    def enter(self, phase: str) -> None:
        """Begin `phase`; entering the phase that is running already changes nothing."""
        if phase == self.phase:
            return
        now = self.clock.now()
        self._end(now)
        self.phase = phase
        self._entered_at = now

    def finish(self, now: Instant) -> tuple[Phase, ...]:
        """All phases in order, the last one ended at `now`."""
        self._end(now)
        self._entered_at = now
        return tuple(self._phases)

    def _end(self, now: Instant) -> None:
        if self.phase:
            self._phases.append(Phase(self.phase, now - self._entered_at))

    async def addresses(self) -> Sequence[IPv4Address | IPv6Address]:
        """The endpoint's addresses, best first, never empty; a host name is looked up in the phase `resolve`."""
        target = self.endpoint.target
        if not isinstance(target, Name):
            return (target,)
        self.enter("resolve")
        return await resolve(str(target))
