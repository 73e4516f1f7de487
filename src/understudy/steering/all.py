"""Policy `all`: everything that is eligible."""

from __future__ import annotations

from itertools import chain

from understudy.model.endpoint import Member
from understudy.steering.policy import Choice, Tiers
from understudy.steering.variants import share_evenly


class AllPolicy:
    """All pools together are one tier, and everything eligible in it shares the traffic evenly."""

    answers_max = 8  # semantics 4.8

    def arrange(self, tiers: Tiers) -> Tiers:
        """One tier with all."""
        return (tuple(chain.from_iterable(tiers)),)

    def choose(self, members: tuple[Member, ...], answers_max: int) -> Choice:
        """Evenly, in the order of the pools; weights make no difference."""
        return share_evenly([member.endpoint for member in members], answers_max)
