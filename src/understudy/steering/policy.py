"""What a policy must say."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from understudy.model.decision import Selector, Variant
from understudy.model.endpoint import Member
from understudy.model.standing import Standing

Tiers: TypeAlias = tuple[tuple[Standing, ...], ...]
"""Standings by tier, the preferred first; a tier may be empty."""

Choice: TypeAlias = tuple[Selector, tuple[Variant, ...]]
"""How a variant is picked, and the variants: never none."""


class Policy(Protocol):
    """How a record chooses among its endpoints. The common rules (semantics 4) are `decide`'s, not a policy's."""

    @property
    def answers_max(self) -> int:
        """How many addresses go out where the record does not say (4.8)."""
        ...

    def arrange(self, tiers: Tiers) -> Tiers:
        """The record's pools as tiers in order of preference."""
        ...

    def choose(self, members: tuple[Member, ...], answers_max: int) -> Choice:
        """Turn the members that may go out (at least one, each endpoint once) into variants."""
        ...
