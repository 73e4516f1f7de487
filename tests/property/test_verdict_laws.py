from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from understudy.model.check import Schedule
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import Verdict, VerdictState, Vote
from understudy.monitor.verdict import expire, restart_counters, step, unknown
from understudy.testing.builders import schedule

OUTCOMES = st.lists(st.sampled_from(Outcome), max_size=80)
SCHEDULES = st.builds(lambda fall, rise: schedule(fall=fall, rise=rise), fall=st.integers(1, 6), rise=st.integers(1, 6))


def observe(outcome: Outcome, at: float) -> Observation:
    return Observation(outcome, at, "" if outcome is Outcome.PASS else "reason")


def walk(outcomes: list[Outcome], plan: Schedule) -> list[Verdict]:
    verdicts = [unknown(0.0)]
    for at, outcome in enumerate(outcomes, start=1):
        verdicts.append(step(verdicts[-1], observe(outcome, at), plan))
    return verdicts


@given(OUTCOMES, SCHEDULES)
def test_a_vote_flips_only_after_fall_failures_or_rise_passes_in_a_row(outcomes: list[Outcome], plan: Schedule) -> None:
    verdicts = walk(outcomes, plan)
    for index, (before, after) in enumerate(pairwise(verdicts), start=1):
        if before.vote is after.vote:
            continue
        evidence = [outcome for outcome in outcomes[:index] if outcome is not Outcome.INCONCLUSIVE]
        if after.vote is Vote.DOWN:
            assert len(evidence) >= plan.fall
            assert set(evidence[-plan.fall :]) == {Outcome.FAIL}
        else:
            needed = 1 if before.vote is Vote.ABSTAIN else plan.rise
            assert set(evidence[-needed:]) == {Outcome.PASS}


@given(OUTCOMES, SCHEDULES)
def test_enough_of_the_same_in_a_row_always_convinces(outcomes: list[Outcome], plan: Schedule) -> None:
    assert walk([*outcomes, *[Outcome.FAIL] * plan.fall], plan)[-1].vote is Vote.DOWN
    assert walk([*outcomes, *[Outcome.PASS] * plan.rise], plan)[-1].vote is Vote.UP


@given(OUTCOMES, SCHEDULES)
def test_inconclusive_observations_might_as_well_not_have_been(outcomes: list[Outcome], plan: Schedule) -> None:
    at, told = unknown(0.0), unknown(0.0)
    for instant, outcome in enumerate(outcomes, start=1):
        at = step(at, observe(outcome, instant), plan)
        if outcome is not Outcome.INCONCLUSIVE:
            told = step(told, observe(outcome, instant), plan)
    assert at == told


@given(OUTCOMES, SCHEDULES)
def test_counts_stay_below_what_would_convince(outcomes: list[Outcome], plan: Schedule) -> None:
    for verdict in walk(outcomes, plan):
        limit = {VerdictState.SUSPECT: plan.fall, VerdictState.UNKNOWN: plan.fall, VerdictState.RECOVERING: plan.rise}
        assert 0 <= verdict.count < limit.get(verdict.state, 1)


@given(OUTCOMES, SCHEDULES)
def test_a_restart_of_the_counters_keeps_the_vote_and_is_done_once(outcomes: list[Outcome], plan: Schedule) -> None:
    for verdict in walk(outcomes, plan):
        restarted = restart_counters(verdict)
        assert (restarted.vote, restarted.count) == (verdict.vote, 0)
        assert restarted.refreshed_at == verdict.refreshed_at
        assert restart_counters(restarted) == restarted


@given(OUTCOMES, SCHEDULES, st.floats(0, 500))
def test_what_is_stale_abstains_and_what_is_fresh_stays(outcomes: list[Outcome], plan: Schedule, later: float) -> None:
    verdict = walk(outcomes, plan)[-1]
    now = verdict.refreshed_at + later
    expired = expire(verdict, now, plan)
    assert expired.refreshed_at == verdict.refreshed_at
    if later < plan.stale_after_s:
        assert expired is verdict
    else:
        assert (expired.vote, expired.count) == (Vote.ABSTAIN, 0)
        assert expire(expired, now + 1, plan) == expired
