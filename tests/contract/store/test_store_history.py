"""What every store does with history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from understudy.model.decision import Decision
from understudy.model.endpoint import Family
from understudy.model.errors import InvariantError
from understudy.model.event import Event, EventKind, Severity
from understudy.store.store import EventFilter, Store
from understudy.testing.store_house import STORE_NOW, WWW, StoreHouse, decision_made, health_event

T = TypeVar("T")


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    return asyncio.run(main())


def test_events_get_growing_sequences_and_are_seen_at_once(store: Store) -> None:
    first, second = store.add_events([health_event("down"), health_event("up")])
    (third,) = store.add_events([health_event("down again")])
    assert first.sequence < second.sequence < third.sequence
    assert run(store.events) == (first, second, third)
    run(store.flush)
    assert run(store.events) == (first, second, third)


def test_sequences_go_on_after_a_restart(house: StoreHouse) -> None:
    first = house.open()
    (before,) = first.add_events(
        [Event(STORE_NOW, EventKind.ALARM, "pool", "half is down", Severity.ALARM, {"down": [1, 2]})]
    )
    first.close()
    second = house.open()
    assert run(second.events) == (before,)
    (after,) = second.add_events([health_event("up")])
    assert after.sequence > before.sequence
    second.close()


@pytest.mark.parametrize(
    ("wanted", "limit", "expected"),
    [
        (EventFilter(), 100, ["a", "b", "c", "d"]),
        (EventFilter(), 2, ["c", "d"]),
        (EventFilter(), 0, []),
        (EventFilter(after=0), 2, ["a", "b"]),
        (EventFilter(after=2), 100, ["c", "d"]),
        (EventFilter(before=3), 1, ["b"]),
        (EventFilter(kinds=frozenset({EventKind.ZONE})), 100, ["b", "d"]),
        (EventFilter(subject="example.com"), 100, ["b"]),
        (EventFilter(after=1, before=4, kinds=frozenset({EventKind.HEALTH})), 100, ["c"]),
    ],
)
def test_events_are_found_wherever_they_are(store: Store, wanted: EventFilter, limit: int, expected: list[str]) -> None:
    store.add_events([health_event("a"), health_event("b", EventKind.ZONE, "example.com")])
    run(store.flush)
    store.add_events([health_event("c"), health_event("d", EventKind.ZONE, "example.org")])
    for _ in ("partly on disk", "wholly on disk"):
        found = run(lambda: store.events(wanted, limit=limit))
        assert [each.text for each in found] == expected
        run(store.flush)


def test_text_that_no_file_can_hold_is_made_fit(store: Store) -> None:
    (noted,) = store.add_events([health_event("nagios said \udcff")])
    assert noted.text == "nagios said ?"
    run(store.flush)
    assert run(store.events) == (noted,)


@pytest.mark.parametrize("bad", [{"detail": {"x": object()}}, {"at": float("nan")}])
def test_an_event_that_no_file_can_hold_is_our_fault(store: Store, bad: dict[str, object]) -> None:
    with pytest.raises(InvariantError):
        store.add_events([replace(health_event("x"), **bad)])  # type: ignore[arg-type]  # wrong on purpose
    assert run(store.events) == ()
    run(store.flush)


@pytest.mark.parametrize("is_flushed", [True, False])
def test_the_decision_that_held_at_an_instant_is_found(store: Store, is_flushed: bool) -> None:
    early, late = decision_made(STORE_NOW, "192.0.2.1"), decision_made(STORE_NOW + 10, "192.0.2.2")
    store.add_decisions([early])
    if is_flushed:
        run(store.flush)
    store.add_decisions([late])

    async def ask() -> list[Decision | None]:
        return [
            await store.decision_at(WWW, at)
            for at in (STORE_NOW - 1, STORE_NOW, STORE_NOW + 9.9, STORE_NOW + 10, STORE_NOW + 1e6)
        ]

    assert run(ask) == [None, early, early, late, late]
    assert run(lambda: store.decision_at((WWW[0], Family.IPV6), STORE_NOW)) is None


def test_of_two_decisions_in_one_instant_the_later_one_holds(store: Store) -> None:
    store.add_decisions([decision_made(STORE_NOW, "192.0.2.1"), decision_made(STORE_NOW, "192.0.2.2")])
    assert run(lambda: store.decision_at(WWW, STORE_NOW)) == decision_made(STORE_NOW, "192.0.2.2")
    run(store.flush)
    assert run(lambda: store.decision_at(WWW, STORE_NOW)) == decision_made(STORE_NOW, "192.0.2.2")


def test_decisions_survive_a_restart(house: StoreHouse) -> None:
    first = house.open()
    first.add_decisions([decision_made(STORE_NOW)])
    first.close()
    second = house.open()
    assert run(lambda: second.decision_at(WWW, STORE_NOW)) == decision_made(STORE_NOW)
    second.close()
