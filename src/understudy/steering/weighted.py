"""Policy `weighted`: traffic in proportion to weights."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from understudy.model.decision import Selector, Variant
from understudy.model.endpoint import Member
from understudy.steering.policy import Choice, Tiers
from understudy.steering.systematic import draws
from understudy.steering.variants import share_evenly, windows


class WeightedPolicy:
    """All pools together are one tier; each answer has endpoints drawn by weight.

    With `answers_max` above 1 an endpoint is in answers, and first in them, in proportion to its weight, as far as it
    can be: in more than every answer it is never (ADR 0015).
    """

    answers_max = 1  # semantics 4.8: of several addresses clients choose as they like, which undoes the weights

    def arrange(self, tiers: Tiers) -> Tiers:
        """One tier with all."""
        return (tuple(chain.from_iterable(tiers)),)

    def choose(self, members: tuple[Member, ...], answers_max: int) -> Choice:
        """Every set that may be drawn, begun with each of its endpoints equally often.

        Weight 0 goes out only where nothing has a weight; then all are alike. Where all fit into one answer, weights
        make no difference any more.
        """
        weighted = tuple(member for member in members if member.weight > 0)
        drawn = weighted or tuple(replace(member, weight=1) for member in members)
        if len(drawn) <= answers_max:
            return share_evenly([member.endpoint for member in drawn], answers_max)
        variants = tuple(
            Variant(rotated, draw.weight)
            for draw in draws(drawn, answers_max)
            for rotated in windows(draw.endpoints, answers_max)
        )
        return Selector.CHANCE, variants
