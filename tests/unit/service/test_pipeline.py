"""The order of the stages: verdicts into health, health into decisions, and only what has news."""

import copy
import sys
from dataclasses import replace

import pytest

from understudy.model.check import AtLeast, CheckRef
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Family, WithdrawLimit
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.verdict import LOCAL_MONITOR, ProbeKey, Verdict
from understudy.service.index import build_index
from understudy.service.pipeline import Pipeline
from understudy.service.reports.whatif import suppose
from understudy.testing.builders import configuration, endpoint, name, pool, probe_key, record, verdict

NEAR, FAR = "192.0.2.10", "198.51.100.10"
ALL = sys.maxsize


def world(count: int = 1) -> Configuration:
    """`count` records over the same two pools."""
    return configuration(
        records=[record(f"r{number}.example.com", "near", "far") for number in range(count)],
        pools=[pool("near", NEAR), pool("far", FAR)],
    )


def started(config: Configuration, **states: str) -> tuple[Pipeline, dict[ProbeKey, Verdict]]:
    """A pipeline that has settled on these verdicts about NEAR and FAR at 0 s."""
    table = {probe_key(NEAR): verdict(states.get("near", "up")), probe_key(FAR): verdict(states.get("far", "up"))}
    pipeline = Pipeline(config, {LOCAL_MONITOR: table})
    pipeline.settle(0.0, ALL)
    return pipeline, table


def answers(pipeline: Pipeline, text: str = "r0.example.com") -> list[str]:
    return [str(each) for each in pipeline.past[name(text)].decisions[Family.IPV4].endpoints]


def fall(pipeline: Pipeline, table: dict[ProbeKey, Verdict], address: str, at: float) -> None:
    table[probe_key(address)] = replace(verdict("down", at), refreshed_at=at)
    pipeline.note(probe_key(address))


def test_before_anything_is_heard_each_health_is_what_folding_it_gives() -> None:
    config = configuration(
        records=[
            record("a.example.com", "near", "far"),
            record("b.example.com", "near", "far", requirement=None),
            record("c.example.com", "far", requirement=AtLeast(1, (CheckRef("web"),))),
        ],
        pools=[pool("near", NEAR), pool("far", FAR)],
    )
    pipeline = Pipeline(config, {LOCAL_MONITOR: {}})
    alone = {key: pipeline.fold(key, 5.0) for key in pipeline.index.records_by_key}
    settled = pipeline.settle(5.0, ALL)
    assert pipeline.healths == alone
    assert {change.key for change in settled.healths} == alone.keys()
    assert {health.state for health in alone.values()} == {HealthState.UNKNOWN, HealthState.UP}
    assert pipeline.is_settled


def test_what_an_earlier_run_knew_counts_where_nothing_is_heard_yet() -> None:
    pipeline = Pipeline(world(), {LOCAL_MONITOR: {}})
    key = next(key for key in pipeline.index.records_by_key if str(key.endpoint) == NEAR)
    pipeline.restore({key: Health(HealthState.DOWN, 1.0, 0.0, (1.0,))}, {}, {})
    pipeline.settle(5.0, ALL)
    assert pipeline.healths[key].state is HealthState.DOWN
    assert answers(pipeline) == [FAR]


def test_only_what_has_news_is_settled() -> None:
    pipeline, table = started(world(3))
    assert pipeline.settle(1.0, ALL).decisions == []
    fall(pipeline, table, NEAR, 5.0)
    settled = pipeline.settle(5.0, ALL)
    assert [(change.key.endpoint, change.after.state) for change in settled.healths] == [
        (endpoint(NEAR), HealthState.DOWN)
    ]
    assert len(settled.decisions) == 3
    assert answers(pipeline) == [FAR]


def test_what_the_next_start_must_know_is_made_anew_only_after_a_decision() -> None:
    pipeline, table = started(world(2))
    kept = pipeline.kept()
    pipeline.settle(1.0, ALL)
    assert pipeline.kept() is kept
    fall(pipeline, table, NEAR, 5.0)
    pipeline.settle(5.0, ALL)
    found = pipeline.kept()
    for record_name, past in pipeline.past.items():
        assert found.decisions[record_name, Family.IPV4] is past.decisions[Family.IPV4]
        assert found.memories[record_name, Family.IPV4] is past.memories[Family.IPV4]
    pipeline.admit(name("r1.example.com"), [])
    assert pipeline.kept().memories[name("r1.example.com"), Family.IPV4] is not None
    assert pipeline.kept() is not found


def assert_all_is_kept(pipeline: Pipeline) -> None:
    kept, past = pipeline.kept(), pipeline.past
    assert kept.memories == {(each, family): it for each in past for family, it in past[each].memories.items()}
    assert kept.decisions == {(each, family): it for each in past for family, it in past[each].decisions.items()}


def test_the_next_start_knows_what_every_record_has_and_of_no_other() -> None:
    pipeline, table = started(world(3))
    assert_all_is_kept(pipeline)
    fall(pipeline, table, NEAR, 5.0)
    pipeline.settle(5.0, ALL)
    pipeline.admit(name("r1.example.com"), [])
    assert_all_is_kept(pipeline)
    later = Pipeline(world(2), {LOCAL_MONITOR: {}})
    later.restore({}, pipeline.kept().memories, pipeline.kept().decisions)
    assert later.past.keys() == {name("r0.example.com"), name("r1.example.com")}
    assert_all_is_kept(later)
    six = configuration(records=[record("r1.example.com", "six")], pools=[pool("six", "2001:db8::1")])
    for pipe in (pipeline, later):
        pipe.configure(pipe.step_to(six))
        pipe.settle(6.0, ALL)
        assert {family for _, family in pipe.kept().decisions} >= {Family.IPV6}
        assert {each for each, _ in pipe.kept().decisions} == {name("r1.example.com")} == pipe.past.keys()
        assert_all_is_kept(pipe)


def test_a_mass_of_news_is_settled_in_slices() -> None:
    pipeline, table = started(world(10))
    fall(pipeline, table, NEAR, 5.0)
    sizes = []
    while not pipeline.is_settled:
        settled = pipeline.settle(5.0, 4)
        sizes.append(len(settled.decisions))
        assert len(settled.healths) <= 4
    assert sizes == [4, 4, 2]


def test_news_about_what_nobody_asks_changes_nothing() -> None:
    pipeline, _ = started(world())
    pipeline.note(probe_key("203.0.113.1"))
    assert pipeline.is_settled


def test_a_hold_is_due_by_time_alone() -> None:
    pipeline, table = started(world())
    fall(pipeline, table, NEAR, 5.0)
    pipeline.settle(5.0, ALL)
    table[probe_key(NEAR)] = replace(verdict("up", 50.0), refreshed_at=50.0)
    pipeline.note(probe_key(NEAR))
    pipeline.settle(50.0, ALL)
    assert answers(pipeline) == [FAR]
    due = pipeline.next_due()
    assert due == 50.0 + 60.0 * 2, "one fall in the last half hour doubles the delay (3.2)"
    table[probe_key(NEAR)] = replace(verdict("up", 50.0), refreshed_at=due - 1)
    table[probe_key(FAR)] = replace(verdict("up"), refreshed_at=due - 1)
    pipeline.settle(due - 0.001, ALL)
    assert answers(pipeline) == [FAR]
    pipeline.settle(due, ALL)
    assert answers(pipeline) == [NEAR]


def test_an_override_ends_by_time_alone() -> None:
    pipeline, _ = started(world())
    subject = Subject(SubjectKind.ENDPOINT, NEAR)
    pipeline.decree([Override(1, OverrideKind.DRAIN, subject, "", "ops", 0.0, 100.0)], 0.0)
    pipeline.settle(0.0, ALL)
    assert answers(pipeline) == [FAR]
    assert pipeline.next_due() == 100.0
    pipeline.settle(100.0, ALL)
    assert answers(pipeline) == [NEAR]
    assert pipeline.next_due() is None


def test_a_reload_keeps_what_it_has_in_common_and_forgets_the_rest() -> None:
    pipeline, table = started(world(2), near="down")
    since = {key: health.since for key, health in pipeline.healths.items()}
    fewer = configuration(records=[record("r0.example.com", "far")], pools=[pool("far", FAR)])
    del table[probe_key(NEAR)]
    pipeline.configure(pipeline.step_to(fewer))
    settled = pipeline.settle(10.0, ALL)
    gone = next(change for change in settled.decisions if change.record == name("r1.example.com"))
    assert gone.after == {}
    assert pipeline.past.keys() == {name("r0.example.com")}
    assert {key: health.since for key, health in pipeline.healths.items()} == {
        key: instant for key, instant in since.items() if key.endpoint == endpoint(FAR)
    }


def test_an_answer_that_stays_the_same_keeps_its_instant() -> None:
    pipeline, table = started(world())
    fall(pipeline, table, FAR, 5.0)
    pipeline.settle(5.0, ALL)
    assert pipeline.past[name("r0.example.com")].decisions[Family.IPV4].decided_at == 0.0


@pytest.mark.parametrize("near", ["up", "down", "unknown", "suspect"])
@pytest.mark.parametrize("down", [["near"], [FAR], ["near", "far"], []])
def test_supposing_something_changes_nothing(near: str, down: list[str]) -> None:
    pipeline, _ = started(world(2), near=near)
    before = copy.deepcopy((pipeline.healths, pipeline.past, pipeline.overrides, pipeline.guard.kept))
    due = pipeline.next_due()
    suppose(pipeline, down, "", now=7.0)
    suppose(pipeline, down, "r1.example.com", now=7.0)
    assert (pipeline.healths, pipeline.past, pipeline.overrides, pipeline.guard.kept) == before
    assert pipeline.next_due() == due
    assert pipeline.is_settled


def test_supposing_says_where_it_leads_and_not_when() -> None:
    slow = configuration(
        records=[record("r0.example.com", "near", "far", failover_delay_s=300.0)],
        pools=[pool("near", NEAR), pool("far", FAR)],
    )
    pipeline, _ = started(slow)
    (row,) = suppose(pipeline, ["near"], "", now=1.0).rows
    assert ([each.endpoint for each in row.before], [each.endpoint for each in row.after]) == ([NEAR], [FAR])


def limited(most: int | None) -> Configuration:
    limit = None if most is None else WithdrawLimit(most, 600.0)
    many = replace(pool("near", NEAR, "192.0.2.11", "192.0.2.12"), max_withdraw=limit)
    return configuration(records=[record("r0.example.com", "near", "far")], pools=[many, pool("far", FAR)])


def test_a_limit_of_withdrawals_that_a_reload_lifts_holds_nothing_any_more() -> None:
    table = {probe_key(address): verdict("up") for address in (NEAR, "192.0.2.11", "192.0.2.12", FAR)}
    pipeline = Pipeline(limited(1), {LOCAL_MONITOR: table})
    pipeline.settle(0.0, ALL)
    for at, address in ((5.0, NEAR), (6.0, "192.0.2.11")):
        fall(pipeline, table, address, at)
        pipeline.settle(at, ALL)
    assert answers(pipeline) == ["192.0.2.11", "192.0.2.12"], "the second withdrawal is kept back (5.2)"
    pipeline.configure(pipeline.step_to(limited(None)))
    pipeline.settle(7.0, ALL)
    assert answers(pipeline) == ["192.0.2.12"]
    assert pipeline.guard.kept == {}


def test_one_probe_serves_every_record_that_asks_for_it() -> None:
    index = build_index(world(50))
    assert index.assignments.keys() == {probe_key(NEAR), probe_key(FAR)}
    key = HealthKey(endpoint(NEAR), world().records[name("r0.example.com")].requirement)
    assert len(index.records_by_key[key]) == 50
    assert len(index.records_by_pool["near"]) == 50
    assert index.monitored_count == 2


def test_a_fallback_is_known_to_its_pool_and_not_probed() -> None:
    with_fallback = configuration(
        records=[record("r0.example.com", "near", fallback="far")], pools=[pool("near", NEAR), pool("far", FAR)]
    )
    index = build_index(with_fallback)
    assert index.assignments.keys() == {probe_key(NEAR)}
    assert index.records_by_pool["far"] == (name("r0.example.com"),)


def test_a_record_without_a_check_is_probed_by_nothing() -> None:
    unmonitored = configuration(
        records=[record("r0.example.com", "near", requirement=None)], pools=[pool("near", NEAR)]
    )
    assert build_index(unmonitored).assignments == {}
    assert build_index(unmonitored).monitored_count == 0


def test_a_step_to_the_same_configuration_touches_nothing() -> None:
    pipeline, _ = started(world(3))
    step = pipeline.step_to(world(3))
    assert (step.records, step.bared, step.keys, step.keys_gone) == (frozenset(), {}, (), ())
    assert (step.probes, step.probes_gone, step.has_other_primaries) == ({}, (), False)


def test_another_check_touches_whatever_is_decided_by_it() -> None:
    pipeline, _ = started(world(2))
    before = world(2)
    check = before.checks["web"]
    slower = replace(check, schedule=replace(check.schedule, stale_after_s=99.0))
    step = pipeline.step_to(replace(before, checks={"web": slower}))
    assert step.records == {name("r0.example.com"), name("r1.example.com")}
    assert {key.endpoint for key in step.keys} == {endpoint(NEAR), endpoint(FAR)}, (
        "when it is stale is for health to say"
    )
    assert step.probes == {probe_key(NEAR): slower, probe_key(FAR): slower}
    assert step.bared == {}


def test_another_pool_touches_the_records_that_use_it() -> None:
    config = configuration(
        records=[record("r0.example.com", "near"), record("r1.example.com", "far")],
        pools=[pool("near", NEAR), pool("far", FAR)],
    )
    pipeline, _ = started(config)
    step = pipeline.step_to(replace(config, pools={"near": pool("near", NEAR, "192.0.2.11"), "far": pool("far", FAR)}))
    assert step.records == {name("r0.example.com")}
    assert step.probes.keys() == {probe_key("192.0.2.11")}
