"""Semantics 1.4, 2.1 to 2.3, 2.8 and the falls of 3.2: verdicts become one health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from understudy.health.fold import FALLS_MAX, FLAP_WINDOW_S, Evidence, combine, fold, is_news
from understudy.model.check import AtLeast, CheckRef, Requirement
from understudy.model.health import Health, HealthFlag, HealthKey, HealthState
from understudy.model.verdict import Verdict, VerdictState
from understudy.testing.builders import all_of, any_of, check, endpoint

UP, DOWN, UNKNOWN = HealthState.UP, HealthState.DOWN, HealthState.UNKNOWN
WEB, DB = check("web"), check("db")
CHECKS = {"web": WEB, "db": DB}
STALE_AFTER_S = WEB.schedule.stale_after_s
KEY = HealthKey(endpoint("192.0.2.10"), CheckRef("web"))


def evidence(now: float, **states: str) -> Evidence:
    return Evidence({name: {"local": Verdict(VerdictState(state), now, now)} for name, state in states.items()})


def run(story: Sequence[tuple[float, Mapping[str, str]]], requirement: Requirement | None = KEY.requirement) -> Health:
    """Fold each (instant, states by check) after the other; what is not named has no verdict."""
    health = None
    for now, states in story:
        health = fold(
            HealthKey(KEY.endpoint, requirement), evidence(now, **states), now, checks=CHECKS, previous=health
        )
    assert health is not None
    return health


def test_2_1_without_a_requirement_it_is_unmonitored_and_up() -> None:
    health = run([(5.0, {})], None)

    assert (health.state, health.flags) == (UP, frozenset({HealthFlag.UNMONITORED}))


def test_2_1_a_check_that_nobody_examines_is_unmonitored() -> None:
    health = fold(KEY, Evidence(), 5.0, checks={"web": replace(WEB, monitors=())}, previous=None)

    assert (health.state, health.flags) == (UP, frozenset({HealthFlag.UNMONITORED}))


def test_2_2_before_the_first_verdict_it_is_unknown_and_not_held() -> None:
    health = run([(5.0, {}), (6.0, {})])

    assert (health.state, health.flags, health.first_seen, health.since) == (UNKNOWN, frozenset(), 5.0, 5.0)


@pytest.mark.parametrize(
    ("state", "expected", "flags"),
    [
        ("up", UP, set()),
        ("suspect", UP, {HealthFlag.SUSPECT}),
        ("down", DOWN, set()),
        ("recovering", DOWN, {HealthFlag.RECOVERING}),
        ("unknown", UNKNOWN, set()),
    ],
)
def test_each_verdict_has_its_state_and_flag(state: str, expected: HealthState, flags: set[HealthFlag]) -> None:
    health = run([(5.0, {"web": state})])

    assert (health.state, health.flags) == (expected, frozenset(flags))


@pytest.mark.parametrize(
    ("age_s", "is_stale"), [(STALE_AFTER_S - 0.001, False), (STALE_AFTER_S, True), (STALE_AFTER_S + 100, True)]
)
def test_1_4_a_verdict_that_is_too_old_abstains(age_s: float, is_stale: bool) -> None:
    verdicts = Evidence({"web": {"local": Verdict(VerdictState.DOWN, 100.0, 100.0)}})
    before = Health(UP, since=1.0, first_seen=1.0, by_check=(("web", UP),))

    health = fold(KEY, verdicts, 100.0 + age_s, checks=CHECKS, previous=before)

    assert (health.state, HealthFlag.HELD in health.flags) == ((UP, True) if is_stale else (DOWN, False))
    assert health.ballot[0].is_stale is is_stale


def test_2_3_a_silent_checker_holds_the_last_state_in_both_directions() -> None:
    for state in ("up", "down"):
        health = run([(5.0, {"web": state}), (500.0, {})])
        assert (health.state, health.since, health.flags) == (HealthState(state), 5.0, frozenset({HealthFlag.HELD}))


def test_2_3_a_hold_keeps_each_check_and_not_only_their_sum() -> None:
    """`web` was up when it fell silent, so the recovery of `db` is a recovery of the whole."""
    story = [(1.0, {"web": "up", "db": "down"}), (100.0, {"db": "down"}), (101.0, {"db": "up"})]

    health = run(story, all_of("web", "db"))

    assert (health.state, health.since) == (UP, 101.0)


def test_2_7_a_blind_monitor_abstains_and_is_shown_as_such() -> None:
    verdicts = replace(evidence(5.0, web="down"), blind=frozenset({"local"}))

    health = fold(KEY, verdicts, 5.0, checks=CHECKS, previous=Health(UP, 1.0, 1.0))

    assert health.state is UP
    assert health.ballot[0].is_blind


@pytest.mark.parametrize(
    ("requirement", "web", "db", "expected"),
    [
        (all_of("web", "db"), UP, UP, UP),
        (all_of("web", "db"), UP, DOWN, DOWN),
        (all_of("web", "db"), UP, UNKNOWN, UNKNOWN),
        (all_of("web", "db"), DOWN, UNKNOWN, DOWN),
        (any_of("web", "db"), DOWN, DOWN, DOWN),
        (any_of("web", "db"), UP, UNKNOWN, UP),
        (any_of("web", "db"), DOWN, UNKNOWN, UNKNOWN),
        (any_of("web", "db"), UNKNOWN, UNKNOWN, UNKNOWN),
        (AtLeast(2, (CheckRef("web"), CheckRef("db"), CheckRef("web"))), UP, DOWN, UP),
        (AtLeast(2, (CheckRef("web"), CheckRef("db"), CheckRef("web"))), DOWN, UP, DOWN),
        (AtLeast(1, (all_of("web", "db"), CheckRef("db"))), DOWN, UP, UP),
    ],
)
def test_2_8_checks_combine_in_three_valued_logic(
    requirement: Requirement, web: HealthState, db: HealthState, expected: HealthState
) -> None:
    assert combine(requirement, {"web": web, "db": db}) is expected


def test_once_known_it_is_never_unknown_again() -> None:
    """`web` alone made it down; with `web` up again and `db` never heard, nothing says up yet."""
    health = run([(1.0, {"web": "down"}), (9.0, {"web": "up"})], all_of("web", "db"))

    assert (health.state, health.since) == (DOWN, 1.0)
    assert "cannot be told yet" in health.why


def test_since_and_falls_follow_the_changes_of_state() -> None:
    health = run([(1.0, {"web": "up"}), (5.0, {"web": "down"}), (6.0, {"web": "recovering"}), (9.0, {"web": "up"})])

    assert (health.since, health.falls, health.first_seen) == (9.0, (5.0,), 1.0)


def test_3_2_falls_leave_after_30_minutes_but_the_latest_stays() -> None:
    story: list[tuple[float, Mapping[str, str]]] = []
    for start in (0.0, 1000.0):
        story += [(start, {"web": "down"}), (start + 10, {"web": "up"})]

    assert run([*story, (FLAP_WINDOW_S - 1, {"web": "up"})]).falls == (0.0, 1000.0)
    assert run([*story, (FLAP_WINDOW_S, {"web": "up"})]).falls == (1000.0,)
    assert run([*story, (9 * FLAP_WINDOW_S, {"web": "up"})]).falls == (1000.0,)


def test_falls_do_not_grow_without_bound() -> None:
    story = [(float(second), {"web": "down" if second % 2 else "up"}) for second in range(4 * FALLS_MAX)]

    assert len(run(story).falls) == FALLS_MAX


def test_1_5_without_an_earlier_health_the_verdict_says_since_when() -> None:
    """After a restart a server that has been up for hours has no hold to sit out."""
    verdicts = Evidence({"web": {"local": Verdict(VerdictState.UP, since=10.0, refreshed_at=990.0)}})

    health = fold(KEY, verdicts, 1000.0, checks=CHECKS, previous=None)

    assert (health.state, health.since, health.falls) == (UP, 10.0, ())


def test_1_5_of_several_verdicts_the_latest_change_says_since_when() -> None:
    verdicts = Evidence(
        {
            "web": {"local": Verdict(VerdictState.UP, since=10.0, refreshed_at=990.0)},
            "db": {"local": Verdict(VerdictState.UP, since=500.0, refreshed_at=990.0)},
        }
    )

    health = fold(HealthKey(KEY.endpoint, all_of("web", "db")), verdicts, 1000.0, checks=CHECKS, previous=None)

    assert health.since == 500.0


def test_a_health_from_the_store_holds_until_verdicts_arrive() -> None:
    stored = Health(DOWN, since=10.0, first_seen=1.0, falls=(10.0,))

    health = fold(KEY, Evidence(), 1000.0, checks=CHECKS, previous=stored)

    assert (health.state, health.since, health.falls, health.flags) == (
        DOWN,
        10.0,
        (10.0,),
        frozenset({HealthFlag.HELD}),
    )


def test_ages_alone_are_no_news() -> None:
    health = run([(1.0, {"web": "up"})])

    assert is_news(None, health)
    assert not is_news(health, run([(1.0, {"web": "up"}), (2.0, {"web": "up"})]))
    assert is_news(health, run([(1.0, {"web": "up"}), (2.0, {"web": "suspect"})]))
    assert is_news(health, run([(1.0, {"web": "up"}), (2.0, {"web": "down"})]))
