"""How the reasons of this stage speak of time and number."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor

from understudy.model.instant import Instant

_FLOAT_ERROR_S = 1e-6  # chosen: what sums of instants may lack of a whole second; a float of today is that exact


def civil(instant: Instant) -> str:
    """`instant` as civil time, such as `2026-11-22 10:58:45 UTC`: the second that it is in, as clocks show it."""
    try:
        return datetime.fromtimestamp(floor(instant + _FLOAT_ERROR_S), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):  # an instant that no calendar has: never worth an exception here
        return f"{instant:.0f} s"


def count_of(amount: int, noun: str) -> str:
    """`1 fall`, `2 falls`: the noun in its number."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
