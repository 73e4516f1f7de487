from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from understudy.model.verdict import VerdictState
from understudy.monitor.spread import first_due, is_hurried, next_due, next_slot, phase_of, seed_of
from understudy.testing.builders import probe_key, schedule, verdict

NOW = 1_700_000_000.0


def seeds(count: int, monitor: str = "local") -> list[int]:
    return [seed_of(probe_key(f"10.0.{index // 250}.{index % 250}"), monitor) for index in range(count)]


def test_a_place_is_the_same_on_every_run() -> None:
    assert seed_of(probe_key("192.0.2.10"), "local") == 0x20FB8A0C37CCEE40


@pytest.mark.parametrize(
    ("address", "check", "monitor"),
    [("192.0.2.11", "web", "local"), ("192.0.2.10", "db", "local"), ("192.0.2.10", "web", "paris")],
)
def test_endpoint_check_and_monitor_all_make_a_difference(address: str, check: str, monitor: str) -> None:
    assert seed_of(probe_key(address, check), monitor) != seed_of(probe_key(), "local")


def test_the_start_is_spread_over_2_s_and_never_in_one_instant() -> None:
    dues = [first_due(seed, NOW, schedule()) for seed in seeds(1000)]
    assert min(dues) >= NOW
    assert max(dues) < NOW + 2.0
    per_tenth = Counter(int((due - NOW) * 10) for due in dues)
    assert len(per_tenth) == 20
    assert max(per_tenth.values()) < 90  # 50 on average


def test_the_start_of_a_short_interval_is_spread_over_that() -> None:
    dues = [first_due(seed, NOW, schedule(interval_s=0.5)) for seed in seeds(500)]
    assert NOW + 0.45 < max(dues) < NOW + 0.5


def test_routine_probes_fill_the_interval_evenly() -> None:
    slots = [next_slot(seed, NOW, schedule()) for seed in seeds(2000)]
    per_second = Counter(int(slot - NOW) for slot in slots)
    assert all(140 < per_second[second] < 260 for second in range(10))


def test_neighbouring_slots_differ_from_the_interval_by_the_jitter_at_most() -> None:
    for seed in seeds(20):
        slots = [NOW]
        for _ in range(500):
            slots.append(next_slot(seed, slots[-1], schedule()))
        gaps = [after - before for before, after in pairwise(slots[1:])]
        assert 9.0 - 1e-6 <= min(gaps) < 9.3
        assert 10.7 < max(gaps) <= 11.0 + 1e-6


def test_without_jitter_slots_are_exactly_one_interval_apart() -> None:
    slot = next_slot(seeds(1)[0], NOW, schedule(jitter=0))
    assert next_slot(seeds(1)[0], slot, schedule(jitter=0)) == pytest.approx(slot + 10, abs=1e-6)


def test_asking_at_any_time_before_a_slot_gives_the_same_slot() -> None:
    seed = seeds(1)[0]
    slot = next_slot(seed, NOW, schedule())
    after = next_slot(seed, slot, schedule())
    for part in (0.0, 0.3, 0.9, 0.999):
        assert next_slot(seed, slot + part * (after - slot), schedule()) == after


def test_a_change_is_confirmed_after_recheck_interval() -> None:
    seed = seeds(1)[0]
    slot = next_slot(seed, NOW, schedule())
    assert next_due(seed, slot, schedule(), hurried=True) == slot + 1.0
    assert next_due(seed, slot, schedule(), hurried=False) == next_slot(seed, slot, schedule())


def test_a_recheck_is_never_later_than_the_routine_probe() -> None:
    seed = seeds(1)[0]
    short = schedule(interval_s=1.0, recheck_interval_s=5.0)
    assert next_due(seed, NOW, short, hurried=True) == next_slot(seed, NOW, short)


@pytest.mark.parametrize(
    ("state", "count", "hurried"),
    [
        ("unknown", 0, False),
        ("unknown", 1, True),
        ("up", 0, False),
        ("suspect", 1, True),
        ("down", 0, False),
        ("recovering", 2, False),
    ],
)
def test_only_what_is_about_to_go_down_is_hurried(state: str, count: int, *, hurried: bool) -> None:
    assert is_hurried(verdict(VerdictState(state), count=count)) is hurried


def test_a_phase_is_never_a_whole_interval() -> None:
    assert phase_of(0) == 0.0
    assert phase_of(2**64 - 1) < 1.0
