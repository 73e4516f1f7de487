"""Semantics 2.1, 2.2, 3.1 to 3.3, 4.1, 5.2, 5.4: where an endpoint stands, one row for each case."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.health.standing import Place, stand
from understudy.model.health import Health, HealthFlag, HealthState
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import Failback, FailbackMode
from understudy.model.standing import StandingKind
from understudy.testing.builders import member, record

NOW = 1000.0
ELIGIBLE, WAITING, DOWN, OUT = (
    StandingKind.ELIGIBLE,
    StandingKind.WAITING,
    StandingKind.DOWN,
    StandingKind.TAKEN_OUT,
)
IS_UP = Health(HealthState.UP, 100.0, 0.0)
IS_DOWN = Health(HealthState.DOWN, 990.0, 0.0, falls=(990.0,))
IS_NEW = Health(HealthState.UNKNOWN, 980.0, 980.0)
CAME_BACK = Health(HealthState.UP, 990.0, 0.0, falls=(900.0,))
SUSPECT = Health(HealthState.UP, 100.0, 0.0, flags=frozenset({HealthFlag.SUSPECT}))
UNMONITORED = Health(HealthState.UP, 100.0, 0.0, flags=frozenset({HealthFlag.UNMONITORED}))
HELD = Health(HealthState.UP, 100.0, 0.0, falls=(50.0,), flags=frozenset({HealthFlag.HELD}))
MANUAL, NEVER = Failback(FailbackMode.MANUAL), Failback(FailbackMode.NEVER)


def override(kind: OverrideKind, expires_at: float | None = 5000.0) -> Override:
    return Override(1, kind, Subject(SubjectKind.ENDPOINT, "192.0.2.10"), "maintenance", "ada", 0.0, expires_at)


def place(record_fields: dict[str, Any], place_fields: dict[str, Any]) -> Place:
    return Place(record(**record_fields), **{"first_verdict_s": 30.0, **place_fields})


@pytest.mark.parametrize(
    ("health", "record_fields", "place_fields", "expected"),
    [
        (UNMONITORED, {}, {}, (ELIGIBLE, "2.1", None)),
        (IS_NEW, {}, {}, (ELIGIBLE, "2.2", None)),
        (IS_NEW, {}, {"has_healthy": True}, (WAITING, "2.2", 1010.0)),
        (IS_NEW, {}, {"has_healthy": True, "first_verdict_s": 20.0}, (ELIGIBLE, "2.2", None)),
        (IS_NEW, {}, {"has_healthy": True, "is_in_use": True}, (ELIGIBLE, "2.2", None)),
        (IS_UP, {}, {}, (ELIGIBLE, "2.4", None)),
        (IS_DOWN, {}, {"is_in_use": True}, (DOWN, "3.1", None)),
        (IS_DOWN, {"failover_delay_s": 30.0}, {"is_in_use": True}, (ELIGIBLE, "3.1", 1020.0)),
        (IS_DOWN, {"failover_delay_s": 10.0}, {"is_in_use": True}, (DOWN, "3.1", None)),
        (IS_DOWN, {"failover_delay_s": 30.0}, {}, (DOWN, "3.1", None)),
        (CAME_BACK, {}, {}, (WAITING, "3.2", 1110.0)),
        (CAME_BACK, {}, {"is_in_use": True}, (ELIGIBLE, "2.4", None)),
        (HELD, {}, {}, (WAITING, "2.3", None)),
        (HELD, {}, {"is_in_use": True}, (ELIGIBLE, "2.4", None)),
        (CAME_BACK, {"failback": Failback(delay_s=0.0)}, {}, (ELIGIBLE, "2.4", None)),
        (CAME_BACK, {"failback": Failback(delay_s=5.0)}, {}, (ELIGIBLE, "2.4", None)),
        (CAME_BACK, {"failback": Failback(delay_s=5.1)}, {}, (WAITING, "3.2", 1000.2)),
        (CAME_BACK, {"failback": MANUAL}, {"is_waiting": True}, (WAITING, "3.3", None)),
        (CAME_BACK, {"failback": MANUAL}, {"is_waiting": False}, (ELIGIBLE, "2.4", None)),
        (CAME_BACK, {"failback": MANUAL}, {"is_waiting": True, "is_in_use": True}, (ELIGIBLE, "2.4", None)),
        (CAME_BACK, {"failback": NEVER}, {}, (WAITING, "3.2", 1110.0)),
        (IS_UP, {}, {"override": override(OverrideKind.DRAIN)}, (OUT, "4.1", 5000.0)),
        (IS_UP, {}, {"override": override(OverrideKind.FORCE_DOWN, None)}, (OUT, "4.1", None)),
        (IS_DOWN, {}, {"override": override(OverrideKind.FORCE_UP)}, (ELIGIBLE, "5.4", 5000.0)),
        (IS_DOWN, {}, {"is_in_use": True, "kept_until": 1200.0}, (ELIGIBLE, "5.2", 1200.0)),
        (IS_DOWN, {}, {"is_in_use": True, "kept_until": float("inf")}, (ELIGIBLE, "5.2", None)),
        (IS_DOWN, {}, {"is_in_use": True, "kept_until": 1000.0}, (DOWN, "3.1", None)),
        (IS_DOWN, {}, {"kept_until": 1200.0}, (DOWN, "3.1", None)),
    ],
)
def test_an_endpoint_stands_by_the_rule(
    health: Health,
    record_fields: dict[str, Any],
    place_fields: dict[str, Any],
    expected: tuple[StandingKind, str, float | None],
) -> None:
    standing = stand(member("192.0.2.10"), health, NOW, place=place(record_fields, place_fields))

    assert (standing.kind, standing.rule, standing.due) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(None, OUT), (OverrideKind.DRAIN, OUT), (OverrideKind.FORCE_DOWN, OUT), (OverrideKind.FORCE_UP, ELIGIBLE)],
)
def test_4_1_what_the_configuration_disables_only_force_brings_back(
    kind: OverrideKind | None, expected: StandingKind
) -> None:
    fields = {} if kind is None else {"override": override(kind)}

    standing = stand(member("192.0.2.10", is_disabled=True), IS_UP, NOW, place=place({}, fields))

    assert standing.kind is expected


@pytest.mark.parametrize(
    ("health", "is_uncertain"),
    [(IS_UP, False), (SUSPECT, True), (IS_NEW, True), (IS_DOWN, False), (UNMONITORED, False)],
)
def test_4_7_unknown_and_suspect_are_uncertain(health: Health, is_uncertain: bool) -> None:
    assert stand(member("192.0.2.10"), health, NOW, place=place({}, {})).is_uncertain is is_uncertain


def test_an_operators_word_leaves_no_uncertainty() -> None:
    forced = place({}, {"override": override(OverrideKind.FORCE_UP)})

    standing = stand(member("192.0.2.10"), SUSPECT, NOW, place=forced)

    assert (standing.is_uncertain, standing.up_since) == (False, None)
    assert standing.why == "forced up by ada (maintenance) as 192.0.2.10, until 1970-01-01 01:23:20 UTC"


def test_3_2_the_reason_for_waiting_shows_the_arithmetic() -> None:
    standing = stand(member("192.0.2.10"), CAME_BACK, NOW, place=place({}, {}))

    assert standing.why.startswith("60 s x 2^1 = 120 s after 1 fall in 30 min, ")
    assert standing.up_since == 990.0
