"""Changes told in words."""

import pytest

from understudy.model.health import CastVote, Health, HealthKey, HealthState
from understudy.model.verdict import Verdict, VerdictState, Vote
from understudy.monitor.monitor import VerdictChange
from understudy.service.changes import HealthChange
from understudy.service.narrate import tell_health, tell_verdict
from understudy.testing.builders import all_of, endpoint, probe_key

NOW = 1000.0
REFUSED = {"reason": "connect.refused", "text": "connection refused"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (VerdictState.UP, VerdictState.SUSPECT, "up → suspect by web: connection refused"),
        (VerdictState.SUSPECT, VerdictState.DOWN, "suspect → down by web: connection refused"),
        (VerdictState.DOWN, VerdictState.RECOVERING, "down → recovering by web"),
        (VerdictState.RECOVERING, VerdictState.DOWN, "recovering → down by web: connection refused"),
    ],
)
def test_only_a_failure_is_told_with_a_reason(before: VerdictState, after: VerdictState, told: str) -> None:
    change = VerdictChange(probe_key(), Verdict(before, 1.0, 1.0), Verdict(after, 2.0, 2.0, 1, **REFUSED))
    event = tell_verdict("local", change, NOW)
    assert event.text == told
    assert bool(event.detail["reason"]) is (": " in told)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (HealthState.UP, HealthState.DOWN, "up → down: connection refused"),
        (HealthState.DOWN, HealthState.UP, "down → up"),
    ],
)
def test_an_endpoint_is_up_for_no_reason_and_down_for_those_who_say_so(
    before: HealthState, after: HealthState, told: str
) -> None:
    ballot = (
        CastVote("paris", "web", Vote.DOWN, 1.0, "connection refused"),
        CastVote("rome", "web", Vote.DOWN, 1.0, "connection refused"),
        CastVote("oslo", "web", Vote.UP, 1.0, "timed out"),
    )
    key = HealthKey(endpoint("192.0.2.10"), all_of("web"))
    change = HealthChange(key, Health(before, 1.0, 0.0), Health(after, 2.0, 0.0, ballot=ballot))
    event = tell_health(change, NOW)
    assert event is not None
    assert event.text == told
