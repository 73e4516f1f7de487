from __future__ import annotations

import pytest

from understudy.model.observation import Observation
from understudy.model.verdict import Verdict, VerdictState, Vote
from understudy.monitor.verdict import expire, restart_counters, step, unknown
from understudy.testing.builders import failed, inconclusive, passed, schedule, verdict

AT = 100.0
UNKNOWN, UP, SUSPECT = VerdictState.UNKNOWN, VerdictState.UP, VerdictState.SUSPECT
DOWN, RECOVERING = VerdictState.DOWN, VerdictState.RECOVERING

# (state, count), what is seen, (state, count), whether the state is entered now
CHART = [
    ((UNKNOWN, 0), "pass", (UP, 0), True),
    ((UNKNOWN, 2), "pass", (UP, 0), True),
    ((UNKNOWN, 0), "fail", (UNKNOWN, 1), False),
    ((UNKNOWN, 1), "fail", (UNKNOWN, 2), False),
    ((UNKNOWN, 2), "fail", (DOWN, 0), True),
    ((UP, 0), "pass", (UP, 0), False),
    ((UP, 0), "fail", (SUSPECT, 1), True),
    ((SUSPECT, 1), "pass", (UP, 0), True),
    ((SUSPECT, 1), "fail", (SUSPECT, 2), False),
    ((SUSPECT, 2), "fail", (DOWN, 0), True),
    ((DOWN, 0), "fail", (DOWN, 0), False),
    ((DOWN, 0), "pass", (RECOVERING, 1), True),
    ((RECOVERING, 1), "fail", (DOWN, 0), True),
    ((RECOVERING, 1), "pass", (RECOVERING, 2), False),
    ((RECOVERING, 2), "pass", (UP, 0), True),
]


def seen(what: str) -> Observation:
    return passed(AT) if what == "pass" else failed(AT, "connect.timeout")


@pytest.mark.parametrize(("before", "what", "after", "entered"), CHART)
def test_the_chart_with_fall_3_and_rise_3(
    before: tuple[VerdictState, int], what: str, after: tuple[VerdictState, int], *, entered: bool
) -> None:
    result = step(verdict(before[0], since=50.0, count=before[1]), seen(what), schedule())
    assert (result.state, result.count) == after
    assert result.since == (AT if entered else 50.0)
    assert result.refreshed_at == AT


@pytest.mark.parametrize(
    ("before", "what", "after"),
    [(UNKNOWN, "fail", DOWN), (UP, "fail", DOWN), (DOWN, "pass", UP), (UNKNOWN, "pass", UP), (DOWN, "fail", DOWN)],
)
def test_with_fall_1_and_rise_1_nothing_is_confirmed(before: VerdictState, what: str, after: VerdictState) -> None:
    result = step(verdict(before), seen(what), schedule(fall=1, rise=1))
    assert (result.state, result.count) == (after, 0)


def test_a_failure_leaves_its_reason_until_the_endpoint_is_up() -> None:
    down = step(verdict(UP), failed(AT, "tls.expired"), schedule(fall=1))
    recovering = step(down, passed(AT), schedule(rise=2))
    up = step(recovering, passed(AT), schedule(rise=2))
    assert (down.reason, down.text) == ("tls.expired", "tls expired")
    assert recovering.reason == "tls.expired"
    assert (up.reason, up.text) == ("", "")


def test_a_pass_in_suspicion_clears_the_reason() -> None:
    assert step(verdict(SUSPECT, count=1), passed(AT), schedule()).reason == ""


@pytest.mark.parametrize("state", VerdictState)
def test_an_inconclusive_observation_moves_and_refreshes_nothing(state: VerdictState) -> None:
    before = verdict(state, since=7.0, count=1)
    assert step(before, inconclusive(AT), schedule(fall=2, rise=2)) is before


@pytest.mark.parametrize(
    ("before", "after"), [(UNKNOWN, UNKNOWN), (UP, UP), (SUSPECT, UP), (DOWN, DOWN), (RECOVERING, DOWN)]
)
def test_a_changed_check_keeps_the_vote_and_restarts_the_counters(before: VerdictState, after: VerdictState) -> None:
    old = verdict(before, since=7.0, count=2)
    new = restart_counters(old)
    assert (new.state, new.count, new.since, new.refreshed_at) == (after, 0, 7.0, 7.0)
    assert new.vote is old.vote


def test_a_changed_check_needs_all_of_fall_again() -> None:
    now = restart_counters(verdict(SUSPECT, count=2))
    assert step(now, failed(AT), schedule()).state is SUSPECT


@pytest.mark.parametrize("state", [UP, SUSPECT, DOWN, RECOVERING])
def test_a_verdict_without_evidence_for_stale_after_is_unknown(state: VerdictState) -> None:
    before = verdict(state, since=100.0, count=1)
    assert expire(before, 132.9, schedule()) is before
    after = expire(before, 140.0, schedule())
    assert after == Verdict(UNKNOWN, since=133.0, refreshed_at=100.0)
    assert after.vote is Vote.ABSTAIN


def test_what_is_unknown_stays_as_it_is_but_forgets_old_failures() -> None:
    assert expire(before := unknown(0.0), 1e6, schedule()) is before
    failing = Verdict(UNKNOWN, since=5.0, refreshed_at=10.0, count=2, reason="connect.refused")
    assert expire(failing, 1e6, schedule()) == Verdict(UNKNOWN, since=5.0, refreshed_at=10.0)


def test_stale_after_is_the_larger_of_10_s_and_3_intervals_with_a_timeout() -> None:
    assert schedule().stale_after_s == 33.0
    assert schedule(interval_s=1.0, timeout_s=0.5).stale_after_s == 10.0
