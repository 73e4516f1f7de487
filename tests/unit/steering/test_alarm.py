"""Semantics 4.4: fail-open alarms loudly, and what is ordinary does not."""

from __future__ import annotations

import pytest

from understudy.model.endpoint import Family
from understudy.model.event import Severity
from understudy.model.record import OnAllDown
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.alarm import severity_of
from understudy.steering.decide import Past, decide_record
from understudy.testing.builders import member, record

UP, DOWN, OUT = StandingKind.ELIGIBLE, StandingKind.DOWN, StandingKind.TAKEN_OUT
RULES = {UP: "2.4", DOWN: "3.1", OUT: "4.1"}


def standing(address: str, kind: StandingKind) -> Standing:
    return Standing(member(address), kind, RULES[kind], "test")


@pytest.mark.parametrize(
    ("kinds", "on_all_down", "expected"),
    [
        ((UP, UP), OnAllDown.FAIL_OPEN, Severity.INFO),
        ((UP, DOWN), OnAllDown.FAIL_OPEN, Severity.WARNING),  # fewer than min_healthy
        ((DOWN, DOWN), OnAllDown.FAIL_OPEN, Severity.ALARM),
        ((DOWN, DOWN), OnAllDown.LAST_HEALTHY, Severity.ALARM),
        ((DOWN, DOWN), OnAllDown.NODATA, Severity.ALARM),
        ((DOWN, DOWN), OnAllDown.SERVFAIL, Severity.ALARM),
        ((OUT, OUT), OnAllDown.FAIL_OPEN, Severity.WARNING),
        ((), OnAllDown.FAIL_OPEN, Severity.INFO),  # no endpoint of the family
    ],
)
def test_a_decision_is_told_as_loudly_as_it_deserves(
    kinds: tuple[StandingKind, ...], on_all_down: OnAllDown, expected: Severity
) -> None:
    tier = tuple(standing(f"192.0.2.{number}", kind) for number, kind in enumerate(kinds, start=1))
    www = record("www.example.com", "near", min_healthy=2, on_all_down=on_all_down)

    decided = decide_record(www, Lineup((tier,)), 1000.0, past=Past())

    assert severity_of(decided.decisions[Family.IPV4]) is expected


def test_a_last_resort_is_a_warning() -> None:
    lineup = Lineup(((standing("192.0.2.1", DOWN),),), (standing("203.0.113.1", UP),))

    decided = decide_record(record("www.example.com", "near"), lineup, 1000.0, past=Past())

    assert severity_of(decided.decisions[Family.IPV4]) is Severity.WARNING


def test_a_drained_neighbour_does_not_make_a_missing_family_a_warning() -> None:
    """Decided as a whole for its host name: the chosen pool has no IPv6 address, which is nobody's fault."""
    lineup = Lineup(((standing("alias.example.net", OUT),), (standing("192.0.2.1", UP),)))

    decided = decide_record(record(), lineup, 1000.0, past=Past())

    assert not decided.decisions[Family.IPV6].endpoints
    assert severity_of(decided.decisions[Family.IPV6]) is Severity.INFO
