from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from understudy.monitor.spread import first_due, next_due, next_slot
from understudy.testing.builders import schedule

SEEDS = st.integers(0, 2**64 - 1)
INSTANTS = st.floats(1_600_000_000, 2_000_000_000)
INTERVALS = st.floats(0.1, 3600)
JITTERS = st.floats(0, 0.5)
ROUNDING_S = 1e-5  # instants of this century are held to a quarter of a microsecond


@given(SEEDS, INSTANTS, INTERVALS, JITTERS)
def test_the_next_slot_is_later_and_at_most_an_interval_with_its_jitter_away(
    seed: int, now: float, interval_s: float, jitter: float
) -> None:
    plan = schedule(interval_s=interval_s, jitter=jitter)
    slot = next_slot(seed, now, plan)
    assert now < slot <= now + interval_s * (1 + jitter) + ROUNDING_S


@given(SEEDS, INSTANTS, INTERVALS, JITTERS)
def test_neighbouring_slots_are_an_interval_apart_give_or_take_the_jitter(
    seed: int, now: float, interval_s: float, jitter: float
) -> None:
    plan = schedule(interval_s=interval_s, jitter=jitter)
    slot = next_slot(seed, now, plan)
    gap = next_slot(seed, slot, plan) - slot
    assert interval_s * (1 - jitter) - ROUNDING_S <= gap <= interval_s * (1 + jitter) + ROUNDING_S


@given(SEEDS, INSTANTS, INTERVALS, st.floats(0, 1))
def test_no_slot_lies_between_an_instant_and_its_next_slot(
    seed: int, now: float, interval_s: float, part: float
) -> None:
    plan = schedule(interval_s=interval_s)
    slot = next_slot(seed, now, plan)
    between = now + part * (slot - now)
    assert next_slot(seed, between, plan) == slot or between >= slot


@given(SEEDS, INSTANTS, INTERVALS)
def test_the_first_probe_comes_within_2_s_and_within_an_interval(seed: int, now: float, interval_s: float) -> None:
    assert now <= first_due(seed, now, schedule(interval_s=interval_s)) <= now + min(2.0, interval_s)


@given(SEEDS, INSTANTS, INTERVALS, st.floats(0.1, 60))
def test_a_recheck_is_never_later_than_recheck_interval_nor_than_the_routine(
    seed: int, now: float, interval_s: float, recheck_s: float
) -> None:
    plan = schedule(interval_s=interval_s, recheck_interval_s=recheck_s)
    due = next_due(seed, now, plan, hurried=True)
    assert now < due <= min(now + recheck_s, next_due(seed, now, plan, hurried=False))
