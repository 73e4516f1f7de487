"""How each policy turns what is eligible into variants (semantics 4.8)."""

from __future__ import annotations

from collections import Counter

import pytest

from understudy.model.decision import Selector
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
        (WEIGHTED, [7], 1, (ONE, [(7, "a")])),
        (WEIGHTED, [7, 3], 1, (CHANCE, [(7, "a"), (3, "b")])),
        (WEIGHTED, [7, 3, 2], 2, (CHANCE, [(7, "ab"), (3, "bc"), (2, "ca")])),
        (WEIGHTED, [7, 3], 8, (CHANCE, [(7, "ab"), (3, "ba")])),
        (WEIGHTED, [7, 0, 3], 1, (CHANCE, [(7, "a"), (3, "c")])),
        (WEIGHTED, [7, 0], 1, (ONE, [(7, "a")])),
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
