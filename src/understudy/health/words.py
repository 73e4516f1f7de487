"""How the reasons of this stage speak of time and number."""

from __future__ import annotations

from datetime import UTC, datetime

from understudy.model.instant import Instant


def civil(instant: Instant) -> str:
    """`instant` as civil time, down to the second (rounded to the nearest), such as `2026-11-22 10:58:45 UTC`."""
    try:
        return datetime.fromtimestamp(round(instant), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):  # an instant that no calendar has: never worth an exception here
        return f"{instant:.0f} s"


def count_of(amount: int, noun: str) -> str:
    """`1 fall`, `2 falls`: the noun in its number."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
