"""Laws of health: whatever monitors report, in whatever order, these hold (semantics 2, 3.2, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from understudy.health.failback import flaps, hold_s, return_at
from understudy.health.fold import FLAP_WINDOW_S, Evidence, fold
from understudy.health.guards import Withdrawals, limit_withdrawals
from understudy.health.overrides import Location, OverrideIndex, find_freeze, find_override
from understudy.health.quorum import count_votes
from understudy.model.check import CheckRef, Quorum, QuorumRule
from understudy.model.endpoint import WithdrawLimit
from understudy.model.health import CastVote, Health, HealthKey, HealthState
from understudy.model.observation import Outcome
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.verdict import Verdict, VerdictState, Vote
from understudy.monitor.verdict import step, unknown
from understudy.testing.builders import check, endpoint, failed, inconclusive, name, passed, pool

RANK = {HealthState.DOWN: 0, HealthState.UNKNOWN: 1, HealthState.UP: 2}
KEY = HealthKey(endpoint("192.0.2.10"), CheckRef("web"))
MONITORS = ("m0", "m1", "m2")

quorums = st.builds(
    Quorum,
    rule=st.sampled_from(QuorumRule),
    amount=st.integers(0, 100).map(float),
    min_live=st.none() | st.integers(0, 7),
)
votes = st.lists(st.sampled_from(Vote), max_size=7)


def count(ballot: Sequence[Vote], quorum: Quorum, previous: HealthState) -> HealthState:
    assigned = [f"m{index}" for index in range(len(ballot))]
    casts = [CastVote(monitor, "web", vote, 0.0) for monitor, vote in zip(assigned, ballot, strict=True)]
    return count_votes(casts, assigned, quorum, previous=previous).state


@given(votes, quorums, st.sampled_from(HealthState), st.data())
def test_a_vote_that_turns_from_down_to_up_never_makes_it_worse(
    ballot: list[Vote], quorum: Quorum, previous: HealthState, data: st.DataObject
) -> None:
    downs = [index for index, vote in enumerate(ballot) if vote is Vote.DOWN]
    if not downs:
        return
    turned = data.draw(st.sampled_from(downs))
    better = [Vote.UP if index == turned else vote for index, vote in enumerate(ballot)]

    assert RANK[count(better, quorum, previous)] >= RANK[count(ballot, quorum, previous)]


@given(votes, quorums, st.sampled_from(HealthState), st.randoms(use_true_random=False))
def test_the_order_of_votes_makes_no_difference(
    ballot: list[Vote], quorum: Quorum, previous: HealthState, random: Random
) -> None:
    shuffled = list(ballot)
    random.shuffle(shuffled)

    assert count(shuffled, quorum, previous) is count(ballot, quorum, previous)


@given(st.lists(st.sampled_from(Vote), min_size=2, max_size=7), quorums)
def test_one_monitor_of_several_never_takes_an_endpoint_down_but_by_any(ballot: list[Vote], quorum: Quorum) -> None:
    if ballot.count(Vote.DOWN) < 2 and quorum.rule is not QuorumRule.ANY:
        assert count(ballot, quorum, HealthState.UP) is HealthState.UP


timelines = st.lists(
    st.tuples(
        st.floats(0.1, 40.0),
        st.fixed_dictionaries({monitor: st.none() | st.sampled_from(VerdictState) for monitor in MONITORS}),
    ),
    max_size=30,
)


@given(timelines, quorums)
def test_health_changes_only_when_a_vote_does(
    timeline: list[tuple[float, dict[str, VerdictState | None]]], quorum: Quorum
) -> None:
    """A vote changes by a verdict or by its age; and what was known once is never unknown again."""
    checks = {"web": replace(check("web"), monitors=MONITORS, quorum=quorum)}
    table: dict[str, Verdict] = {}
    health: Health | None = None
    now = 0.0
    for pause_s, states in timeline:
        now += pause_s
        table |= {monitor: Verdict(state, now, now) for monitor, state in states.items() if state is not None}
        before, health = health, fold(KEY, Evidence({"web": dict(table)}), now, checks=checks, previous=health)
        if before is None or before.state is health.state:
            continue
        assert health.state is not HealthState.UNKNOWN
        assert {cast.monitor: cast.vote for cast in before.ballot} != {
            cast.monitor: cast.vote for cast in health.ballot
        }


@given(st.lists(st.sampled_from(Outcome), max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_health_cannot_flip_faster_than_its_evidence(outcomes: list[Outcome], fall: int, rise: int) -> None:
    """One monitor: an UP ends after `fall` failures in a row only, a DOWN after `rise` passes in a row only."""
    web = check("web", fall=fall, rise=rise)
    make = {Outcome.PASS: passed, Outcome.FAIL: failed, Outcome.INCONCLUSIVE: inconclusive}
    verdict, health = unknown(0.0), None
    conclusive: list[Outcome] = []
    for number, outcome in enumerate(outcomes, start=1):
        now = float(number)
        verdict = step(verdict, make[outcome](now), web.schedule)
        conclusive += [outcome] if outcome is not Outcome.INCONCLUSIVE else []
        evidence = Evidence({"web": {"local": verdict}})
        before, health = health, fold(KEY, evidence, now, checks={"web": web}, previous=health)
        state = HealthState.UNKNOWN if before is None else before.state
        if health.state is HealthState.DOWN and state is not HealthState.DOWN:
            assert conclusive[-fall:] == [Outcome.FAIL] * fall
        if health.state is HealthState.UP and state is HealthState.DOWN:
            assert conclusive[-rise:] == [Outcome.PASS] * rise


@given(timelines, quorums)
def test_since_never_lies_ahead_and_falls_are_in_order(
    timeline: list[tuple[float, dict[str, VerdictState | None]]], quorum: Quorum
) -> None:
    checks = {"web": replace(check("web"), monitors=MONITORS, quorum=quorum)}
    health: Health | None = None
    now = 0.0
    for pause_s, states in timeline:
        now += pause_s
        verdicts = {monitor: Verdict(state, now, now) for monitor, state in states.items() if state is not None}
        health = fold(KEY, Evidence({"web": verdicts}), now, checks=checks, previous=health)
        assert health.first_seen <= health.since <= now
        assert list(health.falls) == sorted(health.falls)
        assert all(now < fall + FLAP_WINDOW_S for fall in health.falls[:-1])
        assert health.state is not HealthState.DOWN or health.falls[-1:] == (health.since,)


@given(
    st.lists(st.integers(0, 5000), max_size=12),
    st.integers(0, 3600),
    st.integers(0, 1000),
    st.integers(0, 3000),
)
def test_a_hold_ends_at_the_first_instant_that_has_waited_enough(
    falls: list[int], up_after: int, delay_s: int, probe: int
) -> None:
    since = float(max(falls, default=0) + up_after)
    health = Health(HealthState.UP, since, 0.0, tuple(map(float, sorted(falls))))

    def has_waited(at: float) -> bool:
        return at - since >= hold_s(delay_s, flaps(health, at))

    back = return_at(health, delay_s)

    assert back >= since
    assert has_waited(back)
    assert not has_waited(since + probe) or since + probe >= back


subjects = st.sampled_from(
    [
        Subject(SubjectKind.ENDPOINT, "192.0.2.10"),
        Subject(SubjectKind.ENDPOINT, "192.0.2.10", "www.example.com"),
        Subject(SubjectKind.POOL, "near"),
        Subject(SubjectKind.RECORD, "www.example.com"),
        Subject(SubjectKind.EVERYTHING),
        Subject(SubjectKind.POOL, "far"),
    ]
)
overrides = st.lists(
    st.tuples(st.sampled_from(OverrideKind), subjects, st.none() | st.floats(0, 2000)), max_size=8
).map(
    lambda drawn: [
        Override(number, kind, subject, "", "", 0.0, expires_at)
        for number, (kind, subject, expires_at) in enumerate(drawn)
    ]
)


@given(overrides, st.randoms(use_true_random=False))
def test_the_order_of_overrides_makes_no_difference(drawn: list[Override], random: Random) -> None:
    place = Location(KEY.endpoint, "near", name("www.example.com"))
    shuffled = list(drawn)
    random.shuffle(shuffled)
    one, other = OverrideIndex.of(drawn), OverrideIndex.of(shuffled)

    assert find_override(one, place, 1000.0) == find_override(other, place, 1000.0)
    assert find_freeze(one, place.record, 1000.0) == find_freeze(other, place.record, 1000.0)


@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.floats(0.1, 60.0), st.sets(st.integers(1, 6))), max_size=20),
)
def test_automation_never_withdraws_more_than_the_guard_allows(
    limit: int, timeline: list[tuple[float, set[int]]]
) -> None:
    near = replace(pool("near", "192.0.2.1"), max_withdraw=WithdrawLimit(limit, 100.0))
    memory, out = Withdrawals(), frozenset[object]()
    withdrawn: list[float] = []
    now = 0.0
    for pause_s, numbers in timeline:
        now += pause_s
        down = [endpoint(f"192.0.2.{number}") for number in sorted(numbers)]
        memory, kept = limit_withdrawals(near, down, now, memory=memory)
        assert memory.out | frozenset(kept) == frozenset(down)
        withdrawn += [now] * len(memory.out - out)
        out = memory.out
        assert sum(now < at + 100.0 for at in withdrawn) <= limit
        assert all(until > now for until in kept.values())
