"""When the next probe of one (endpoint, check) is due.

Routine probes stand on a grid: slot k is at (k + phase) x interval after the Unix epoch, moved by up to half the jitter
in either direction. The phase is a hash of (check, endpoint, monitor), so probes of many endpoints, and of one endpoint
by many monitors, spread over the interval, and a restart finds the same grid. Two neighbouring slots are never further
apart than interval x (1 + jitter), which is what the time to notice a failure rests on.
"""

from __future__ import annotations

from hashlib import blake2b
from math import floor

from understudy.model.check import Schedule
from understudy.model.instant import Instant
from understudy.model.verdict import ProbeKey, Verdict, VerdictState

START_SPREAD_S = 2.0  # semantics 1.5
_SPAN = 1 << 64
_MASK = _SPAN - 1
_GAMMA, _MIX = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9  # of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)


def seed_of(key: ProbeKey, monitor: str) -> int:
    """64 bits that place one (check, endpoint, monitor): equal on every run and on every machine."""
    text = f"{key.check}\0{key.endpoint}\0{monitor}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def phase_of(seed: int) -> float:
    """Where in an interval, from 0 to below 1."""
    return (seed >> 11) / (1 << 53)  # 53 bits are what a float holds, so that 1 is never reached


def first_due(seed: int, now: Instant, schedule: Schedule) -> Instant:
    """The first probe: soon, but spread over the smaller of one interval and 2 s (semantics 1.5).

    A routine slot that comes within that time is the first probe, else it would be a second one right after.
    """
    window_s = min(schedule.interval_s, START_SPREAD_S)
    slot = next_slot(seed, now, schedule)
    return slot if slot < now + window_s else now + phase_of(seed) * window_s


def is_hurried(verdict: Verdict) -> bool:
    """Whether a change is being confirmed, so that the next probe is a recheck: SUSPECT, or failing from the start."""
    return verdict.state is VerdictState.SUSPECT or (verdict.state is VerdictState.UNKNOWN and verdict.count > 0)


def next_due(seed: int, now: Instant, schedule: Schedule, *, hurried: bool) -> Instant:
    """When to probe again, after a probe that ended `now`; always later than `now`."""
    slot = next_slot(seed, now, schedule)
    return min(slot, now + schedule.recheck_interval_s) if hurried else slot


def next_slot(seed: int, now: Instant, schedule: Schedule) -> Instant:
    """The first routine slot later than `now`."""
    interval = schedule.interval_s
    width = schedule.jitter * interval
    phase = phase_of(seed)
    k = floor(now / interval - phase - schedule.jitter / 2) + 1  # even the greatest jitter puts none before it later
    while True:
        slot = (k + phase) * interval + _swing(seed, k) * width
        if slot > now:
            return slot
        k += 1


def _swing(seed: int, k: int) -> float:
    """Jitter of slot `k`, from -1/2 to 1/2: by arithmetic, not by chance, so that a slot stays where it is."""
    mixed = (seed + k * _GAMMA) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * _MIX) & _MASK
    return (mixed ^ (mixed >> 27)) / _SPAN - 0.5
