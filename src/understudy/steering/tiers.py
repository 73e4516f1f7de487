"""Policy `tiers`: the first pool that can serve, the others in reserve."""

from __future__ import annotations

from understudy.model.endpoint import Member
from understudy.steering.policy import Choice, Tiers
from understudy.steering.variants import share_evenly


class TiersPolicy:
    """Pools in order of preference; within the chosen one everything eligible shares the traffic evenly."""

    answers_max = 8  # semantics 4.8

    def arrange(self, tiers: Tiers) -> Tiers:
        """As the record has them."""
        return tiers

    def choose(self, members: tuple[Member, ...], answers_max: int) -> Choice:
        """Evenly, in the order of the pool; weights make no difference."""
        return share_evenly([member.endpoint for member in members], answers_max)
