"""Laws of steering: whatever stands where, these hold (semantics 3.4, 4.1 to 4.8, 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from understudy.health.lineup import Scene, line_up
from understudy.model.decision import Decision, Mode, RecordMemory
from understudy.model.endpoint import Endpoint, Family, Member, Pool
from understudy.model.health import Health, HealthFlag, HealthKey, HealthState
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import Failback, FailbackMode, OnAllDown, PolicyKind, Record
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.decide import (
    UNCERTAIN_TTL_S,
    Past,
    RecordDecision,
    decide,
    decide_by_rules,
    decide_record,
)
from understudy.steering.policies import POLICIES
from understudy.testing.builders import check, endpoint, record

NOW = 10_000.0
ADDRESSES = tuple(f"192.0.2.{number}" for number in range(1, 6)) + tuple(
    f"2001:db8::{number}" for number in range(1, 4)
)
HOSTS = ("one.example.net", "two.example.net")
FREEZE = Override(1, OverrideKind.FREEZE, Subject(SubjectKind.EVERYTHING), "storm", "ada", 0.0, None)

addresses = st.sampled_from(ADDRESSES).map(endpoint)
instants = st.none() | st.integers(-500, 500).map(lambda offset: NOW + offset)


@st.composite
def standings(draw: st.DrawFn, endpoints: st.SearchStrategy[Endpoint] = addresses) -> Standing:
    kind = draw(st.sampled_from(StandingKind))
    is_known_up = kind in {StandingKind.ELIGIBLE, StandingKind.WAITING} and draw(st.booleans())
    return Standing(
        Member(draw(endpoints), draw(st.integers(0, 3))),
        kind,
        rule="2.4",
        why="drawn",
        is_uncertain=draw(st.booleans()),
        due=draw(instants),
        up_since=draw(st.integers(0, 500)) + NOW - 500 if is_known_up else None,
    )


tiers = st.lists(
    st.lists(standings(), max_size=4, unique_by=lambda one: one.member.endpoint).map(tuple), min_size=1, max_size=4
).map(tuple)
mixed_tiers = st.lists(
    st.lists(standings(), min_size=1, max_size=3).map(tuple)
    | st.lists(standings(st.sampled_from(HOSTS).map(endpoint)), min_size=1, max_size=2).map(tuple),
    min_size=1,
    max_size=3,
).map(tuple)
lineups = st.builds(Lineup, tiers=tiers, fallback=st.just(()) | st.lists(standings(), max_size=2).map(tuple))
memories = st.builds(
    RecordMemory,
    tier=st.integers(-1, 4),
    waiting=st.frozensets(addresses, max_size=3),
    last_healthy=st.lists(addresses, max_size=3, unique=True).map(tuple),
)
pasts = st.builds(Past, memories=st.fixed_dictionaries({Family.IPV4: memories, Family.IPV6: memories}))


@st.composite
def records(draw: st.DrawFn, pool_count: int = 4) -> Record:
    return record(
        "www.example.com",
        *(f"pool{index}" for index in range(pool_count)),
        policy=draw(st.sampled_from(PolicyKind)),
        ttl_s=draw(st.sampled_from([0, 3, 5, 6, 30, 300])),
        min_healthy=draw(st.integers(1, 3)),
        failover_delay_s=draw(st.sampled_from([0.0, 40.0])),
        failback=Failback(draw(st.sampled_from(FailbackMode)), draw(st.sampled_from([0.0, 60.0, 600.0]))),
        on_all_down=draw(st.sampled_from(OnAllDown)),
        answers_max=draw(st.none() | st.integers(1, 4)),
    )


def decide_now(www: Record, lineup: Lineup, past: Past, now: float = NOW) -> RecordDecision:
    pools = tuple(f"pool{index}" for index in range(len(lineup.tiers)))
    return decide_record(replace(www, pools=pools), lineup, now, past=past)


def in_family(lineup: Lineup, family: Family) -> list[Standing]:
    return [one for tier in lineup.tiers for one in tier if one.member.endpoint.family is family]


def taken_out(found: Iterable[Standing]) -> set[Endpoint]:
    """Endpoints that stand nowhere else than taken out."""
    found = list(found)
    others = {one.member.endpoint for one in found if one.kind is not StandingKind.TAKEN_OUT}
    return {one.member.endpoint for one in found} - others


@given(records(), lineups, pasts)
def test_4_6_automation_never_publishes_an_empty_rrset(www: Record, lineup: Lineup, past: Past) -> None:
    for family, decision in decide_now(www, lineup, past).decisions.items():
        own = in_family(lineup, family)
        is_wanted = www.on_all_down in {OnAllDown.NODATA, OnAllDown.SERVFAIL}
        if not decision.endpoints:
            assert decision.mode in {Mode.NODATA, Mode.SERVFAIL}
            assert is_wanted or all(one.kind is StandingKind.TAKEN_OUT for one in own)
        else:
            assert all(variant.endpoints for variant in decision.variants)


@given(records(), lineups, pasts)
def test_4_1_what_an_operator_took_out_never_goes_out(www: Record, lineup: Lineup, past: Past) -> None:
    out = taken_out([*(one for tier in lineup.tiers for one in tier), *lineup.fallback])

    for decision in decide_now(www, lineup, past).decisions.values():
        assert not out & set(decision.endpoints)


@given(records(), lineups, pasts)
def test_3_4_a_hold_never_causes_an_outage(www: Record, lineup: Lineup, past: Past) -> None:
    for family, decision in decide_now(www, lineup, past).decisions.items():
        kinds = {one.kind for one in in_family(lineup, family)}
        is_usable = bool(kinds & {StandingKind.ELIGIBLE, StandingKind.WAITING})
        assert (decision.mode in {Mode.NORMAL, Mode.DEGRADED}) is is_usable


@given(records(), lineups, pasts)
def test_5_3_traffic_goes_only_to_what_is_eligible_while_anything_is(www: Record, lineup: Lineup, past: Past) -> None:
    for family, decision in decide_now(www, lineup, past).decisions.items():
        able = {one.member.endpoint for one in in_family(lineup, family) if one.kind is StandingKind.ELIGIBLE}
        assert not able or set(decision.endpoints) <= able


@given(records(), lineups, pasts)
def test_4_7_the_ttl_keeps_its_bounds(www: Record, lineup: Lineup, past: Past) -> None:
    for decision in decide_now(www, lineup, past).decisions.values():
        assert decision.ttl_s in {www.ttl_s, min(www.ttl_s, UNCERTAIN_TTL_S)}
        assert decision.due is None or decision.due > NOW
        own = [one for tier in lineup.tiers for one in tier if one.member.endpoint in decision.endpoints]
        if decision.mode is Mode.NORMAL and own and all(one.is_uncertain for one in own):
            assert decision.ttl_s <= UNCERTAIN_TTL_S


@given(records(), lineups, pasts)
def test_4_8_no_answer_is_larger_than_allowed_or_has_anything_twice(www: Record, lineup: Lineup, past: Past) -> None:
    limit = POLICIES[www.policy].answers_max if www.answers_max is None else www.answers_max

    for family, decision in decide_now(www, lineup, past).decisions.items():
        for variant in decision.variants:
            assert 1 <= len(variant.endpoints) <= limit
            assert len(set(variant.endpoints)) == len(variant.endpoints)
            assert variant.weight >= 1
            assert all(each.family is family for each in variant.endpoints)


@given(records(), lineups, pasts)
def test_the_same_question_has_the_same_answer(www: Record, lineup: Lineup, past: Past) -> None:
    assert decide_now(www, lineup, past) == decide_now(www, lineup, past)


@given(records(), lineups, pasts)
def test_deciding_again_moves_nothing(www: Record, lineup: Lineup, past: Past) -> None:
    once = decide_now(www, lineup, past)
    again = decide_now(www, lineup, once.past)

    assert [answer_of(each) for each in again.decisions.values()] == [
        answer_of(each) for each in once.decisions.values()
    ]
    assert again.memories == once.memories


def answer_of(decision: Decision) -> object:
    return decision.family, decision.mode, decision.selector, decision.variants


@given(records(), lineups, pasts, st.data())
def test_the_other_family_never_drags_this_one(www: Record, lineup: Lineup, past: Past, data: st.DataObject) -> None:
    """Whatever happens to IPv6 endpoints and to what is remembered of them, A is answered the same."""

    def disturb(one: Standing) -> Standing:
        if one.member.endpoint.family is Family.IPV4:
            return one
        return replace(one, kind=data.draw(st.sampled_from(StandingKind)), is_uncertain=data.draw(st.booleans()))

    other = replace(lineup, tiers=tuple(tuple(map(disturb, tier)) for tier in lineup.tiers))
    other_past = Past({Family.IPV4: past.memories[Family.IPV4], Family.IPV6: data.draw(memories)})

    assert (
        decide_now(www, other, other_past).decisions[Family.IPV4]
        == decide_now(www, lineup, past).decisions[Family.IPV4]
    )


@given(records(), st.builds(Lineup, tiers=mixed_tiers), st.builds(Past, st.fixed_dictionaries({Family.HOST: memories})))
def test_a_cname_stands_alone_or_not_at_all(www: Record, lineup: Lineup, past: Past) -> None:
    decided = decide_now(www, lineup, past)

    assert set(decided.decisions) in ({Family.HOST}, {Family.IPV4, Family.IPV6})
    for family, decision in decided.decisions.items():
        assert decision.family is family
        assert {each.family for each in decision.endpoints} <= {family}
        assert family is not Family.HOST or all(len(variant.endpoints) == 1 for variant in decision.variants)
    is_any_usable = any(
        one.kind in {StandingKind.ELIGIBLE, StandingKind.WAITING} for tier in lineup.tiers for one in tier
    )
    assert not is_any_usable or any(decision.endpoints for decision in decided.decisions.values())


@given(records(), lineups, pasts, st.data())
def test_5_1_while_frozen_nothing_that_happens_changes_the_answer(
    www: Record, lineup: Lineup, past: Past, data: st.DataObject
) -> None:
    before = decide_now(www, lineup, past)

    def disturb(one: Standing) -> Standing:
        return replace(one, kind=data.draw(st.sampled_from(StandingKind)))

    frozen = Lineup(
        tuple(tuple(map(disturb, tier)) for tier in lineup.tiers), tuple(map(disturb, lineup.fallback)), FREEZE
    )
    after = decide_now(www, frozen, before.past)

    assert [answer_of(each) for each in after.decisions.values()] == [
        answer_of(each) for each in before.decisions.values()
    ]
    assert after.memories == before.memories


@given(records(), lineups, pasts)
def test_what_is_decided_after_a_thaw_is_what_was_decided_without_the_freeze(
    www: Record, lineup: Lineup, past: Past
) -> None:
    """Freezing and releasing without any news in between leaves no trace."""
    before = decide_now(www, lineup, past)
    frozen = decide_now(www, replace(lineup, freeze=FREEZE), before.past)

    assert decide_now(www, lineup, frozen.past) == decide_now(www, lineup, before.past)


@st.composite
def healths(draw: st.DrawFn) -> Health:
    state = draw(st.sampled_from(HealthState))
    since = NOW - draw(st.integers(0, 3000))
    earlier = sorted(since - draw(st.integers(1, 2500)) for _ in range(draw(st.integers(0, 4))))
    falls = (*earlier, since) if state is HealthState.DOWN else tuple(earlier)
    flags = {HealthFlag.SUSPECT} if state is HealthState.UP and draw(st.booleans()) else set()
    return Health(state, since, since, () if state is HealthState.UNKNOWN else falls, frozenset(flags))


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    ends = st.lists(st.sampled_from(ADDRESSES[:5]).map(endpoint), min_size=1, max_size=3, unique=True)
    pools = {
        f"pool{index}": Pool(f"pool{index}", tuple(map(Member, draw(ends)))) for index in range(draw(st.integers(1, 3)))
    }
    requirement = record().requirement
    known = {HealthKey(endpoint(address), requirement): draw(healths()) for address in ADDRESSES[:5]}
    return Scene(pools, {"web": check("web")}, known)


@given(records(), scenes(), memories, st.tuples(st.floats(0, 0.999), st.integers(1, 10_000)))
def test_time_alone_changes_nothing_before_it_is_due(
    www: Record, scene: Scene, memory: RecordMemory, moment: tuple[float, int]
) -> None:
    """From one decision to its `due` every instant gives the same answer, so no timer between them is missing."""
    share, horizon_s = moment
    www = replace(www, pools=tuple(scene.pools))
    past = Past({Family.IPV4: memory})
    first = decide_record(www, line_up(www, past.memories, NOW, scene=scene), NOW, past=past)
    settled = decide_record(www, line_up(www, first.memories, NOW, scene=scene), NOW, past=first.past)
    decision = settled.decisions[Family.IPV4]
    end = NOW + horizon_s if decision.due is None else decision.due
    assume(end > NOW)
    later = NOW + (end - NOW) * share

    again = decide_record(www, line_up(www, settled.memories, later, scene=scene), later, past=settled.past)

    assert answer_of(again.decisions[Family.IPV4]) == answer_of(decision)


@given(records(), lineups | lineups.map(lambda one: replace(one, freeze=FREEZE)), pasts, st.sampled_from(Family))
def test_a_family_without_an_endpoint_answers_what_the_rules_say(
    www: Record, lineup: Lineup, past: Past, family: Family
) -> None:
    assert decide(www, lineup, NOW, family=family, past=past) == decide_by_rules(
        www, lineup, NOW, family=family, past=past
    )
