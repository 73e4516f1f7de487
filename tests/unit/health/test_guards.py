"""Semantics 5.2 and 5.3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.health.guards import (
    RecentFalls,
    Withdrawals,
    explain_kept,
    explain_mass_failure,
    limit_withdrawals,
    note_fall,
)
from understudy.model.endpoint import Endpoint, Pool, WithdrawLimit
from understudy.model.health import Health, HealthState
from understudy.testing.builders import endpoint, pool

A, B, C, D = (endpoint(f"192.0.2.{number}") for number in range(1, 5))
INFINITE = float("inf")


def limited(count: int, window_s: float = 100.0) -> Pool:
    plain = pool("near", *(str(each) for each in (A, B, C, D)))
    return replace(plain, max_withdraw=WithdrawLimit(count, window_s))


Step = tuple[float, list[Endpoint], dict[Endpoint, float]]


@pytest.mark.parametrize(
    ("count", "steps"),
    [
        (1, [(0.0, [A], {})]),
        (1, [(0.0, [A, B], {B: 100.0})]),
        (1, [(0.0, [A, B, C], {B: 100.0, C: 200.0})]),  # one slot each window
        (2, [(0.0, [A, B, C, D], {C: 100.0, D: 100.0})]),
        (2, [(0.0, [A], {}), (30.0, [A, B], {}), (40.0, [A, B, C, D], {C: 100.0, D: 130.0})]),
        (1, [(0.0, [A], {}), (99.0, [A, B], {B: 100.0}), (100.0, [A, B], {})]),
        (1, [(0.0, [A], {}), (10.0, [], {}), (20.0, [A], {A: 100.0})]),  # a second withdrawal counts again
        (1, [(0.0, [A, B], {B: 100.0}), (10.0, [B], {B: 100.0})]),  # a recovery gives no slot back
        (1, [(0.0, [A], {}), (500.0, [A], {}), (500.0, [A, B], {})]),  # what is out stays out
        (0, [(0.0, [A], {A: INFINITE}), (900.0, [A], {A: INFINITE})]),
    ],
)
def test_5_2_automation_stops_at_the_limit(count: int, steps: list[Step]) -> None:
    memory = Withdrawals()
    for now, down, expected in steps:
        memory, kept = limit_withdrawals(limited(count), down, now, memory=memory)
        assert kept == expected


def test_5_2_a_pool_without_a_limit_keeps_nothing() -> None:
    assert limit_withdrawals(pool("near", "192.0.2.1"), [A], 0.0, memory=Withdrawals()) == (Withdrawals(), {})


def test_5_2_a_lowered_limit_counts_what_was_withdrawn_before() -> None:
    memory, _ = limit_withdrawals(limited(3), [A, B], 0.0, memory=Withdrawals())

    _, kept = limit_withdrawals(limited(1), [A, B, C], 50.0, memory=memory)

    assert kept == {C: 100.0}


def test_5_2_the_alarm_names_who_is_kept() -> None:
    assert explain_kept(limited(1), {B: 100.0}) == (
        "max_withdraw of pool 'near' (1 within 100 s) is used up: 192.0.2.2 down, but still handed out"
    )
    assert not explain_kept(limited(1), {})


def down_at(*falls: float) -> Health:
    return Health(HealthState.DOWN, falls[-1], 0.0, falls=falls)


@pytest.mark.parametrize(
    ("falls", "total", "now", "is_mass"),
    [
        ([10.0, 20.0], 4, 30.0, True),
        ([10.0], 4, 30.0, False),
        ([10.0, 20.0], 5, 30.0, False),
        ([10.0, 20.0, 20.5], 5, 30.0, True),
        ([10.0, 20.0], 3, 30.0, False),  # fewer than four endpoints
        ([10.0, 20.0], 4, 69.9, True),
        ([10.0, 20.0], 4, 70.0, False),  # the first one is a minute old
        ([], 4, 30.0, False),
    ],
)
def test_5_3_half_of_at_least_four_within_a_minute_is_a_mass_failure(
    falls: list[float], total: int, now: float, is_mass: bool
) -> None:
    memory = RecentFalls()
    for fall in falls:
        memory = note_fall(memory, down_at(fall), fall)

    assert bool(explain_mass_failure(memory, total, now)) is is_mass


def test_5_3_one_endpoint_that_falls_twice_is_one_endpoint() -> None:
    memory = note_fall(note_fall(RecentFalls(), down_at(10.0), 10.0), down_at(10.0, 30.0), 30.0)

    assert memory.count == 1
    assert not explain_mass_failure(memory, 4, 69.0)


def test_5_3_the_memory_stays_small_when_everything_falls() -> None:
    memory = RecentFalls()
    for number in range(10_000):
        at = number / 50
        memory = note_fall(memory, down_at(at), at)

    assert len(memory.seconds) <= 61
    assert explain_mass_failure(memory, 5000, 199.99) == "3000 of 5000 endpoints went down within 60 s"
