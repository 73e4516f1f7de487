"""The guards of semantics 5.2 and 5.3 as health changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from understudy.model.check import CheckRef
from understudy.model.configuration import Configuration
from understudy.model.endpoint import WithdrawLimit
from understudy.model.health import Health, HealthKey, HealthState
from understudy.service.changes import HealthChange
from understudy.service.guard import Guard
from understudy.service.index import build_index
from understudy.testing.builders import configuration, endpoint, member, pool, record

FIRST, SECOND, OFF = "192.0.2.10", "192.0.2.11", "192.0.2.12"
WEB = CheckRef("web")


def limited(count: int = 1) -> Configuration:
    """Two endpoints in service and one that is not, of which so many may be withdrawn within a minute."""
    near = replace(pool("near", FIRST, SECOND, member(OFF, is_disabled=True)), max_withdraw=WithdrawLimit(count, 60.0))
    return configuration(records=[record("www.example.com", "near", "far")], pools=[near, pool("far", "198.51.100.10")])


def healths(*down: str, since: float = 0.0) -> Mapping[HealthKey, Health]:
    states = {text: HealthState.DOWN if text in down else HealthState.UP for text in (FIRST, SECOND, OFF)}
    return {
        HealthKey(endpoint(text), WEB): Health(state, since, since, (since,) if text in down else ())
        for text, state in states.items()
    }


def limit(guard: Guard, *down: str, now: float) -> set[str]:
    config = limited()
    return guard.limit(config, build_index(config), healths(*down), now=now)


def test_5_2_only_a_pool_of_which_something_else_is_kept_is_decided_again() -> None:
    guard = Guard()
    assert limit(guard, now=0.0) == set()
    assert limit(guard, FIRST, now=1.0) == set()
    assert limit(guard, FIRST, SECOND, now=2.0) == {"near"}
    assert guard.kept["near"] == {endpoint(SECOND): 61.0}
    assert limit(guard, FIRST, SECOND, now=3.0) == set()
    assert limit(guard, FIRST, now=4.0) == {"near"}
    assert guard.kept["near"] == {}


def test_5_2_what_is_disabled_uses_nothing_up() -> None:
    guard = Guard()
    assert limit(guard, OFF, now=0.0) == set()
    assert limit(guard, OFF, FIRST, now=1.0) == set()
    assert limit(guard, OFF, FIRST, SECOND, now=2.0) == {"near"}
    assert set(guard.kept["near"]) == {endpoint(SECOND)}


def test_5_3_an_endpoint_that_stays_down_fell_once() -> None:
    addresses = [f"192.0.2.{number}" for number in range(10, 14)]
    config = configuration(records=[record("www.example.com", "near")], pools=[pool("near", *addresses)])
    index, guard = build_index(config), Guard()
    up, down = Health(HealthState.UP, 0.0, 0.0), Health(HealthState.DOWN, 5.0, 5.0, (5.0,))
    key = HealthKey(endpoint(addresses[0]), WEB)
    guard.note([HealthChange(key, up, down)], 5.0)
    for now in (6.0, 7.0, 8.0):
        guard.note([HealthChange(key, down, replace(down, why=f"seen at {now}"))], now)
    assert dict(guard.alarms(config, index, 8.0)) == {"mass_failure": ""}
    guard.note([HealthChange(HealthKey(endpoint(addresses[1]), WEB), None, down)], 9.0)
    assert "2 of 4 endpoints" in dict(guard.alarms(config, index, 9.0))["mass_failure"]
