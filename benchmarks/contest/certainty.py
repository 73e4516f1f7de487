"""How far the true median may be from that of the rounds which were measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

OUTSIDE = 0.05  # chosen: the usual share of runs in which what is sought is outside


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Between which two of the values the true median is, in 95 of 100 runs; the least and the greatest of a few.

    Nothing is assumed of how the values are spread, but that they know nothing of each other: that so many of them are
    below the median is as likely as so many heads of as many coins (order statistics).
    """
    ordered = sorted(values)
    count, skipped = len(ordered), 0
    while 2 * _heads_at_most(skipped, count) <= OUTSIDE:
        skipped += 1
    skipped = max(skipped - 1, 0)
    return ordered[skipped], ordered[count - 1 - skipped]


def _heads_at_most(most: int, coins: int) -> float:
    """How likely it is that so many coins show no more heads than that."""
    return float(sum(math.comb(coins, heads) for heads in range(most + 1)) / 2**coins)
