"""Semantics 3.3 to 3.5 and 4.1 to 4.6: which endpoints may go out, each rule as rows of a table.

Tiers are written as words: `e` eligible, `n` eligible but unknown, `w` up but waiting, `v` unknown and waiting,
`d` down, `o` taken out by an operator; `e900` is up since instant 900. Endpoints are numbered from 1 through all tiers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from understudy.model.decision import Mode, RecordMemory
from understudy.model.endpoint import Family
from understudy.model.record import Failback, FailbackMode, OnAllDown, PolicyKind
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.question import Selection, ask
from understudy.steering.selection import select
from understudy.testing.builders import endpoint, member, record

NOW = 1000.0
KINDS = {
    "e": StandingKind.ELIGIBLE,
    "n": StandingKind.ELIGIBLE,
    "w": StandingKind.WAITING,
    "v": StandingKind.WAITING,
    "d": StandingKind.DOWN,
    "o": StandingKind.TAKEN_OUT,
}
RULES = {"e": "2.4", "n": "2.2", "w": "3.2", "v": "2.2", "d": "3.1", "o": "4.1"}
NORMAL, DEGRADED, FAIL_OPEN, NODATA = Mode.NORMAL, Mode.DEGRADED, Mode.FAIL_OPEN, Mode.NODATA


def standings(words: str, first: int) -> tuple[Standing, ...]:
    found = []
    for number, word in enumerate(words.split(), start=first):
        found.append(
            Standing(
                member(f"192.0.2.{number}"),
                KINDS[word[0]],
                rule=RULES[word[0]],
                why="as the test says",
                is_uncertain=word[0] in "nv",
                due=2000.0 if word[0] in "wv" else None,
                up_since=float(word[1:] or 100.0) if word[0] in "ew" else None,
            )
        )
    return tuple(found)


def lineup(tiers: list[str], fallback: str = "") -> Lineup:
    found = []
    first = 1
    for words in tiers:
        found.append(standings(words, first))
        first += len(found[-1])
    return Lineup(tuple(found), standings(fallback, 200))


def choose(tiers: list[str], memory: RecordMemory | None = None, fallback: str = "", **fields: Any) -> Selection:
    pools = tuple(f"pool{index}" for index in range(len(tiers)))
    question = ask(
        record("www.example.com", *pools, **fields),
        lineup(tiers, fallback),
        NOW,
        family=Family.IPV4,
        memory=memory or RecordMemory(),
    )
    return select(question)


def chosen(selection: Selection) -> tuple[Mode, int, list[int]]:
    """Mode, tier, and the numbers of the endpoints."""
    return selection.mode, selection.tier, [int(str(each.endpoint).rsplit(".")[-1]) for each in selection.members]


def on_tier(tier: int, *numbers: int) -> RecordMemory:
    return RecordMemory(tier=tier, last_healthy=tuple(endpoint(f"192.0.2.{number}") for number in numbers))


@pytest.mark.parametrize(
    ("tiers", "fields", "expected"),
    [
        (["e", "e"], {}, (NORMAL, 0, [1])),
        (["e e", "e"], {}, (NORMAL, 0, [1, 2])),
        (["d", "e"], {}, (NORMAL, 1, [2])),
        (["o", "e"], {}, (NORMAL, 1, [2])),  # 4.1
        (["e o", "e"], {}, (NORMAL, 0, [1])),  # 4.1
        (["w", "e"], {}, (NORMAL, 1, [2])),
        (["e d", "e e"], {"min_healthy": 2}, (NORMAL, 1, [3, 4])),  # 4.2
        (["e e", "e e"], {"min_healthy": 2}, (NORMAL, 0, [1, 2])),
        (["d", "d", "e"], {}, (NORMAL, 2, [3])),
        (["e d", "e d"], {"min_healthy": 2}, (DEGRADED, 0, [1])),  # 4.3
        (["d d", "e d"], {"min_healthy": 2}, (DEGRADED, 1, [3])),
        (["w w", "e d"], {"min_healthy": 2}, (DEGRADED, 1, [3])),  # something is eligible, so a hold holds
        (["d", "d"], {}, (FAIL_OPEN, 0, [1])),  # 4.4
        (["o", "d"], {}, (FAIL_OPEN, 1, [2])),  # as if all were up, but never what an operator took out
        (["d o", "d d"], {"min_healthy": 2}, (FAIL_OPEN, 1, [3, 4])),
        (["d o", "o d"], {"min_healthy": 2}, (FAIL_OPEN, 0, [1])),
        (["d", "d"], {"on_all_down": OnAllDown.NODATA}, (NODATA, -1, [])),
        (["d", "d"], {"on_all_down": OnAllDown.SERVFAIL}, (Mode.SERVFAIL, -1, [])),
        (["o", "o"], {}, (NODATA, -1, [])),  # 4.5
        (["o", "o"], {"on_all_down": OnAllDown.SERVFAIL}, (NODATA, -1, [])),
        (["e d", "e w"], {"policy": PolicyKind.ALL}, (NORMAL, 0, [1, 3])),
        (["d", "e"], {"policy": PolicyKind.WEIGHTED}, (NORMAL, 0, [2])),
        (["d", "d"], {"policy": PolicyKind.ALL}, (FAIL_OPEN, 0, [1, 2])),
        (["", ""], {}, (NODATA, -1, [])),  # no endpoint of this family
    ],
)
def test_4_1_to_4_5_the_first_rule_that_finds_something_chooses(
    tiers: list[str], fields: dict[str, Any], expected: tuple[Mode, int, list[int]]
) -> None:
    assert chosen(choose(tiers, **fields)) == expected


@pytest.mark.parametrize(
    ("tiers", "fallback", "expected"),
    [
        (["d", "d"], "e", (Mode.FALLBACK, -1, [200])),
        (["d", "d"], "o e", (Mode.FALLBACK, -1, [201])),
        (["d", "d"], "o", (FAIL_OPEN, 0, [1])),
        (["o", "o"], "e", (Mode.FALLBACK, -1, [200])),
        (["o", "o"], "o", (NODATA, -1, [])),
        (["d", "e"], "e", (NORMAL, 1, [2])),
        (["d", "w"], "e", (NORMAL, 1, [2])),  # 3.4 comes before the last resort
        (["", ""], "e", (NODATA, -1, [])),  # a family that the record does not have is not brought up by its fallback
    ],
)
def test_4_4_the_fallback_answers_before_on_all_down(
    tiers: list[str], fallback: str, expected: tuple[Mode, int, list[int]]
) -> None:
    assert chosen(choose(tiers, fallback=fallback, on_all_down=OnAllDown.FAIL_OPEN)) == expected


@pytest.mark.parametrize(
    ("tiers", "memory", "expected"),
    [
        (["d", "d"], on_tier(1, 2), (Mode.LAST_HEALTHY, 1, [2])),
        (["d d", "d"], on_tier(0, 2), (Mode.LAST_HEALTHY, 0, [2])),
        (["d", "o"], on_tier(1, 2), (FAIL_OPEN, 0, [1])),  # what was last healthy is taken out since
        (["d", "d"], on_tier(0, 9), (FAIL_OPEN, 0, [1])),  # it left the record since
        (["d", "d"], RecordMemory(), (FAIL_OPEN, 0, [1])),
    ],
)
def test_4_4_last_healthy_answers_what_was_last_handed_out(
    tiers: list[str], memory: RecordMemory, expected: tuple[Mode, int, list[int]]
) -> None:
    assert chosen(choose(tiers, memory, on_all_down=OnAllDown.LAST_HEALTHY)) == expected


@pytest.mark.parametrize(
    ("tiers", "fields", "expected"),
    [
        (["w", "d"], {}, (NORMAL, 0, [1])),
        (["d", "w"], {}, (NORMAL, 1, [2])),
        (["w w", "o"], {}, (NORMAL, 0, [1, 2])),
        (["v", "w"], {}, (NORMAL, 1, [2])),  # who is known to be up goes before a newcomer
        (["v", "d"], {}, (NORMAL, 0, [1])),
        (["w d", "d"], {"min_healthy": 2}, (DEGRADED, 0, [1])),
        (["w d", "d"], {"policy": PolicyKind.ALL}, (NORMAL, 0, [1])),
    ],
)
def test_3_4_a_hold_never_causes_an_outage(
    tiers: list[str], fields: dict[str, Any], expected: tuple[Mode, int, list[int]]
) -> None:
    selection = choose(tiers, **fields)

    assert chosen(selection) == expected
    assert "3.4" in {step.rule for step in selection.steps}


@pytest.mark.parametrize(
    ("tiers", "memory", "fields", "expected"),
    [
        (["e939", "e"], on_tier(1, 2), {}, (NORMAL, 0, None)),
        (["e940", "e"], on_tier(1, 2), {}, (NORMAL, 0, None)),
        (["e941", "e"], on_tier(1, 2), {}, (NORMAL, 1, 1001.0)),
        (["e100 e990", "e e"], on_tier(1, 3, 4), {}, (NORMAL, 0, None)),
        (["e100 e990", "e e"], on_tier(1, 3, 4), {"min_healthy": 2}, (NORMAL, 1, 1050.0)),
        (["e990", "e e"], on_tier(-1), {}, (NORMAL, 0, None)),  # nothing in use: nothing to return from
        (["e990", "d"], on_tier(1, 2), {}, (NORMAL, 0, None)),  # the tier in use has failed
        (["e990", "d", "e"], on_tier(1, 2), {}, (NORMAL, 2, 1050.0)),
        (["d", "e990", "e"], on_tier(0, 1), {}, (NORMAL, 1, None)),  # to a worse tier at once
        (["e990", "e"], on_tier(0, 1), {}, (NORMAL, 0, None)),
        (["e990", "e"], on_tier(1, 2), {"failback": Failback(delay_s=10.0)}, (NORMAL, 0, None)),
        (["e990", "e"], on_tier(1, 2), {"failback": Failback(FailbackMode.MANUAL)}, (NORMAL, 0, None)),
        (["n", "e"], on_tier(1, 2), {}, (NORMAL, 1, None)),  # nobody has seen it up yet (5.3)
        (["n", "n"], on_tier(1, 2), {}, (NORMAL, 1, None)),
        (["n", "d"], on_tier(1, 2), {}, (NORMAL, 0, None)),
    ],
)
def test_3_5_a_better_tier_must_have_had_enough_for_the_whole_delay(
    tiers: list[str], memory: RecordMemory, fields: dict[str, Any], expected: tuple[Mode, int, float | None]
) -> None:
    selection = choose(tiers, memory, **fields)

    assert (selection.mode, selection.tier, selection.due) == expected


@pytest.mark.parametrize(
    ("tiers", "memory", "fields", "tier"),
    [
        (["e", "e"], on_tier(1, 2), {}, 1),
        (["e", "e", "e"], on_tier(2, 3), {}, 2),
        (["e", "d"], on_tier(1, 2), {}, 0),  # the tier moved to failed
        (["d", "d", "e"], on_tier(1, 2), {}, 2),
        (["e e", "e d"], on_tier(1, 3), {"min_healthy": 2}, 0),
        (["e e", "e d"], on_tier(1, 3), {"min_healthy": 1}, 1),
        (["e", "e"], on_tier(0, 1), {}, 0),
        (["e", "e"], on_tier(-1), {}, 0),
    ],
)
def test_3_3_never_stays_on_the_tier_it_moved_to_while_that_serves(
    tiers: list[str], memory: RecordMemory, fields: dict[str, Any], tier: int
) -> None:
    assert choose(tiers, memory, failback=Failback(FailbackMode.NEVER), **fields).tier == tier


def test_3_3_a_record_on_its_first_tier_has_moved_nowhere() -> None:
    found = choose(["e", "e"], on_tier(0, 1), failback=Failback(FailbackMode.NEVER))
    assert [step.rule for step in found.steps] == ["4.2"]


def test_the_tier_in_use_is_known_by_what_it_handed_out() -> None:
    """A tier was put in front of the one in use: the record moves only when the new one has proved itself."""
    memory = RecordMemory(tier=0, last_healthy=(endpoint("192.0.2.2"),))

    assert choose(["e990", "e"], memory).tier == 1


def test_4_2_the_steps_say_why_not_the_better_tier() -> None:
    texts = [(step.rule, step.subject, step.text) for step in choose(["d d", "e o"]).steps]

    assert texts == [
        ("4.1", "192.0.2.4", "taken out: as the test says"),
        ("3.1", "192.0.2.1", "down: as the test says"),
        ("3.1", "192.0.2.2", "down: as the test says"),
        ("4.2", "tier 1 'pool0'", "0 of 2 eligible, 1 needed"),
        ("4.2", "tier 2 'pool1'", "chosen: 1 of 2 eligible, 1 needed"),
    ]


@pytest.mark.parametrize(
    ("tiers", "min_healthy", "relevant"),
    [
        (["e", "n"], 1, 1),
        (["d", "e", "n"], 1, 2),
        (["d", "d", "d"], 1, 3),
        (["e d", "n w"], 2, 4),  # degraded: a worse tier that gets enough is chosen
    ],
)
def test_4_7_only_the_chosen_tier_and_better_ones_can_change_the_answer(
    tiers: list[str], min_healthy: int, relevant: int
) -> None:
    assert len(choose(tiers, min_healthy=min_healthy).relevant) == relevant


@pytest.mark.parametrize(
    ("tiers", "memory", "tier"),
    [
        ([("e", 1), ("e e", 1)], on_tier(1, 1), 1),  # the one that it was on
        ([("e", 9), ("e", 1), ("e e", 1)], on_tier(0, 1), 1),  # another one stands there now: the best that has it
        ([("e", 9), ("e", 1), ("e e", 1)], on_tier(7, 1), 1),
        ([("e", 1), ("e", 8), ("e", 9)], on_tier(2, 5), 0),  # nobody has it any more
    ],
)
def test_an_endpoint_of_several_tiers_leaves_the_record_on_the_tier_that_it_was_on(
    tiers: list[tuple[str, int]], memory: RecordMemory, tier: int
) -> None:
    pools = tuple(f"pool{index}" for index in range(len(tiers)))
    stays = record("www.example.com", *pools, failback=Failback(FailbackMode.NEVER))
    able = Lineup(tuple(standings(words, first) for words, first in tiers), ())
    assert select(ask(stays, able, NOW, family=Family.IPV4, memory=memory)).tier == tier


def test_3_5_an_endpoint_of_two_pools_is_good_since_the_earlier_of_both() -> None:
    (late,) = standings("e999", 1)
    vouched = replace(late, up_since=None, rule="5.4")
    for twice in ((late, vouched), (vouched, late)):
        able = Lineup((twice, standings("e", 2)), ())
        question = ask(record(), able, NOW, family=Family.IPV4, memory=on_tier(1, 2))
        assert select(question).tier == 0
    question = ask(record(), Lineup(((late,), standings("e", 2)), ()), NOW, family=Family.IPV4, memory=on_tier(1, 2))
    assert select(question).tier == 1
