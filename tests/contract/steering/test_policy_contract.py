"""What every policy promises, whatever its kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.model.decision import Selector
from understudy.model.endpoint import Member
from understudy.model.record import PolicyKind
from understudy.model.standing import Standing, StandingKind
from understudy.steering.policies import POLICIES
from understudy.testing.builders import member

members = st.lists(st.integers(0, 5), min_size=1, max_size=12).map(
    lambda weights: tuple(member(f"192.0.2.{number}", weight) for number, weight in enumerate(weights, start=1))
)


@pytest.mark.parametrize("kind", PolicyKind)
@given(given_members=members, answers_max=st.integers(1, 12))
def test_a_policy_hands_out_only_what_it_was_given_and_no_more_than_allowed(
    kind: PolicyKind, given_members: tuple[Member, ...], answers_max: int
) -> None:
    selector, variants = POLICIES[kind].choose(given_members, answers_max)

    known = {each.endpoint for each in given_members}
    assert variants
    for variant in variants:
        assert 1 <= len(variant.endpoints) <= answers_max
        assert set(variant.endpoints) <= known
        assert len(set(variant.endpoints)) == len(variant.endpoints)
        assert variant.weight >= 1
    assert (selector is Selector.CHANCE) is (len(variants) > 1)
    assert POLICIES[kind].choose(given_members, answers_max) == (selector, variants)


@pytest.mark.parametrize("kind", PolicyKind)
@given(given_members=members, answers_max=st.integers(1, 12))
def test_everything_with_a_weight_may_go_out(
    kind: PolicyKind, given_members: tuple[Member, ...], answers_max: int
) -> None:
    _, variants = POLICIES[kind].choose(given_members, answers_max)

    handed_out = {endpoint for variant in variants for endpoint in variant.endpoints}
    assert {each.endpoint for each in given_members if each.weight} <= handed_out


@pytest.mark.parametrize("kind", PolicyKind)
def test_arranging_the_tiers_loses_nothing_and_keeps_the_order(kind: PolicyKind) -> None:
    tiers = tuple(
        tuple(Standing(member(f"192.0.2.{number}"), StandingKind.ELIGIBLE, "2.4", "up") for number in numbers)
        for numbers in ((1, 2), (), (3,))
    )

    arranged = POLICIES[kind].arrange(tiers)

    assert [one for tier in arranged for one in tier] == [one for tier in tiers for one in tier]
