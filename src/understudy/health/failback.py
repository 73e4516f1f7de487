"""When a recovered endpoint may return (semantics 3.2)."""

from __future__ import annotations

from understudy.health.fold import FLAP_WINDOW_S
from understudy.health.words import civil, count_of
from understudy.model.health import Health
from understudy.model.instant import Instant

HOLD_MAX_S = 900.0
"""Semantics 3.2: flapping lengthens a hold to 15 min at most."""


def flaps(health: Health, at: Instant) -> int:
    """DOWN transitions in the 30 min before `at`."""
    return sum(at < fall + FLAP_WINDOW_S for fall in health.falls)


def hold_s(delay_s: float, flap_count: int) -> float:
    """`delay_s` x 2^flaps, at most 15 min; a delay that is longer by itself is not doubled and not cut."""
    doubled: float = delay_s * 2.0 ** min(flap_count, 64)  # 64 doublings exceed every cap; more would overflow
    return min(doubled, max(delay_s, HOLD_MAX_S))


def return_at(health: Health, delay_s: float) -> Instant:
    """The first instant at which an endpoint, UP since `health.since`, has waited for as long as that instant asks.

    The wait shrinks each time that a fall leaves the window, so it may end at the very instant of such a step.
    """
    steps = sorted(fall + FLAP_WINDOW_S for fall in health.falls if fall + FLAP_WINDOW_S > health.since)
    start = health.since
    for index, end in enumerate(steps):
        ready = max(start, health.since + hold_s(delay_s, len(steps) - index))
        if ready < end:
            return ready
        start = end
    return max(start, health.since + delay_s)


def explain_hold(health: Health, delay_s: float) -> str:
    """The arithmetic of `return_at` in words, such as `3 s x 2^1 = 6 s`."""
    back = return_at(health, delay_s)
    count = flaps(health, back)
    waits = _explain_arithmetic(delay_s, count)
    return f"{waits} after {count_of(count, 'fall')} in 30 min, back at {civil(back)}"


def _explain_arithmetic(delay_s: float, count: int) -> str:
    """In seconds throughout, so that both sides can be compared at a glance."""
    hold = hold_s(delay_s, count)
    if hold == delay_s:
        return f"{delay_s:g} s"
    is_cut = hold < delay_s * 2.0 ** min(count, 64)
    return f"{delay_s:g} s x 2^{count}{', at most' if is_cut else ' ='} {hold:g} s"
