"""The verdict's state chart: one monitor's debounced opinion of one (endpoint, check).

    UNKNOWN       -- first pass -->           UP
    UNKNOWN       -- fall fails in a row -->  DOWN
    UP            -- fail -->                 SUSPECT(1)     probe again after recheck_interval
    SUSPECT(n)    -- pass -->                 UP
    SUSPECT(n)    -- fail, n+1 = fall -->     DOWN
    DOWN          -- pass -->                 RECOVERING(1)  probe at the normal interval
    RECOVERING(n) -- fail -->                 DOWN
    RECOVERING(n) -- pass, n+1 = rise -->     UP

With `fall` 1 the state SUSPECT is skipped, with `rise` 1 RECOVERING. An inconclusive observation moves nothing
(semantics 1.2), and no evidence for `stale_after` leads from anywhere to UNKNOWN (semantics 1.4).
"""

from __future__ import annotations

from understudy.model.check import Schedule
from understudy.model.instant import Instant
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import Verdict, VerdictState

_FALLEN = (VerdictState.DOWN, VerdictState.RECOVERING)


def unknown(now: Instant) -> Verdict:
    """What is thought of an endpoint that was never probed; it counts as refreshed now, so that it can go stale."""
    return Verdict(VerdictState.UNKNOWN, now, now)


def step(verdict: Verdict, observation: Observation, schedule: Schedule) -> Verdict:
    """The verdict after one more observation; the same object if it was inconclusive."""
    if observation.outcome is Outcome.PASS:
        return _passed(verdict, observation, schedule)
    if observation.outcome is Outcome.FAIL:
        return _failed(verdict, observation, schedule)
    return verdict


def restart_counters(verdict: Verdict) -> Verdict:
    """The verdict for a changed check (semantics 1.3): the vote stays, what pointed to a change is forgotten.

    SUSPECT was up and is UP again, RECOVERING was down and is DOWN again.
    """
    if verdict.state is VerdictState.SUSPECT:
        return Verdict(VerdictState.UP, verdict.since, verdict.refreshed_at)
    state = VerdictState.DOWN if verdict.state is VerdictState.RECOVERING else verdict.state
    return Verdict(state, verdict.since, verdict.refreshed_at, 0, verdict.reason, verdict.text)


def expire(verdict: Verdict, now: Instant, schedule: Schedule) -> Verdict:
    """UNKNOWN if no evidence came for `stale_after` (semantics 1.4), else the same object.

    It is UNKNOWN since the instant at which it went stale, so the time of asking makes no difference.
    """
    stale_at = verdict.refreshed_at + schedule.stale_after_s
    if now < stale_at or (verdict.state is VerdictState.UNKNOWN and verdict.count == 0):
        return verdict
    since = verdict.since if verdict.state is VerdictState.UNKNOWN else stale_at
    return Verdict(VerdictState.UNKNOWN, since, verdict.refreshed_at)


def _passed(verdict: Verdict, observation: Observation, schedule: Schedule) -> Verdict:
    """One column of the chart. UP is by far the most frequent and stands first."""
    at = observation.at
    if verdict.state is VerdictState.UP:
        return Verdict(VerdictState.UP, verdict.since, at)
    if verdict.state not in _FALLEN:
        return Verdict(VerdictState.UP, at, at)
    count = verdict.count + 1 if verdict.state is VerdictState.RECOVERING else 1
    if count >= schedule.rise:
        return Verdict(VerdictState.UP, at, at)
    since = verdict.since if verdict.state is VerdictState.RECOVERING else at
    return Verdict(VerdictState.RECOVERING, since, at, count, verdict.reason, verdict.text)


def _failed(verdict: Verdict, observation: Observation, schedule: Schedule) -> Verdict:
    """The other column."""
    at, reason, text = observation.at, observation.reason, observation.text
    if verdict.state in _FALLEN:
        since = verdict.since if verdict.state is VerdictState.DOWN else at
        return Verdict(VerdictState.DOWN, since, at, 0, reason, text)
    count = verdict.count + 1
    if count >= schedule.fall:
        return Verdict(VerdictState.DOWN, at, at, 0, reason, text)
    if verdict.state is VerdictState.UP:
        return Verdict(VerdictState.SUSPECT, at, at, count, reason, text)
    return Verdict(verdict.state, verdict.since, at, count, reason, text)
