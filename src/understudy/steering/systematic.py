"""Several endpoints for one answer, each as often as its weight says: systematic sampling (Madow 1949; ADR 0015).

The endpoints are laid on a line, each as long as its probability to be in an answer. A comb with teeth one unit apart
is put down at a random place, and those that it touches are drawn. As the place moves, what it touches changes at
most once for each endpoint, so there are no more sets to write out than endpoints.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from understudy.model.endpoint import Endpoint, Member
from understudy.model.frozen import frozen


@frozen
class Draw:
    """Endpoints for one answer, and how often they are drawn together, relative to the other draws."""

    endpoints: tuple[Endpoint, ...]
    weight: int


def draws(members: Sequence[Member], size: int) -> Iterator[Draw]:
    """Every set of `size` that may be drawn; an endpoint's is in one with min(1, size x weight / sum of weights).

    What a heavy endpoint cannot take, because it is in every answer already, goes to the others by their weights.
    `members` are more than `size`, and each has a weight. Within a set the order is that of `members`.
    """
    certain = _find_certain(members, size)
    others = [index for index in range(len(members)) if index not in certain]
    teeth = size - len(certain)
    unit = sum(members[index].weight for index in others)  # of the line, on which an endpoint is teeth x weight long
    ends = list(accumulate(teeth * members[index].weight for index in others))
    for place, next_place in pairwise(sorted({0, unit, *(end % unit for end in ends)})):
        touched = (others[bisect_right(ends, place + tooth * unit)] for tooth in range(teeth))
        yield Draw(tuple(members[index].endpoint for index in sorted({*certain, *touched})), next_place - place)


def _find_certain(members: Sequence[Member], size: int) -> frozenset[int]:
    """The places of those so heavy that they are in every answer; without them others may be heavy, too."""
    certain: frozenset[int] = frozenset()
    while True:
        rest = [index for index in range(len(members)) if index not in certain]
        weight = sum(members[index].weight for index in rest)
        heavy = [index for index in rest if (size - len(certain)) * members[index].weight > weight]
        if not heavy:
            return certain
        certain |= frozenset(heavy)
