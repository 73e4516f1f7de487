"""Semantics 3.2: the arithmetic of a hold."""

from __future__ import annotations

import pytest

from understudy.health.failback import explain_hold, flaps, hold_s, return_at
from understudy.health.words import civil
from understudy.model.health import Health, HealthState


@pytest.mark.parametrize(
    ("delay_s", "flap_count", "expected_s"),
    [
        (60, 0, 60),
        (60, 1, 120),
        (60, 3, 480),
        (60, 4, 900),  # 960 s, at most 15 min
        (60, 500, 900),
        (0, 9, 0),
        (3600, 0, 3600),  # what an operator asked for is not cut
        (3600, 3, 3600),
    ],
)
def test_a_hold_doubles_with_each_fall_up_to_15_minutes(delay_s: float, flap_count: int, expected_s: float) -> None:
    assert hold_s(delay_s, flap_count) == expected_s


@pytest.mark.parametrize(
    ("since", "falls", "expected"),
    [
        (100.0, (), 160.0),
        (100.0, (50.0,), 220.0),
        (10_000.0, (50.0,), 10_060.0),  # the fall is long past: one delay
        (100.0, (10.0, 50.0), 340.0),
        (1750.0, (0.0,), 1810.0),  # at 1800 the fall leaves: 60 s are enough, and they end at 1810
        (1700.0, (0.0,), 1800.0),  # 60 s were over at 1760, but only at 1800 are they enough
        (1650.0, (0.0,), 1770.0),  # 120 s end before the fall leaves
        (1000.0, (0.0, 100.0, 200.0, 300.0, 900.0), 1900.0),  # 15 min at most; by then two falls have left: 8 x 60
    ],
)
def test_the_return_is_the_first_instant_that_has_waited_enough(
    since: float, falls: tuple[float, ...], expected: float
) -> None:
    assert return_at(Health(HealthState.UP, since, 0.0, falls), 60.0) == expected


@pytest.mark.parametrize(
    ("delay_s", "falls", "expected"),
    [
        (3, (50.0,), "3 s x 2^1 = 6 s after 1 fall in 30 min, back at 1970-01-01 00:01:46 UTC"),
        (60, (50.0,), "60 s x 2^1 = 120 s after 1 fall in 30 min, back at 1970-01-01 00:03:40 UTC"),
        (0.5, (40.0, 50.0), "0.5 s x 2^2 = 2 s after 2 falls in 30 min, back at 1970-01-01 00:01:42 UTC"),
        (500, (50.0,), "500 s x 2^1, at most 900 s after 1 fall in 30 min, back at 1970-01-01 00:16:40 UTC"),
        (1000, (50.0,), "1000 s after 1 fall in 30 min, back at 1970-01-01 00:18:20 UTC"),
    ],
)
def test_the_reason_shows_the_arithmetic(delay_s: float, falls: tuple[float, ...], expected: str) -> None:
    health = Health(HealthState.UP, since=100.0, first_seen=0.0, falls=falls)

    assert explain_hold(health, delay_s) == expected


def test_no_return_is_promised_for_later_than_it_comes() -> None:
    """A decision is told with the second that it is made in."""
    health = Health(HealthState.UP, since=100.6, first_seen=0.0, falls=(50.0,))

    assert return_at(health, 3.0) == 106.6
    assert explain_hold(health, 3.0).endswith("00:01:46 UTC")


@pytest.mark.parametrize(
    ("instant", "second"), [(59.0, 59), (59.5, 59), (59.999, 59), (58.9999999, 59), (1_800_000_000.1 - 0.1, 0)]
)
def test_a_time_is_told_by_the_second_that_it_is_in(instant: float, second: int) -> None:
    assert civil(instant).endswith(f":{second:02d} UTC")


def test_flaps_are_the_falls_of_30_minutes() -> None:
    health = Health(HealthState.UP, since=1000.0, first_seen=0.0, falls=(0.0, 900.0))

    assert [flaps(health, at) for at in (1000.0, 1799.9, 1800.0, 2700.0)] == [2, 2, 1, 0]
