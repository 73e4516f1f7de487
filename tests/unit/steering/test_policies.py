"""How each policy turns what is eligible into variants (semantics 4.8)."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from understudy.model.decision import Selector
from understudy.model.endpoint import Endpoint
from understudy.model.record import PolicyKind
from understudy.steering.policies import POLICIES
from understudy.testing.builders import member

ONE, CHANCE, ROTATE = Selector.ONE, Selector.CHANCE, Selector.ROTATE
TIERS, ALL, WEIGHTED = PolicyKind.TIERS, PolicyKind.ALL, PolicyKind.WEIGHTED


def test_every_policy_is_registered_with_its_default() -> None:
    assert {kind: POLICIES[kind].answers_max for kind in PolicyKind} == {TIERS: 8, ALL: 8, WEIGHTED: 1}


@pytest.mark.parametrize(
    ("kind", "weights", "answers_max", "expected"),
    [
        (TIERS, [1], 8, (ONE, [(1, "a")])),
        (TIERS, [1, 1], 8, (ROTATE, [(1, "ab")])),
        (TIERS, [1, 9], 8, (ROTATE, [(1, "ab")])),
        (ALL, [1, 1, 1], 3, (ROTATE, [(1, "abc")])),
        (ALL, [1, 1, 1], 2, (CHANCE, [(1, "ab"), (1, "bc"), (1, "ca")])),
        (ALL, [1, 1, 1], 1, (CHANCE, [(1, "a"), (1, "b"), (1, "c")])),
        (WEIGHTED, [7], 1, (ONE, [(1, "a")])),
        (WEIGHTED, [7, 3], 1, (CHANCE, [(7, "a"), (3, "b")])),
        (WEIGHTED, [5, 3, 2], 2, (CHANCE, [(6, "ab"), (6, "ba"), (4, "ac"), (4, "ca")])),
        (WEIGHTED, [7, 3, 2], 2, (CHANCE, [(3, "ab"), (3, "ba"), (2, "ac"), (2, "ca")])),  # a is in every answer
        (WEIGHTED, [1, 1, 1], 2, (CHANCE, [(1, "ab"), (1, "ba"), (1, "ac"), (1, "ca"), (1, "bc"), (1, "cb")])),
        (WEIGHTED, [7, 3], 8, (ROTATE, [(1, "ab")])),
        (WEIGHTED, [7, 0, 3], 1, (CHANCE, [(7, "a"), (3, "c")])),
        (WEIGHTED, [7, 0], 1, (ONE, [(1, "a")])),
        (WEIGHTED, [0, 0], 1, (CHANCE, [(1, "a"), (1, "b")])),
        (WEIGHTED, [0], 1, (ONE, [(1, "a")])),
    ],
)
def test_a_policy_composes_its_variants(
    kind: PolicyKind, weights: list[int], answers_max: int, expected: tuple[Selector, list[tuple[int, str]]]
) -> None:
    letters = {f"192.0.2.{number}": letter for number, letter in enumerate("abc", start=1)}
    members = tuple(member(address, weight) for address, weight in zip(letters, weights, strict=False))

    selector, variants = POLICIES[kind].choose(members, answers_max)

    named = [(each.weight, "".join(letters[str(endpoint)] for endpoint in each.endpoints)) for each in variants]
    assert (selector, named) == expected


@pytest.mark.parametrize("count", [9, 10, 16, 17])
def test_windows_share_evenly(count: int) -> None:
    """Every endpoint is in as many windows as every other, and leads exactly one."""
    members = tuple(member(f"192.0.2.{number}") for number in range(count))

    _, variants = POLICIES[ALL].choose(members, 8)

    assert set(Counter(endpoint for each in variants for endpoint in each.endpoints).values()) == {8}
    assert set(Counter(each.endpoints[0] for each in variants).values()) == {1}


weights = st.lists(st.integers(1, 1000), min_size=2, max_size=12)


def expected_inclusions(weights: list[int], size: int) -> list[Fraction]:
    """min(1, size x weight / sum), the excess given to the others by their weights."""
    found = [Fraction(0)] * len(weights)
    left, slots = set(range(len(weights))), size
    while left:
        total = sum(weights[index] for index in left)
        full = {index for index in left if slots * weights[index] >= total}
        for index in full or left:
            found[index] = Fraction(1) if full else Fraction(slots * weights[index], total)
        if not full:
            break
        left -= full
        slots -= len(full)
    return found


@given(weights=weights, size=st.integers(1, 12))
def test_an_endpoint_is_in_an_answer_and_first_in_it_as_often_as_its_weight_says(weights: list[int], size: int) -> None:
    assume(size < len(weights))
    members = tuple(member(f"192.0.2.{number}", weight) for number, weight in enumerate(weights, start=1))
    _, variants = POLICIES[WEIGHTED].choose(members, size)

    total = sum(variant.weight for variant in variants)
    first: Counter[Endpoint] = Counter()
    inside: Counter[Endpoint] = Counter()
    for variant in variants:
        assert len(variant.endpoints) == size
        first[variant.endpoints[0]] += variant.weight
        inside.update(dict.fromkeys(variant.endpoints, variant.weight))
    expected = expected_inclusions(weights, size)
    assert [Fraction(inside[each.endpoint], total) for each in members] == expected
    assert [Fraction(first[each.endpoint], total) for each in members] == [share / size for share in expected]
    assert len(variants) <= len(weights) * size


def test_of_three_endpoints_the_heaviest_is_in_most_answers_of_two() -> None:
    """With windows of neighbours the one of weight 50 was in 70 % of the answers, the one of weight 30 in 79 %."""
    members = tuple(member(f"192.0.2.{weight}", weight) for weight in (50, 30, 20))
    _, variants = POLICIES[WEIGHTED].choose(members, 2)

    total = sum(variant.weight for variant in variants)
    share = {
        each.weight: sum(variant.weight for variant in variants if each.endpoint in variant.endpoints) / total
        for each in members
    }
    assert share == {50: 1.0, 30: 0.6, 20: 0.4}
