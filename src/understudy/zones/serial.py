"""Zone serials: which is later, and which comes next (RFC 1982, RFC 1912 2.2)."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from understudy.model.transfer import SerialStyle

_MODULUS = 2**32  # RFC 1035 3.3.13: SERIAL has 32 bits
_HALF = 2**31  # RFC 1982 3.1: the most that may be added, and one more
_AHEAD_MAX = 2**30  # chosen: half of what may be added, so that it still grows after a second time like this


def is_later(serial: int, other: int) -> bool:
    """Whether a secondary that has `other` would fetch `serial` (RFC 1982 3.2; undefined is no)."""
    return 0 < (serial - other) % _MODULUS < _HALF


def latest(published: int, other: int) -> int:
    """The later of two; the published one where neither is."""
    return other if is_later(other, published) else published


def next_serial(style: SerialStyle, wall_time: float, *, after: int) -> int:
    """A serial later than `after`: what the style says if that is later, else one more.

    `wall_time` is in seconds since the epoch. So a zone grows on whatever its style was before, and whatever the clock
    says. Serial 0 is a serial like the others.
    """
    wanted = _wanted(style, wall_time)
    return wanted if wanted is not None and is_later(wanted, after) else (after + 1) % _MODULUS


def beyond_lost(published: int, *, elapsed_s: float, merge_s: float, known: int = 0) -> int:
    """A serial that is not before any that may have gone out unseen in `elapsed_s` since `published` (ADR 0021).

    Versions of a zone are at least `merge_s` apart, but for the first of them, so there were not more than this; nor
    more than are `known` to be lost of all zones together, where that is known at all (not 0).
    """
    count = math.ceil(max(0.0, elapsed_s) / merge_s) + 1
    count = min(count, known) if known else count
    return (published + min(count, _AHEAD_MAX)) % _MODULUS


def _wanted(style: SerialStyle, wall_time: float) -> int | None:
    if style is SerialStyle.UNIXTIME:
        return int(wall_time) % _MODULUS
    if style is SerialStyle.DATE:
        return int(datetime.fromtimestamp(wall_time, UTC).strftime("%Y%m%d00"))
    return None
