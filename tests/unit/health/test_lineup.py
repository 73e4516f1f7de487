"""Everything that one record may hand out, with what its endpoints are to each other (semantics 2.2, 4.4, 5.1, 5.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.health.lineup import Scene, first_verdict_s, line_up
from understudy.health.overrides import OverrideIndex
from understudy.model.decision import RecordMemory
from understudy.model.endpoint import Family, Member
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import Failback, FailbackMode, Record
from understudy.model.standing import Lineup, StandingKind
from understudy.testing.builders import all_of, check, endpoint, member, pool, record

NOW = 1000.0
HEALTHS = {
    "up": Health(HealthState.UP, 100.0, 0.0),
    "down": Health(HealthState.DOWN, 900.0, 0.0, falls=(900.0,)),
    "back": Health(HealthState.UP, 990.0, 0.0, falls=(900.0,)),
    "new": Health(HealthState.UNKNOWN, 990.0, 990.0),
}
WWW = record()


def scene(near: dict[str, str], far: dict[str, str], *overrides: Override, resort: tuple[Member, ...] = ()) -> Scene:
    """Two pools, each an address -> health; what has health `?` was never folded."""
    return Scene(
        pools={
            "near": pool("near", *near),
            "far": pool("far", *far),
            "resort": pool("resort", *(resort or ("203.0.113.1",))),
        },
        checks={"web": check("web", fall=2, interval_s=20.0), "slow": check("slow", fall=3, interval_s=30.0)},
        healths={
            HealthKey(endpoint(address), WWW.requirement): HEALTHS[health]
            for address, health in (near | far).items()
            if health != "?"
        },
        overrides=OverrideIndex.of(overrides),
    )


def override(kind: OverrideKind, subject: Subject) -> Override:
    return Override(1, kind, subject, "maintenance", "ada", 0.0, 5000.0)


def kinds(lineup: Lineup) -> list[list[str]]:
    return [[str(standing.kind) for standing in tier] for tier in lineup.tiers]


def line_up_now(view: Scene, of: Record = WWW, memory: RecordMemory | None = None) -> Lineup:
    return line_up(of, {} if memory is None else {Family.IPV4: memory}, NOW, scene=view)


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        ({"192.0.2.1": "new"}, {"192.0.2.2": "up"}, "waiting"),
        ({"192.0.2.1": "new"}, {"192.0.2.2": "back"}, "waiting"),
        ({"192.0.2.1": "?"}, {"192.0.2.2": "up"}, "waiting"),
        ({"192.0.2.1": "new"}, {"192.0.2.2": "down"}, "eligible"),
        ({"192.0.2.1": "new"}, {"192.0.2.2": "new"}, "eligible"),
        ({"192.0.2.1": "new"}, {"2001:db8::2": "up"}, "eligible"),  # the other family is another question
        ({"192.0.2.1": "new", "alias.example.net": "down"}, {"2001:db8::2": "up"}, "waiting"),  # decided together
        ({"192.0.2.1": "up"}, {"192.0.2.2": "down"}, "eligible"),
    ],
)
def test_2_2_a_newcomer_waits_only_where_another_one_is_up(
    near: dict[str, str], far: dict[str, str], expected: str
) -> None:
    assert kinds(line_up_now(scene(near, far)))[0][0] == expected


def test_2_2_a_healthy_one_that_is_taken_out_is_no_reason_to_wait() -> None:
    drained = override(OverrideKind.DRAIN, Subject(SubjectKind.POOL, "far"))

    assert kinds(line_up_now(scene({"192.0.2.1": "new"}, {"192.0.2.2": "up"}, drained))) == [
        ["eligible"],
        ["taken_out"],
    ]


def test_2_2_what_is_in_use_does_not_wait_although_others_are_up_first() -> None:
    """On a first start everything is unknown; whoever passes its probe first draws no traffic away."""
    view = scene({"192.0.2.1": "new"}, {"192.0.2.2": "up"})
    memory = RecordMemory(tier=0, last_healthy=(endpoint("192.0.2.1"),))

    assert kinds(line_up_now(view, memory=memory)) == [["eligible"], ["eligible"]]


def test_2_2_after_a_reload_with_another_check_only_what_was_in_use_goes_on_unexamined() -> None:
    """Nothing is known by the new check; what was down by the old one must not slip back in meanwhile."""
    view = scene({"192.0.2.1": "new", "192.0.2.3": "new"}, {"192.0.2.2": "new"})
    memory = RecordMemory(tier=0, last_healthy=(endpoint("192.0.2.1"),))

    assert kinds(line_up_now(view, memory=memory)) == [["eligible", "waiting"], ["waiting"]]


def test_2_2_the_wait_is_that_of_the_slowest_check() -> None:
    checks = scene({"192.0.2.1": "up"}, {"192.0.2.2": "up"}).checks

    assert first_verdict_s(WWW, checks) == 40.0
    assert first_verdict_s(replace(WWW, requirement=all_of("web", "slow")), checks) == 90.0
    assert first_verdict_s(replace(WWW, requirement=None), checks) == 0.0


def test_a_record_without_a_check_has_everything_eligible() -> None:
    unmonitored = replace(WWW, requirement=None)

    lineup = line_up_now(scene({"192.0.2.1": "down"}, {"192.0.2.2": "new"}), unmonitored)

    assert [[standing.rule for standing in tier] for tier in lineup.tiers] == [["2.1"], ["2.1"]]


def test_5_4_an_override_of_one_pool_leaves_the_other_alone() -> None:
    drained = override(OverrideKind.DRAIN, Subject(SubjectKind.POOL, "near", "www.example.com"))
    view = scene({"192.0.2.1": "up"}, {"192.0.2.1": "up"}, drained)

    assert kinds(line_up_now(view)) == [["taken_out"], ["eligible"]]
    assert kinds(line_up_now(view, record("api.example.com"))) == [["eligible"], ["eligible"]]


def test_5_1_a_freeze_is_part_of_the_lineup() -> None:
    frozen = override(OverrideKind.FREEZE, Subject(SubjectKind.EVERYTHING))

    assert line_up_now(scene({"192.0.2.1": "up"}, {"192.0.2.2": "up"}, frozen)).freeze == frozen


def test_5_2_what_a_guard_keeps_stays_while_it_is_in_use() -> None:
    view = scene({"192.0.2.1": "down"}, {"192.0.2.2": "up"})
    view = replace(view, kept={"near": {endpoint("192.0.2.1"): 1200.0}})
    memory = RecordMemory(tier=0, last_healthy=(endpoint("192.0.2.1"),))

    assert kinds(line_up_now(view, memory=memory)) == [["eligible"], ["eligible"]]
    assert kinds(line_up_now(view)) == [["down"], ["eligible"]]


def test_3_3_what_waits_for_an_operator_is_remembered_per_record() -> None:
    manual = replace(WWW, failback=Failback(FailbackMode.MANUAL))
    view = scene({"192.0.2.1": "back"}, {"192.0.2.2": "up"})

    waiting = line_up_now(view, manual, RecordMemory(waiting=frozenset({endpoint("192.0.2.1")})))

    assert kinds(waiting) == [["waiting"], ["eligible"]]
    assert kinds(line_up_now(view, manual)) == [["eligible"], ["eligible"]]


def test_4_4_of_a_last_resort_only_the_operators_word_counts() -> None:
    resort = (member("203.0.113.1"), member("203.0.113.2", is_disabled=True), member("203.0.113.3"))
    drained = override(OverrideKind.DRAIN, Subject(SubjectKind.ENDPOINT, "203.0.113.3"))
    view = scene({"192.0.2.1": "down"}, {"192.0.2.2": "down"}, drained, resort=resort)

    lineup = line_up_now(view, replace(WWW, fallback="resort"))

    assert [standing.kind for standing in lineup.fallback] == [
        StandingKind.ELIGIBLE,
        StandingKind.TAKEN_OUT,
        StandingKind.TAKEN_OUT,
    ]
    assert line_up_now(view).fallback == ()
