"""Semantics 4.5, 4.7 and 4.8, the families, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from understudy.model.decision import Decision, Mode, RecordMemory, Selector
from understudy.model.endpoint import Endpoint, Family, Member
from understudy.model.record import Failback, FailbackMode, OnAllDown, PolicyKind
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.decide import Past, RecordDecision, decide_record
from understudy.testing.builders import endpoint, member, record

NOW = 1000.0
A, B, C, A6, B6 = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"
ALIAS, OTHER_ALIAS = "one.example.net", "two.example.net"
MANUAL = Failback(FailbackMode.MANUAL)


def up(address: str | Member, **fields: Any) -> Standing:
    who = member(address) if isinstance(address, str) else address
    return Standing(who, StandingKind.ELIGIBLE, "2.4", "up", **{"up_since": 100.0, **fields})


def new(address: str) -> Standing:
    return Standing(member(address), StandingKind.ELIGIBLE, "2.2", "unknown", is_uncertain=True)


def down(address: str) -> Standing:
    return Standing(member(address), StandingKind.DOWN, "3.1", "down")


def waiting(address: str, due: float | None = 1200.0, **fields: Any) -> Standing:
    return Standing(member(address), StandingKind.WAITING, "3.2", "waiting", due=due, up_since=990.0, **fields)


def out(address: str, **fields: Any) -> Standing:
    return Standing(member(address), StandingKind.TAKEN_OUT, "4.1", "drained", **fields)


def decide_now(*tiers: list[Standing], past: Past | None = None, **fields: Any) -> RecordDecision:
    fallback = fields.pop("resort", ())
    pools = tuple(f"pool{index}" for index in range(len(tiers)))
    www = record("www.example.com", *pools, **fields)
    return decide_record(www, Lineup(tuple(map(tuple, tiers)), tuple(fallback)), NOW, past=past or Past())


def ipv4(*tiers: list[Standing], past: Past | None = None, **fields: Any) -> Decision:
    return decide_now(*tiers, past=past, **fields).decisions[Family.IPV4]


def answers(decided: RecordDecision) -> dict[str, tuple[str, list[str]]]:
    return {
        str(family): (str(decision.mode), [str(each) for each in decision.endpoints])
        for family, decision in decided.decisions.items()
    }


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ([[up(A)], [up(B)]], {"A": ("normal", [A]), "AAAA": ("nodata", [])}),
        ([[up(A6)], [up(B6)]], {"A": ("nodata", []), "AAAA": ("normal", [A6])}),
        ([[up(A), up(A6)], [up(B), up(B6)]], {"A": ("normal", [A]), "AAAA": ("normal", [A6])}),
        ([[up(A), down(A6)], [up(B), up(B6)]], {"A": ("normal", [A]), "AAAA": ("normal", [B6])}),
        ([[up(A), down(A6)], [up(B), down(B6)]], {"A": ("normal", [A]), "AAAA": ("fail_open", [A6])}),
        ([[up(A), out(A6)], [up(B)]], {"A": ("normal", [A]), "AAAA": ("nodata", [])}),
    ],
)
def test_a_and_aaaa_are_decided_each_for_itself(
    tiers: list[list[Standing]], expected: dict[str, tuple[str, list[str]]]
) -> None:
    assert answers(decide_now(*tiers)) == expected


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ([[up(ALIAS)], [up(B)]], {"CNAME": ("normal", [ALIAS])}),
        ([[down(ALIAS)], [up(B), up(B6)]], {"A": ("normal", [B]), "AAAA": ("normal", [B6])}),
        ([[down(ALIAS)], [up(B)]], {"A": ("normal", [B]), "AAAA": ("nodata", [])}),
        ([[down(A), up(A6)], [up(ALIAS)]], {"A": ("nodata", []), "AAAA": ("normal", [A6])}),
        ([[down(A), down(A6)], [up(ALIAS)]], {"CNAME": ("normal", [ALIAS])}),
        ([[down(ALIAS)], [down(B)]], {"CNAME": ("fail_open", [ALIAS])}),
        ([[out(ALIAS)], [out(B)]], {"A": ("nodata", []), "AAAA": ("nodata", [])}),
    ],
)
def test_a_record_with_a_host_name_is_decided_as_a_whole(
    tiers: list[list[Standing]], expected: dict[str, tuple[str, list[str]]]
) -> None:
    assert answers(decide_now(*tiers)) == expected


def test_a_host_name_as_last_resort_makes_the_record_whole_as_well() -> None:
    decided = decide_now([down(A), up(A6)], resort=[up(ALIAS)])
    all_down = decide_now([down(A), down(A6)], resort=[up(ALIAS)])

    assert answers(decided) == {"A": ("nodata", []), "AAAA": ("normal", [A6])}
    assert answers(all_down) == {"CNAME": ("fallback", [ALIAS])}


def test_only_one_cname_goes_out_at_a_time() -> None:
    decision = decide_now([up(ALIAS), up(OTHER_ALIAS)], answers_max=8).decisions[Family.HOST]

    assert [len(variant.endpoints) for variant in decision.variants] == [1, 1]
    assert decision.selector is Selector.CHANCE


def test_4_5_a_family_that_the_record_does_not_have_is_ordinary() -> None:
    decision = decide_now([up(A)]).decisions[Family.IPV6]

    assert (decision.mode, decision.variants, decision.tier, decision.ttl_s) == (Mode.NODATA, (), -1, 30)
    assert [step.rule for step in decision.steps] == ["4.5"]


def test_min_healthy_asks_of_a_family_no_more_than_it_has() -> None:
    """Two IPv4 addresses and one IPv6 address: `min_healthy: 2` must not call the IPv6 side degraded for ever."""
    tiers = [up(A), up(C), up(A6)], [up(B), up(B6)]

    assert answers(decide_now(*tiers, min_healthy=2)) == {"A": ("normal", [A, C]), "AAAA": ("normal", [A6])}
    assert ipv4([up(A), down(C), up(A6)], [up(B), up(B6)], min_healthy=2).mode is Mode.DEGRADED
    assert ipv4([up(A)], [up(B)], min_healthy=2).mode is Mode.DEGRADED  # no tier at all has two: as it is written


@pytest.mark.parametrize(
    ("tiers", "ttl_s", "expected_s"),
    [
        ([[up(A)], [up(B)]], 30, 30),
        ([[up(A, is_uncertain=True)], [up(B)]], 30, 5),
        ([[up(A, is_uncertain=True)], [up(B)]], 3, 3),
        ([[up(A, is_uncertain=True)], [up(B)]], 0, 0),
        ([[new(A)], [new(B)]], 30, 5),
        ([[up(A)], [new(B)]], 30, 30),  # a worse tier cannot change the answer
        ([[down(A)], [up(B), new(C)]], 30, 5),
        ([[waiting(A, is_uncertain=True)], [up(B)]], 30, 5),  # a better tier can
        ([[out(A, is_uncertain=True)], [up(B)]], 30, 30),  # what an operator took out cannot
        ([[down(A)], [down(B)]], 30, 30),
    ],
)
def test_4_7_the_ttl_is_short_while_something_uncertain_could_change_the_answer(
    tiers: list[list[Standing]], ttl_s: int, expected_s: int
) -> None:
    assert ipv4(*tiers, ttl_s=ttl_s).ttl_s == expected_s


@pytest.mark.parametrize(
    ("tiers", "due"),
    [
        ([[up(A)], [up(B)]], None),
        ([[waiting(A, 1020.0)], [up(B)]], 1020.0),
        ([[waiting(A, 1020.0), out(C, due=1010.0)], [up(B)]], 1010.0),
        ([[up(A)], [waiting(B, 1020.0)]], None),
        ([[waiting(A, None)], [up(B)]], None),
        ([[up(A, due=999.0)], [up(B)]], None),  # what is past is not due
        ([[down(A)], [out(B, due=1030.0)]], 1030.0),
    ],
)
def test_4_7_due_is_when_time_alone_may_change_the_answer(tiers: list[list[Standing]], due: float | None) -> None:
    assert ipv4(*tiers).due == due


@pytest.mark.parametrize(
    ("tiers", "due"),
    [
        ([[waiting(A, 1020.0)], [down(B)]], None),
        ([[waiting(A, 1020.0), waiting(B, 1010.0)]], None),
        ([[waiting(A, 1020.0), out(B, due=1030.0)]], 1030.0),
        ([[down(B)], [waiting(A, 1020.0)]], None),
        ([[waiting(A, 1020.0)], [up(B)]], 1020.0),
    ],
)
def test_3_4_what_answers_already_is_not_due_at_the_end_of_its_hold(
    tiers: list[list[Standing]], due: float | None
) -> None:
    assert ipv4(*tiers).due == due


def test_3_5_the_return_to_a_better_tier_is_due() -> None:
    past = Past({Family.IPV4: RecordMemory(1, last_healthy=(endpoint(B),))})

    decision = ipv4([up(A, up_since=980.0)], [up(B)], past=past)

    assert (decision.tier, decision.due) == (1, 1040.0)
    assert ("3.5", "tier 1 'pool0'") in [(step.rule, step.subject) for step in decision.steps]


def test_4_8_more_than_answers_max_are_shared_out() -> None:
    decision = ipv4([up(A), up(B), up(C)], answers_max=2)

    assert [[str(each) for each in variant.endpoints] for variant in decision.variants] == [[A, B], [B, C], [C, A]]
    assert ("4.8", "2 of 3 go out in one answer") in [(step.rule, step.text) for step in decision.steps]


def memory_after(*tiers: list[Standing], memory: RecordMemory | None = None, **fields: Any) -> RecordMemory:
    past = Past({} if memory is None else {Family.IPV4: memory})
    return decide_now(*tiers, past=past, **fields).memories[Family.IPV4]


def endpoints(*addresses: str) -> tuple[Endpoint, ...]:
    return tuple(map(endpoint, addresses))


BEFORE = RecordMemory(0, frozenset(endpoints(B)), endpoints(A))


@pytest.mark.parametrize(
    ("tiers", "before", "fields", "expected"),
    [
        ([[up(A)], [up(B)]], None, {}, RecordMemory(0, frozenset(), endpoints(A))),
        ([[down(A)], [up(B)]], BEFORE, {}, RecordMemory(1, frozenset(), endpoints(B))),
        ([[down(A)], [down(B)]], BEFORE, {}, RecordMemory(0, frozenset(), endpoints(A))),
        ([[down(A)], [up(B)]], None, {"failback": MANUAL}, RecordMemory(1, frozenset(endpoints(A)), endpoints(B))),
        ([[up(A)], [waiting(B)]], BEFORE, {"failback": MANUAL}, replace(BEFORE)),
        ([[out(A)], [up(B)]], None, {"failback": MANUAL}, RecordMemory(1, frozenset(), endpoints(B))),
        # 3.4 let it in: nobody needs to release it any more
        (
            [[down(A)], [waiting(B)]],
            BEFORE,
            {"failback": MANUAL},
            RecordMemory(1, frozenset(endpoints(A)), endpoints(B)),
        ),
        # what left the record is forgotten
        ([[down(C)]], BEFORE, {"failback": MANUAL}, RecordMemory(-1, frozenset(endpoints(C)), ())),
    ],
)
def test_3_3_a_record_remembers_its_tier_what_was_healthy_and_who_waits(
    tiers: list[list[Standing]], before: RecordMemory | None, fields: dict[str, Any], expected: RecordMemory
) -> None:
    assert memory_after(*tiers, memory=before, **fields) == expected


def test_weights_do_not_hide_what_is_in_use() -> None:
    """An endpoint of weight 0 is eligible like the others, so it must not be taken for a newcomer."""
    memory = memory_after([up(member(A, 0)), up(member(B, 5))], policy=PolicyKind.WEIGHTED)

    assert memory.last_healthy == endpoints(A, B)


def test_a_decision_says_what_it_is_about_and_when_it_was_made() -> None:
    decision = ipv4([up(A)], ttl_s=60)

    assert (str(decision.record), decision.family, decision.decided_at) == ("www.example.com", Family.IPV4, NOW)


@pytest.mark.parametrize("on_all_down", list(OnAllDown))
def test_4_4_every_way_of_answering_when_all_is_down_says_so(on_all_down: OnAllDown) -> None:
    assert "4.4" in {step.rule for step in ipv4([down(A)], on_all_down=on_all_down).steps}


def test_an_endpoint_in_two_pools_has_the_weight_of_both() -> None:
    decision = ipv4([up(member(A, 2)), up(member(B, 1))], [up(member(A, 3))], policy=PolicyKind.WEIGHTED)

    assert [(each.weight, str(each.endpoints[0])) for each in decision.variants] == [(5, A), (1, B)]
