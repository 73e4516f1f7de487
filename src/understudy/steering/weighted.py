"""Policy `weighted`: traffic in proportion to weights."""

from __future__ import annotations

from itertools import chain

from understudy.model.decision import Selector, Variant
from understudy.model.endpoint import Member
from understudy.steering.policy import Choice, Tiers
from understudy.steering.variants import windows


class WeightedPolicy:
    """All pools together are one tier; each answer begins with an endpoint drawn by weight.

    With `answers_max` above 1 the drawn endpoint is followed by its neighbours in the order of the pools, so the first
    address is weighted exactly and the rest are there for clients that try a second one (ADR 0007).
    """

    answers_max = 1  # semantics 4.8: of several addresses clients choose as they like, which undoes the weights

    def arrange(self, tiers: Tiers) -> Tiers:
        """One tier with all."""
        return (tuple(chain.from_iterable(tiers)),)

    def choose(self, members: tuple[Member, ...], answers_max: int) -> Choice:
        """A variant that begins with each endpoint, as likely as its weight.

        Weight 0 goes out only where nothing has a weight; then all are alike.
        """
        weighted = tuple(member for member in members if member.weight > 0)
        drawn = weighted or members
        variants = tuple(
            Variant(tuple(member.endpoint for member in window), weight=max(window[0].weight, 1))
            for window in windows(drawn, answers_max)
        )
        return (Selector.ONE if len(variants) == 1 else Selector.CHANCE), variants
