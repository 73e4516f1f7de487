"""Values of `model` in one short line each, with documentation addresses and the defaults of the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TypedDict, Unpack

from understudy.model.check import AtLeast, Check, CheckRef, Requirement, Schedule
from understudy.model.configuration import Configuration, NodeSettings
from understudy.model.endpoint import Endpoint, Member, Pool
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.observation import Observation, Outcome
from understudy.model.record import Failback, OnAllDown, PolicyKind, Record
from understudy.model.verdict import LOCAL_MONITOR, ProbeKey, Verdict, VerdictState
from understudy.model.zone import ZoneDefinition, ZoneSource

EXAMPLE = Name.parse("example.com")


@frozen
class FakeSettings:
    """Settings of a check that nothing but a FakeNetwork can probe."""

    text: str = "fake"

    def summary(self) -> str:
        """The text."""
        return self.text


class ScheduleFields(TypedDict, total=False):
    """What `schedule` and `check` take."""

    interval_s: float
    timeout_s: float
    recheck_interval_s: float
    fall: int
    rise: int
    jitter: float


class RecordFields(TypedDict, total=False):
    """What `record` takes."""

    policy: PolicyKind
    requirement: Requirement | None
    ttl_s: int
    min_healthy: int
    failover_delay_s: float
    failback: Failback
    on_all_down: OnAllDown
    fallback: str | None
    answers_max: int | None


def name(text: str) -> Name:
    """`www.example.com`."""
    return Name.parse(text)


def endpoint(text: str) -> Endpoint:
    """`192.0.2.10`, `2001:db8::10`, or a host name."""
    try:
        return Endpoint(ip_address(text))
    except ValueError:
        return Endpoint(Name.parse(text))


def member(text: str, weight: int = 1, *, is_disabled: bool = False) -> Member:
    """A place in a pool."""
    return Member(endpoint(text), weight, is_disabled)


def pool(pool_name: str, *members: str | Member) -> Pool:
    """`pool("near", "192.0.2.10", member("192.0.2.11", weight=50))`."""
    return Pool(pool_name, tuple(member(each) if isinstance(each, str) else each for each in members))


def schedule(**fields: Unpack[ScheduleFields]) -> Schedule:
    """The defaults with `fields` changed; `stale_after` follows from the interval and the timeout."""
    plain = Schedule(**fields)
    stale_after_s = Schedule.default_stale_after_s(plain.interval_s, plain.timeout_s)
    return Schedule(**fields, stale_after_s=stale_after_s)


def check(check_name: str = "web", text: str = "fake", **fields: Unpack[ScheduleFields]) -> Check:
    """A check whose `text` stands for its settings: two with different texts examine differently."""
    return Check(check_name, "fake", FakeSettings(text), schedule(**fields))


def probe_key(address: str = "192.0.2.10", check_name: str = "web") -> ProbeKey:
    """One (endpoint, check)."""
    return ProbeKey(endpoint(address), check_name)


def assignments(addresses: Iterable[str], *checks: Check) -> dict[ProbeKey, Check]:
    """Every address by every check, as `Monitor.assign` takes it."""
    return {ProbeKey(endpoint(address), each.name): each for address in addresses for each in checks}


def all_of(*checks: str) -> Requirement:
    """All of these checks; of one, just that."""
    return CheckRef(checks[0]) if len(checks) == 1 else AtLeast(len(checks), tuple(CheckRef(each) for each in checks))


def any_of(*checks: str) -> Requirement:
    """One of these checks suffices."""
    return AtLeast(1, tuple(CheckRef(each) for each in checks))


def record(text: str = "www.example.com", *pools: str, **fields: Unpack[RecordFields]) -> Record:
    """A record in example.com over named pools (none given: `near`, then `far`), checked by `web` unless told."""
    plain = Record(Name.parse(text), EXAMPLE, PolicyKind.TIERS, pools or ("near", "far"), CheckRef("web"))
    return replace(plain, **fields)


def configuration(*, records: Iterable[Record], pools: Iterable[Pool], checks: Iterable[Check] = ()) -> Configuration:
    """A configuration of one zone, example.com, that listens nowhere. Without checks it has `web`."""
    return Configuration(
        node=NodeSettings(listen=(), state_dir=Path("/nonexistent"), file=Path("/nonexistent/understudy.yaml")),
        zones={EXAMPLE: ZoneDefinition(EXAMPLE, ZoneSource.FILE, Path("/nonexistent/example.com.zone"))},
        checks={each.name: each for each in (tuple(checks) or (check(),))},
        pools={each.name: each for each in pools},
        records={each.name: each for each in records},
        sources={},
    )


def passed(at: Instant) -> Observation:
    """A probe that passed."""
    return Observation(Outcome.PASS, at)


def failed(at: Instant, reason: str = "connect.refused") -> Observation:
    """A probe that failed."""
    return Observation(Outcome.FAIL, at, reason, reason.replace(".", " "))


def inconclusive(at: Instant, reason: str = "socket.no_route") -> Observation:
    """A probe that could not tell, by a fault of ours."""
    return Observation(Outcome.INCONCLUSIVE, at, reason, reason.replace(".", " "))


def verdict(state: str | VerdictState, since: Instant = 0.0, count: int = 0) -> Verdict:
    """In `state` since then, refreshed then; what is not up gives a reason."""
    state = VerdictState(state)
    has_reason = state in {VerdictState.DOWN, VerdictState.RECOVERING, VerdictState.SUSPECT}
    return Verdict(state, since, since, count, *(("connect.refused", "connect refused") if has_reason else ("", "")))


def table(state: str | VerdictState, *addresses: str, since: Instant = 0.0) -> dict[str, dict[ProbeKey, Verdict]]:
    """The reports of the local monitor in which every address has this state by `web`."""
    return {LOCAL_MONITOR: {probe_key(address): verdict(state, since) for address in addresses}}
