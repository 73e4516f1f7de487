"""Whose turn it is, as a table of what waits and what may begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.turns import IN_ALL, OF_ONE, Turn, Turns
from understudy.zones.secondary import Secondary


def waiting(count: int, *hosts: int) -> list[FetchedZone]:
    """So many zones of these primaries."""
    primaries = tuple(Primary(f"192.0.2.{host}", 53) for host in hosts)
    names = [Name.parse(f"z{number}.of-{hosts[0]}.example") for number in range(count)]
    definitions = [ZoneDefinition(name, ZoneSource.TRANSFER, Path(), None, primaries) for name in names]
    return [FetchedZone(definition, Secondary.empty(0.0)) for definition in definitions]


def taken(turns: Turns) -> list[Turn]:
    """All that may begin."""
    found: list[Turn] = []
    while (turn := turns.take()) is not None:
        found.append(turn)
    return found


def hosts_of(begun: Sequence[Turn]) -> list[str]:
    return [turn.primaries[0].address for turn in begun]


def test_those_of_the_same_primaries_wait_for_each_other_and_no_others_do() -> None:
    turns = Turns()
    turns.put([*waiting(2 * OF_ONE, 1), *waiting(1, 2), *waiting(1, 1, 2)])
    begun = taken(turns)
    assert hosts_of(begun) == ["192.0.2.1"] * OF_ONE + ["192.0.2.2", "192.0.2.1"]
    assert turns.are_awaited
    assert not turns.is_full
    turns.end(begun[0])
    assert [turn.care.definition.name for turn in taken(turns)] == [Name.parse(f"z{OF_ONE}.of-1.example")]


def test_there_are_no_more_in_all_than_can_be_borne() -> None:
    turns = Turns()
    for host in range(2 * IN_ALL):
        turns.put(waiting(1, host))
    begun = taken(turns)
    assert len(begun) == IN_ALL
    assert turns.is_full
    turns.end(begun[7])
    assert hosts_of(taken(turns)) == [f"192.0.2.{IN_ALL}"]


def test_a_zone_waits_once_however_often_it_is_put() -> None:
    turns = Turns()
    for _ in range(3):
        turns.put(waiting(2, 1))
    assert len(taken(turns)) == 2
    assert not turns.are_awaited


def test_a_zone_whose_primaries_are_others_meanwhile_gives_its_turn_back() -> None:
    turns = Turns()
    (care,) = waiting(1, 1)
    turns.put([care])
    (turn,) = taken(turns)
    care.redefine(waiting(1, 2)[0].definition)
    turns.end(turn)
    turns.put(waiting(OF_ONE, 1))
    assert len(taken(turns)) == OF_ONE
    assert not turns.are_awaited
