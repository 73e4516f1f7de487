"""Semantics 5.1: no automatic change while frozen; serving goes on."""

from __future__ import annotations

from dataclasses import replace

from understudy.model.decision import Decision, Mode, RecordMemory, Selector, Variant
from understudy.model.endpoint import Family
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.decide import Past, RecordDecision, decide_record
from understudy.testing.builders import endpoint, member, record

NOW = 1000.0
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
FREEZE = Override(1, OverrideKind.FREEZE, Subject(SubjectKind.EVERYTHING), "storm", "ada", 0.0, 5000.0)
WWW = record()


def lineup(kinds: dict[str, StandingKind], *, is_frozen: bool = True) -> Lineup:
    tiers = tuple((Standing(member(address), kind, "2.4", "test", up_since=1.0),) for address, kind in kinds.items())
    return Lineup(tiers, (), FREEZE if is_frozen else None)


def in_force(*addresses: str) -> Past:
    decision = Decision(
        WWW.name, Family.IPV4, Mode.NORMAL, 0, Selector.ONE, (Variant(tuple(map(endpoint, addresses))),), 5, 1010.0, 1.0
    )
    memory = RecordMemory(0, last_healthy=tuple(map(endpoint, addresses)))
    return Past({Family.IPV4: memory}, {Family.IPV4: decision})


def answer(decided: RecordDecision) -> list[str]:
    return [str(each) for each in decided.decisions[Family.IPV4].endpoints]


UP, DOWN, OUT = StandingKind.ELIGIBLE, StandingKind.DOWN, StandingKind.TAKEN_OUT


def test_a_frozen_record_keeps_its_answer_when_its_endpoint_fails() -> None:
    past = in_force(A)

    decided = decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=past)

    assert answer(decided) == [A]
    assert decided.memories == past.memories
    decision = decided.decisions[Family.IPV4]
    assert (decision.ttl_s, decision.due) == (30, 5000.0)
    assert [step.rule for step in decision.steps] == ["5.1"]


def test_a_freeze_comes_before_a_drain() -> None:
    assert answer(decide_record(WWW, lineup({A: OUT, B: UP}), NOW, past=in_force(A))) == [A]


def test_deciding_again_while_frozen_changes_nothing() -> None:
    once = decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=in_force(A))

    assert decide_record(WWW, lineup({A: UP, B: DOWN}), NOW, past=once.past) == once


def test_what_the_configuration_no_longer_names_goes_even_then() -> None:
    assert answer(decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=in_force(A, C))) == [A]


def test_a_frozen_answer_that_lost_all_it_had_is_decided_anew() -> None:
    assert answer(decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=in_force(C))) == [B]


def test_1_5_a_frozen_record_whose_decision_was_lost_answers_what_it_remembers() -> None:
    past = replace(in_force(B), decisions={})

    decided = decide_record(WWW, lineup({A: UP, B: DOWN}), NOW, past=past)

    assert answer(decided) == [B]
    assert decided.memories[Family.IPV4] == past.memories[Family.IPV4]


def test_a_freeze_of_a_record_that_was_never_decided_lets_it_begin() -> None:
    decided = decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=Past())

    assert answer(decided) == [B]
    assert answer(decide_record(WWW, lineup({A: UP, B: DOWN}), NOW, past=decided.past)) == [B]


def test_after_the_thaw_automation_catches_up_at_once() -> None:
    frozen = decide_record(WWW, lineup({A: DOWN, B: UP}), NOW, past=in_force(A))

    assert answer(decide_record(WWW, lineup({A: DOWN, B: UP}, is_frozen=False), NOW, past=frozen.past)) == [B]
