"""What every store does with state: SQLite's, and the one in memory that stories use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from understudy.model.decision import RecordMemory
from understudy.model.errors import InvariantError, StoreError
from understudy.model.health import Health, HealthFlag, HealthKey, HealthState
from understudy.model.override import OverrideKind
from understudy.model.verdict import Verdict, VerdictState
from understudy.store.draft import Signature
from understudy.store.observed import Observed
from understudy.store.store import StaleGenerationError, Store
from understudy.testing.builders import all_of, endpoint, probe_key
from understudy.testing.store_house import STORE_NOW, WWW, StoreHouse, decision_made, drain, health_event

T = TypeVar("T")


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    return asyncio.run(main())


def test_a_fresh_store_is_empty(store: Store) -> None:
    assert store.start.desired.generation == 0
    assert store.start.observed == Observed()
    assert store.start.releases == ()
    assert store.start.unreadable == 0
    assert store.start.alarms == ()
    assert run(store.events) == ()
    assert run(store.entries) == ()


def test_entries_are_numbered_from_one_without_gaps(store: Store) -> None:
    async def story() -> list[int]:
        return [(await store.append(drain(), expected_generation=number)).generation for number in range(3)]

    assert run(story) == [1, 2, 3]
    assert [entry.generation for entry in run(store.entries)] == [1, 2, 3]


def test_an_entry_keeps_who_changed_what_and_why(store: Store) -> None:
    draft = drain(reason="löschen?")
    entry = run(lambda: store.append(draft, expected_generation=0))
    assert (entry.author, entry.reason, entry.at, entry.kind) == ("ops", "löschen?", STORE_NOW, draft.kind)
    assert entry.body == draft.body
    assert run(store.entries) == (entry,)


def test_a_stale_expectation_is_refused_and_changes_nothing(store: Store) -> None:
    async def story() -> None:
        await store.append(drain(), expected_generation=0)
        with pytest.raises(StaleGenerationError) as refusal:
            await store.append(drain(), expected_generation=0)
        assert (refusal.value.expected, refusal.value.actual) == (0, 1)
        with pytest.raises(StaleGenerationError):
            await store.append(drain(), expected_generation=2)

    run(story)
    assert len(run(store.entries)) == 1
    assert store.desired.generation == 1


def test_of_two_changes_at_once_with_the_same_expectation_one_wins(store: Store) -> None:
    async def story() -> list[object]:
        both = (store.append(drain(f"192.0.2.{number}"), expected_generation=0) for number in (1, 2))
        return list(await asyncio.gather(*both, return_exceptions=True))

    outcomes = run(story)
    assert sorted(isinstance(outcome, StaleGenerationError) for outcome in outcomes) == [False, True]


def test_desired_state_follows_the_log_at_once(store: Store) -> None:
    async def story() -> None:
        entry = await store.append(drain(), expected_generation=0)
        (override,) = store.desired.active_overrides(STORE_NOW)
        assert (override.id, override.kind, override.author) == (entry.generation, OverrideKind.DRAIN, "ops")
        await store.append(Signature("ops", "done", STORE_NOW).release([override.id]), expected_generation=1)
        assert store.desired.active_overrides(STORE_NOW) == ()

    run(story)


def test_a_change_whose_author_gives_up_waiting_still_counts(store: Store) -> None:
    async def story() -> None:
        task = asyncio.ensure_future(store.append(drain(), expected_generation=0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.flush()
        assert store.desired.generation == 1

    run(story)


def test_entries_are_read_in_pages(store: Store) -> None:
    async def story() -> list[int]:
        for number in range(5):
            await store.append(drain(), expected_generation=number)
        return [entry.generation for entry in await store.entries(after=1, limit=2)]

    assert run(story) == [2, 3]


def test_a_body_that_is_no_plain_json_is_our_fault_and_is_not_taken(store: Store) -> None:
    draft = replace(drain(), body={"override": object()})
    with pytest.raises(InvariantError):
        run(lambda: store.append(draft, expected_generation=0))
    assert store.desired.generation == 0


def test_desired_state_survives_a_restart(house: StoreHouse) -> None:
    first = house.open()
    run(lambda: first.append(drain(), expected_generation=0))
    run(lambda: first.append(Signature("ops", "", STORE_NOW).configuration("zones: {}", "d1"), expected_generation=1))
    before = first.desired
    first.close()
    second = house.open()
    assert second.start.desired == before
    assert second.desired == before
    assert second.desired.configuration is not None
    assert second.desired.configuration.text == "zones: {}"
    assert [entry.generation for entry in run(second.entries)] == [1, 2]
    second.close()


def test_observed_state_survives_a_restart(house: StoreHouse) -> None:
    health = Health(
        HealthState.DOWN,
        STORE_NOW,
        STORE_NOW - 60,
        (STORE_NOW - 30, STORE_NOW),
        frozenset({HealthFlag.SUSPECT}),
        (),
        "2.4: D > 0",
    )
    observed = Observed(
        generation=0,
        verdicts={
            probe_key(): Verdict(VerdictState.SUSPECT, STORE_NOW, STORE_NOW + 1, 2, "connect.refused", "refused")
        },
        healths={HealthKey(endpoint("192.0.2.10"), all_of("web", "db")): health},
        memories={WWW: RecordMemory(1, frozenset({endpoint("192.0.2.11")}), (endpoint("backup.example.net"),))},
        decisions={WWW: decision_made(STORE_NOW)},
    )
    first = house.open()
    first.observe(observed)
    first.close()
    second = house.open()
    kept = replace(health, flags=frozenset(), why="")
    assert second.start.observed == replace(observed, healths=dict.fromkeys(observed.healths, kept))
    second.close()


def test_what_is_no_longer_observed_is_forgotten(house: StoreHouse) -> None:
    verdict = Verdict(VerdictState.UP, STORE_NOW, STORE_NOW)
    first = house.open()
    first.observe(Observed(verdicts={probe_key("192.0.2.1"): verdict, probe_key("192.0.2.2"): verdict}))
    run(first.flush)
    first.observe(Observed(verdicts={probe_key("192.0.2.2"): verdict}))
    first.close()
    second = house.open()
    assert set(second.start.observed.verdicts) == {probe_key("192.0.2.2")}
    second.observe(Observed())
    second.close()
    third = house.open()
    assert third.start.observed == Observed()
    third.close()


def test_a_release_that_the_tables_do_not_reflect_is_told_at_the_start(house: StoreHouse) -> None:
    sign = Signature("ops", "checked by hand", STORE_NOW)
    first = house.open()
    run(lambda: first.append(sign.admit(WWW[0], [endpoint("192.0.2.10")]), expected_generation=0))
    first.observe(Observed(generation=1))
    run(lambda: first.append(sign.admit(WWW[0], [endpoint("192.0.2.11")]), expected_generation=1))
    run(lambda: first.append(drain(), expected_generation=2))
    first.close()
    second = house.open()
    assert [release.generation for release in second.start.releases] == [2]
    assert second.start.releases[0].body == {"record": "www.example.com", "endpoints": ["192.0.2.11"]}
    second.close()


def test_a_second_store_on_the_same_disk_is_refused(house: StoreHouse) -> None:
    first = house.open()
    with pytest.raises(StoreError, match="belongs to a running server"):
        house.open()
    first.close()
    house.open().close()


def test_a_closed_store_takes_nothing_more_and_closes_twice(house: StoreHouse) -> None:
    store = house.open()
    store.close()
    store.close()
    refused: list[Callable[[], object]] = [
        lambda: run(lambda: store.append(drain(), expected_generation=0)),
        lambda: store.add_events([health_event("late")]),
        lambda: store.add_decisions([decision_made(STORE_NOW)]),
        lambda: store.observe(Observed()),
        lambda: run(store.flush),
        lambda: run(store.events),
        lambda: run(store.entries),
        lambda: run(lambda: store.decision_at(WWW, STORE_NOW)),
    ]
    for attempt in refused:
        with pytest.raises(StoreError) as refusal:
            attempt()
        assert refusal.value.code == "store.closed"
