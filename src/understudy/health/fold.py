"""The monitors' verdicts, folded into one health per (endpoint, requirement)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from understudy.health.quorum import Count, count_votes
from understudy.model.check import Check, CheckRef, Requirement, leaves
from understudy.model.frozen import frozen
from understudy.model.health import CastVote, Health, HealthFlag, HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.verdict import Verdict, VerdictState, Vote

FLAP_WINDOW_S = 1800.0
"""Semantics 3.2: falls of the last 30 min lengthen a hold."""

FALLS_MAX = 64
"""Chosen: 2^64 times any delay is beyond the longest hold, so older falls change nothing and memory stays bounded."""


@frozen
class Evidence:
    """What is known of one endpoint: `verdicts` by check and monitor; votes of `blind` monitors do not count (2.7)."""

    verdicts: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()


def fold(
    key: HealthKey, evidence: Evidence, now: Instant, *, checks: Mapping[str, Check], previous: Health | None
) -> Health:
    """The health of `key` at `now`; `previous` is what the last fold returned, None the first time.

    After its first UP or DOWN a key is never UNKNOWN again: what is not known keeps the last state. Without `previous`
    (a first start, or lost state) `since` is the verdicts' own, so that a restart neither starts a hold nor ends one.
    Every name in the requirement is in `checks`.
    """
    if key.requirement is None:
        return _unmonitored(previous, now)
    names = tuple(dict.fromkeys(leaves(key.requirement)))
    ballots = {name: tuple(_cast(checks[name], evidence, now)) for name in names}
    counts = {
        name: count_votes(
            ballots[name], checks[name].monitors, checks[name].quorum, previous=_last_state(previous, name)
        )
        for name in names
    }
    found = combine(key.requirement, {name: count.state for name, count in counts.items()})
    state = previous.state if found is HealthState.UNKNOWN and previous is not None else found
    live = tuple(_live_verdicts(evidence, ballots))
    since = _since(state, previous, live, now=now)
    return Health(
        state=state,
        since=since,
        first_seen=now if previous is None else previous.first_seen,
        falls=_falls(state, previous, since, now=now),
        flags=frozenset(_flags(state, counts, live)) | _unassigned(names, checks),
        ballot=tuple(cast for ballot in ballots.values() for cast in ballot),
        why=_why(key.requirement, counts, state, found=found),
        by_check=tuple((name, count.state) for name, count in counts.items()),
    )


def combine(requirement: Requirement, states: Mapping[str, HealthState]) -> HealthState:
    """The state of a tree of checks, in three-valued logic (2.8): UNKNOWN where the unknown parts could decide."""
    if isinstance(requirement, CheckRef):
        return states[requirement.check]
    parts = [combine(part, states) for part in requirement.parts]
    if parts.count(HealthState.UP) >= requirement.count:
        return HealthState.UP
    still_possible = len(parts) - parts.count(HealthState.DOWN)
    return HealthState.DOWN if still_possible < requirement.count else HealthState.UNKNOWN


def stale_at(verdict: Verdict, check: Check) -> Instant:
    """From when on `verdict` abstains for its age (1.4)."""
    return verdict.refreshed_at + check.schedule.stale_after_s


def is_news(before: Health | None, after: Health) -> bool:
    """Whether anything that steers differs: ages and words alone are no news."""
    if before is None:
        return True
    return (before.state, before.since, before.flags, before.falls) != (
        after.state,
        after.since,
        after.flags,
        after.falls,
    )


def _unmonitored(previous: Health | None, now: Instant) -> Health:
    return Health(
        state=HealthState.UP,
        since=now if previous is None else previous.since,
        first_seen=now if previous is None else previous.first_seen,
        flags=frozenset({HealthFlag.UNMONITORED}),
        why="2.1: no check is required, so it is unmonitored and eligible",
    )


def _cast(check: Check, evidence: Evidence, now: Instant) -> Iterator[CastVote]:
    """A vote for every assigned monitor that ever reported; fresh, or abstaining for its age (1.4)."""
    verdicts = evidence.verdicts.get(check.name, {})
    for monitor in check.monitors:
        verdict = verdicts.get(monitor)
        if verdict is None:
            continue
        is_stale = now >= stale_at(verdict, check)
        is_blind = monitor in evidence.blind
        yield CastVote(
            monitor=monitor,
            check=check.name,
            vote=Vote.ABSTAIN if is_stale or is_blind else verdict.vote,
            age_s=max(0.0, now - verdict.refreshed_at),
            text=verdict.text or verdict.reason,
            is_stale=is_stale,
            is_blind=is_blind,
        )


def _last_state(previous: Health | None, check: str) -> HealthState:
    """What a hold of one check keeps; a health stored without its checks speaks for each of them."""
    if previous is None:
        return HealthState.UNKNOWN
    if not previous.by_check:
        return HealthState.UNKNOWN if HealthFlag.UNMONITORED in previous.flags else previous.state
    return dict(previous.by_check).get(check, HealthState.UNKNOWN)


def _live_verdicts(evidence: Evidence, ballots: Mapping[str, Iterable[CastVote]]) -> Iterator[Verdict]:
    for name, ballot in ballots.items():
        for cast in ballot:
            if cast.vote is not Vote.ABSTAIN:
                yield evidence.verdicts[name][cast.monitor]


def _since(state: HealthState, previous: Health | None, live: Iterable[Verdict], *, now: Instant) -> Instant:
    if previous is not None:
        return previous.since if previous.state is state else now
    return min(now, max((verdict.since for verdict in live), default=now))


def _falls(state: HealthState, previous: Health | None, since: Instant, *, now: Instant) -> tuple[Instant, ...]:
    """The falls of the window, and always the latest: without any the endpoint never was DOWN."""
    known = () if previous is None else previous.falls
    if state is HealthState.DOWN and (previous is None or previous.state is not state):
        known = (*known, since)
    recent = tuple(fall for fall in known[:-1] if now < fall + FLAP_WINDOW_S)
    return (recent + known[-1:])[-FALLS_MAX:]


def _flags(state: HealthState, counts: Mapping[str, Count], live: Iterable[Verdict]) -> Iterator[HealthFlag]:
    states = {verdict.state for verdict in live}
    if state is HealthState.UP and VerdictState.SUSPECT in states:
        yield HealthFlag.SUSPECT
    if state is HealthState.DOWN and VerdictState.RECOVERING in states:
        yield HealthFlag.RECOVERING
    if any(count.is_held for count in counts.values()):
        yield HealthFlag.HELD


def _unassigned(names: Iterable[str], checks: Mapping[str, Check]) -> frozenset[HealthFlag]:
    """UNMONITORED where none of the checks has a monitor (2.1)."""
    if any(checks[name].monitors for name in names):
        return frozenset()
    return frozenset({HealthFlag.UNMONITORED})


def _why(requirement: Requirement, counts: Mapping[str, Count], state: HealthState, *, found: HealthState) -> str:
    parts = "; ".join(f"{name}: {count.why}" for name, count in counts.items())
    if found is not state:
        return f"{parts}; 2.8: {requirement} cannot be told yet, so the last state '{state}' is held"
    return parts if isinstance(requirement, CheckRef) else f"{parts}; 2.8: {requirement} is '{state}'"
