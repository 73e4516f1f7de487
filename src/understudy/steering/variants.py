"""Variants that share traffic evenly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from understudy.model.decision import Selector, Variant
from understudy.model.endpoint import Endpoint
from understudy.steering.policy import Choice

Item = TypeVar("Item")


def share_evenly(endpoints: Sequence[Endpoint], answers_max: int) -> Choice:
    """All of them with the order rotated; more than `answers_max`: a window of that many, each as likely as the next.

    Every endpoint is in the same number of windows and leads exactly one, so first addresses are even as well.
    """
    if len(endpoints) == 1:
        return Selector.ONE, (Variant(tuple(endpoints)),)
    if len(endpoints) <= answers_max:
        return Selector.ROTATE, (Variant(tuple(endpoints)),)
    return Selector.CHANCE, tuple(Variant(window) for window in windows(endpoints, answers_max))


def windows(items: Sequence[Item], width: int) -> Iterator[tuple[Item, ...]]:
    """One window of `width` starting at each item, going on at the front after the last; none has an item twice."""
    twice = [*items, *items]
    for start in range(len(items)):
        yield tuple(twice[start : start + min(width, len(items))])
