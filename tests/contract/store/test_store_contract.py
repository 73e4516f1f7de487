"""What every store does: SQLite's, and the one in memory that stories use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.decision import Decision, Mode, RecordMemory, Selector, Step, Variant
from understudy.model.endpoint import Family
from understudy.model.errors import InvariantError, StoreError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.health import Health, HealthFlag, HealthKey, HealthState
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.model.verdict import Verdict, VerdictState
from understudy.store.backlog import Pace
from understudy.store.draft import Draft, Signature
from understudy.store.observed import Observed
from understudy.store.sqlite_store import SqliteStore, open_store
from understudy.store.store import EventFilter, NotDurableError, StaleGenerationError, Store
from understudy.testing.builders import all_of, endpoint, name, probe_key
from understudy.testing.memory_store import MemoryDisk, MemoryStore

T = TypeVar("T")

WWW = (name("www.example.com"), Family.IPV4)
NOW = 1_700_000_000.0
BULKY = "x" * 200_000
"""So much that it fits into no page that is allocated already."""


class StoppedClock(SystemClock):
    """The time of these tests."""

    def now(self) -> float:
        return NOW


class House(Protocol):
    """Where a store lives: opens it again and again, and can be full."""

    def open(self) -> Store: ...
    def fill(self) -> None: ...
    def empty(self) -> None: ...
    def leave(self) -> None: ...


class SqliteHouse:
    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.stores: list[SqliteStore] = []

    def open(self) -> Store:
        pace = Pace(linger_s=0.001, observed_every_s=0.001, retry_first_s=0.001, retry_max_s=0.01)
        self.stores.append(open_store(self.state_dir, StoppedClock(), pace=pace))
        return self.stores[-1]

    def fill(self) -> None:
        connection = self.stores[-1]._writer._connection
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {count}")

    def empty(self) -> None:
        self.stores[-1]._writer._connection.execute("PRAGMA max_page_count = 1000000")

    def leave(self) -> None:
        for store in self.stores:
            store.close()


class MemoryHouse:
    def __init__(self) -> None:
        self.disk = MemoryDisk()

    def open(self) -> Store:
        return MemoryStore(self.disk)

    def fill(self) -> None:
        self.disk.is_full = True

    def empty(self) -> None:
        self.disk.is_full = False

    def leave(self) -> None:
        pass


@pytest.fixture(params=["sqlite", "memory"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made: House = SqliteHouse(tmp_path / "state") if request.param == "sqlite" else MemoryHouse()
    yield made
    made.leave()


@pytest.fixture
def store(house: House) -> Iterator[Store]:
    opened = house.open()
    yield opened
    opened.close()


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    return asyncio.run(main())


def drain(address: str = "192.0.2.10", reason: str = "maintenance") -> Draft:
    subject = Subject(SubjectKind.ENDPOINT, address)
    return Signature("ops", reason, NOW).override(OverrideKind.DRAIN, subject, NOW + 3600)


def event(text: str, kind: EventKind = EventKind.HEALTH, subject: str = "192.0.2.10") -> Event:
    return Event(NOW, kind, subject, text)


def decision(at: float, address: str = "192.0.2.10") -> Decision:
    return Decision(
        record=WWW[0],
        family=WWW[1],
        mode=Mode.NORMAL,
        tier=0,
        selector=Selector.ONE,
        variants=(Variant((endpoint(address),)),),
        ttl_s=30,
        due=at + 60,
        decided_at=at,
        steps=(Step("4.2", "near", "has 1 of 1 eligible"),),
    )


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
    assert (entry.author, entry.reason, entry.at, entry.kind) == ("ops", "löschen?", NOW, draft.kind)
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
        (override,) = store.desired.active_overrides(NOW)
        assert (override.id, override.kind, override.author) == (entry.generation, OverrideKind.DRAIN, "ops")
        await store.append(Signature("ops", "done", NOW).release([override.id]), expected_generation=1)
        assert store.desired.active_overrides(NOW) == ()

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


def test_desired_state_survives_a_restart(house: House) -> None:
    first = house.open()
    run(lambda: first.append(drain(), expected_generation=0))
    run(lambda: first.append(Signature("ops", "", NOW).configuration("zones: {}", "d1"), expected_generation=1))
    before = first.desired
    first.close()
    second = house.open()
    assert second.start.desired == before
    assert second.desired == before
    assert second.desired.configuration is not None
    assert second.desired.configuration.text == "zones: {}"
    assert [entry.generation for entry in run(second.entries)] == [1, 2]
    second.close()


def test_observed_state_survives_a_restart(house: House) -> None:
    health = Health(HealthState.DOWN, NOW, NOW - 60, (NOW - 30, NOW), frozenset({HealthFlag.SUSPECT}), (), "2.4: D > 0")
    observed = Observed(
        generation=0,
        verdicts={probe_key(): Verdict(VerdictState.SUSPECT, NOW, NOW + 1, 2, "connect.refused", "refused")},
        healths={HealthKey(endpoint("192.0.2.10"), all_of("web", "db")): health},
        memories={WWW: RecordMemory(1, frozenset({endpoint("192.0.2.11")}), (endpoint("backup.example.net"),))},
        decisions={WWW: decision(NOW)},
    )
    first = house.open()
    first.observe(observed)
    first.close()
    second = house.open()
    kept = replace(health, flags=frozenset(), why="")
    assert second.start.observed == replace(observed, healths=dict.fromkeys(observed.healths, kept))
    second.close()


def test_what_is_no_longer_observed_is_forgotten(house: House) -> None:
    verdict = Verdict(VerdictState.UP, NOW, NOW)
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


def test_a_release_that_the_tables_do_not_reflect_is_told_at_the_start(house: House) -> None:
    sign = Signature("ops", "checked by hand", NOW)
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


def test_events_get_growing_sequences_and_are_seen_at_once(store: Store) -> None:
    first, second = store.add_events([event("down"), event("up")])
    (third,) = store.add_events([event("down again")])
    assert first.sequence < second.sequence < third.sequence
    assert run(store.events) == (first, second, third)
    run(store.flush)
    assert run(store.events) == (first, second, third)


def test_sequences_go_on_after_a_restart(house: House) -> None:
    first = house.open()
    (before,) = first.add_events(
        [Event(NOW, EventKind.ALARM, "pool", "half is down", Severity.ALARM, {"down": [1, 2]})]
    )
    first.close()
    second = house.open()
    assert run(second.events) == (before,)
    (after,) = second.add_events([event("up")])
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
    store.add_events([event("a"), event("b", EventKind.ZONE, "example.com")])
    run(store.flush)
    store.add_events([event("c"), event("d", EventKind.ZONE, "example.org")])
    for _ in ("partly on disk", "wholly on disk"):
        found = run(lambda: store.events(wanted, limit=limit))
        assert [each.text for each in found] == expected
        run(store.flush)


def test_text_that_no_file_can_hold_is_made_fit(store: Store) -> None:
    (noted,) = store.add_events([event("nagios said \udcff")])
    assert noted.text == "nagios said ?"
    run(store.flush)
    assert run(store.events) == (noted,)


@pytest.mark.parametrize("bad", [{"detail": {"x": object()}}, {"at": float("nan")}])
def test_an_event_that_no_file_can_hold_is_our_fault(store: Store, bad: dict[str, object]) -> None:
    with pytest.raises(InvariantError):
        store.add_events([replace(event("x"), **bad)])  # type: ignore[arg-type]  # wrong on purpose
    assert run(store.events) == ()
    run(store.flush)


@pytest.mark.parametrize("is_flushed", [True, False])
def test_the_decision_that_held_at_an_instant_is_found(store: Store, is_flushed: bool) -> None:
    early, late = decision(NOW, "192.0.2.1"), decision(NOW + 10, "192.0.2.2")
    store.add_decisions([early])
    if is_flushed:
        run(store.flush)
    store.add_decisions([late])

    async def ask() -> list[Decision | None]:
        return [await store.decision_at(WWW, at) for at in (NOW - 1, NOW, NOW + 9.9, NOW + 10, NOW + 1e6)]

    assert run(ask) == [None, early, early, late, late]
    assert run(lambda: store.decision_at((WWW[0], Family.IPV6), NOW)) is None


def test_of_two_decisions_in_one_instant_the_later_one_holds(store: Store) -> None:
    store.add_decisions([decision(NOW, "192.0.2.1"), decision(NOW, "192.0.2.2")])
    assert run(lambda: store.decision_at(WWW, NOW)) == decision(NOW, "192.0.2.2")
    run(store.flush)
    assert run(lambda: store.decision_at(WWW, NOW)) == decision(NOW, "192.0.2.2")


def test_decisions_survive_a_restart(house: House) -> None:
    first = house.open()
    first.add_decisions([decision(NOW)])
    first.close()
    second = house.open()
    assert run(lambda: second.decision_at(WWW, NOW)) == decision(NOW)
    second.close()


def test_a_second_store_on_the_same_disk_is_refused(house: House) -> None:
    first = house.open()
    with pytest.raises(StoreError, match="belongs to a running server"):
        house.open()
    first.close()
    house.open().close()


def test_a_closed_store_takes_nothing_more_and_closes_twice(house: House) -> None:
    store = house.open()
    store.close()
    store.close()
    refused: list[Callable[[], object]] = [
        lambda: run(lambda: store.append(drain(), expected_generation=0)),
        lambda: store.add_events([event("late")]),
        lambda: store.add_decisions([decision(NOW)]),
        lambda: store.observe(Observed()),
        lambda: run(store.flush),
        lambda: run(store.events),
        lambda: run(store.entries),
        lambda: run(lambda: store.decision_at(WWW, NOW)),
    ]
    for attempt in refused:
        with pytest.raises(StoreError) as refusal:
            attempt()
        assert refusal.value.code == "store.closed"


def test_on_a_full_disk_a_change_is_in_force_and_said_to_be_in_memory_only(house: House) -> None:
    store = house.open()
    run(lambda: store.append(drain(), expected_generation=0))
    house.fill()
    with pytest.raises(NotDurableError) as refusal:
        run(lambda: store.append(drain(reason=BULKY), expected_generation=1))
    assert refusal.value.entry.generation == 2
    assert store.desired.generation == 2
    assert store.statistics().queued_entries == 1
    assert store.statistics().error
    assert [entry.generation for entry in run(store.entries)] == [1, 2]
    house.empty()
    run(store.flush)
    assert store.statistics().queued_entries == 0
    assert store.statistics().error == ""
    store.close()
    again = house.open()
    assert again.desired.generation == 2
    again.close()


def test_on_a_full_disk_history_waits_and_is_seen(house: House) -> None:
    store = house.open()
    house.fill()
    (noted,) = store.add_events([event(BULKY)])
    with pytest.raises(StoreError):
        run(store.flush)
    assert noted in run(store.events)
    assert store.statistics().queued_history >= 1
    house.empty()
    run(store.flush)
    store.close()
    again = house.open()
    assert noted in run(again.events)
    again.close()


def test_a_store_that_must_close_on_a_full_disk_says_what_is_lost(house: House) -> None:
    store = house.open()
    house.fill()
    with pytest.raises(NotDurableError):
        run(lambda: store.append(drain(reason=BULKY), expected_generation=0))
    with pytest.raises(StoreError) as loss:
        store.close()
    assert loss.value.code == "store.lost"
    again = house.open()
    assert again.desired.generation == 0
    again.close()
