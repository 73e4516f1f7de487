from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.decision import Decision, Mode, Selector
from understudy.model.endpoint import Family
from understudy.model.errors import InvariantError, StoreError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.verdict import Verdict, VerdictState
from understudy.store.backlog import Pace
from understudy.store.database import DATABASE_NAME
from understudy.store.draft import Draft, Signature
from understudy.store.history import Retention
from understudy.store.observed import Observed
from understudy.store.sqlite_store import SqliteStore, open_store
from understudy.store.store import EventFilter, NotDurableError
from understudy.testing.builders import name, probe_key
from understudy.testing.full_disk import FullDisk
from understudy.testing.virtual_time import run_virtual

NOW = 1_700_000_000.0
NEVER_S = 1e6
PATIENT = Pace(linger_s=NEVER_S, observed_every_s=NEVER_S, retry_first_s=NEVER_S, retry_max_s=NEVER_S)
HASTY = Pace(linger_s=0.001, observed_every_s=0.001, retry_first_s=0.001, retry_max_s=0.001)
BULKY = "x" * 200_000


class StoppedClock(SystemClock):
    def now(self) -> float:
        return NOW


def release(reason: str = "") -> Draft:
    return Signature("ops", reason, NOW).release([1])


def event(text: str = "down", at: float = NOW) -> Event:
    return Event(at, EventKind.HEALTH, "192.0.2.10", text)


def decision(at: float, text: str = "www.example.com") -> Decision:
    return Decision(
        name(text), Family.IPV4, Mode.NODATA, -1, Selector.ONE, variants=(), ttl_s=30, due=None, decided_at=at
    )


class Disk:
    """Listens to the writer's connection, and can be full."""

    def __init__(self, store: SqliteStore) -> None:
        self.statements: list[str] = []
        store._home.connection.set_trace_callback(self.statements.append)
        self._limit = FullDisk(store._home)

    def count(self, word: str) -> int:
        return sum(statement.startswith(word) for statement in self.statements)

    def fill(self) -> None:
        self._limit.fill()

    def empty(self) -> None:
        self._limit.empty()


def on_disk(tmp_path: Path, table: str) -> int:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(count)


def test_many_changes_at_once_share_their_transactions(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    disk = Disk(store)

    async def story() -> None:
        drafts = (store.append(release(), expected_generation=number) for number in range(500))
        await asyncio.gather(*drafts)

    asyncio.run(story())
    commits = disk.count("COMMIT")
    store.close()
    assert on_disk(tmp_path, "log") == 500
    assert commits < 100


def test_history_waits_for_company_but_not_beyond_the_next_change(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    store.add_events([event()])
    assert on_disk(tmp_path, "event") == 0
    asyncio.run(_append(store))
    assert on_disk(tmp_path, "event") == 1
    store.close()


async def _append(store: SqliteStore, reason: str = "") -> None:
    await store.append(release(reason), expected_generation=store.desired.generation)


def test_history_is_written_without_being_asked(tmp_path: Path) -> None:
    written = threading.Event()
    store = open_store(tmp_path, StoppedClock(), pace=HASTY)
    store._writer._connection.set_trace_callback(lambda text: written.set() if text == "COMMIT" else None)
    store.add_events([event()])
    assert written.wait(30)
    store.close()


def test_tables_are_written_without_being_asked(tmp_path: Path) -> None:
    written = threading.Event()
    store = open_store(tmp_path, StoppedClock(), pace=HASTY)
    store._writer._connection.set_trace_callback(lambda text: written.set() if "REPLACE INTO obs" in text else None)
    store.observe(Observed(verdicts={probe_key(): Verdict(VerdictState.UP, NOW, NOW)}))
    assert written.wait(30)
    store.close()


def test_a_save_writes_only_what_changed(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    disk = Disk(store)
    verdict = Verdict(VerdictState.UP, NOW, NOW)
    tables = Observed(verdicts={probe_key(f"192.0.2.{number}"): verdict for number in range(100)})
    store.observe(tables)
    asyncio.run(_flush(store))
    assert disk.count("REPLACE INTO observed") == 100
    changed = {**tables.verdicts, probe_key("192.0.2.7"): replace(verdict, refreshed_at=NOW + 10)}
    equal = {key: replace(value) for key, value in changed.items()}
    store.observe(Observed(verdicts=equal))
    asyncio.run(_flush(store))
    assert disk.count("REPLACE INTO observed") == 101
    store.observe(Observed(verdicts=dict(equal)))
    asyncio.run(_flush(store))
    assert disk.count("REPLACE INTO observed") == 101
    store.close()


def test_a_restarted_store_knows_what_is_on_disk_already(tmp_path: Path) -> None:
    tables = Observed(verdicts={probe_key(): Verdict(VerdictState.UP, NOW, NOW)})
    first = open_store(tmp_path, StoppedClock())
    first.observe(tables)
    first.close()
    second = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    disk = Disk(second)
    second.observe(tables)
    asyncio.run(_flush(second))
    assert disk.count("REPLACE INTO observed") == 0
    second.close()


async def _flush(store: SqliteStore) -> None:
    await store.flush()


def test_a_full_disk_alarms_once_and_its_end_is_told_once(tmp_path: Path) -> None:
    heard: list[Event] = []
    store = open_store(tmp_path, StoppedClock(), pace=HASTY, notify=heard.append)
    disk = Disk(store)
    asyncio.run(_append(store))
    disk.fill()
    for _ in range(3):
        with pytest.raises(NotDurableError):
            asyncio.run(_append(store, BULKY))
        with pytest.raises(StoreError) as refusal:
            asyncio.run(_flush(store))
        assert refusal.value.code == "store.full"
    assert store.statistics().failed_writes >= 3
    assert store.statistics().lag_s > 0
    assert [each.severity for each in heard] == [Severity.ALARM]
    disk.empty()
    asyncio.run(_flush(store))
    assert [each.severity for each in heard] == [Severity.ALARM, Severity.INFO]
    assert asyncio.run(_events(store)) == tuple(heard)
    store.close()
    assert on_disk(tmp_path, "log") == 4


async def _events(store: SqliteStore) -> tuple[Event, ...]:
    return await store.events(EventFilter(after=0))


def test_retries_go_on_by_themselves_until_the_disk_takes_it(tmp_path: Path) -> None:
    recovered = threading.Event()

    def listen(told: Event) -> None:
        if told.severity is Severity.INFO:
            recovered.set()

    store = open_store(tmp_path, StoppedClock(), pace=HASTY, notify=listen)
    disk = Disk(store)
    disk.fill()
    with pytest.raises(NotDurableError):
        asyncio.run(_append(store, BULKY))
    disk.empty()
    assert recovered.wait(30)
    assert on_disk(tmp_path, "log") == 1
    store.close()


def test_when_too_much_waits_the_oldest_events_go_first_and_entries_never(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=replace(PATIENT, history_max=10))
    disk = Disk(store)
    disk.fill()
    for _ in range(20):
        with pytest.raises(NotDurableError):
            asyncio.run(_append(store, BULKY))
    store.add_events([event(str(number)) for number in range(15)])
    assert [each.text for each in asyncio.run(_events(store))] == [str(number) for number in range(5, 15)]
    store.add_decisions([decision(NOW + number) for number in range(12)])
    assert asyncio.run(_events(store)) == ()
    statistics = store.statistics()
    assert statistics.dropped_events == 16  # with the alarm that the disk is full
    assert statistics.dropped_decisions == 2
    assert statistics.queued_history == 10
    assert statistics.queued_entries == 20
    disk.empty()
    asyncio.run(_flush(store))
    store.close()
    assert on_disk(tmp_path, "log") == 20
    assert on_disk(tmp_path, "decision") == 10


def test_history_is_bounded_by_count(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT, retention=Retention(count=100))
    for _ in range(25):
        store.add_events([event() for _ in range(100)])
        store.add_decisions([decision(NOW) for _ in range(100)])
        asyncio.run(_flush(store))
    store.close()
    open_store(tmp_path, StoppedClock(), retention=Retention(count=100)).close()
    assert 100 <= on_disk(tmp_path, "event") <= 1100
    assert 100 <= on_disk(tmp_path, "decision") <= 1100


def prune_now(store: SqliteStore) -> None:
    """Pruning happens with the first write of a process."""
    store.add_events([event("prune", StoppedClock().now())])
    asyncio.run(_flush(store))


def test_history_is_bounded_by_age_but_keeps_the_answer_that_held_at_the_horizon(tmp_path: Path) -> None:
    retention = Retention(age_s=1000)
    first = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    first.add_events([event("old", NOW - 2000), event("young", NOW - 500)])
    first.add_decisions([decision(NOW - 3000), decision(NOW - 2000), decision(NOW - 500)])
    first.add_decisions([decision(NOW - 9000, "quiet.example.com")])
    first.close()
    second = open_store(tmp_path, StoppedClock(), pace=PATIENT, retention=retention)
    prune_now(second)
    assert [each.text for each in asyncio.run(_events(second))] == ["young", "prune"]

    async def held(text: str, at: float) -> Decision | None:
        return await second.decision_at((name(text), Family.IPV4), at)

    assert asyncio.run(held("www.example.com", NOW - 2500)) is None
    assert asyncio.run(held("www.example.com", NOW - 1000)) == decision(NOW - 2000)
    assert asyncio.run(held("www.example.com", NOW)) == decision(NOW - 500)
    assert asyncio.run(held("quiet.example.com", NOW)) == decision(NOW - 9000, "quiet.example.com")
    second.close()


def test_sequences_never_repeat_even_when_all_events_are_too_old(tmp_path: Path) -> None:
    first = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    (last,) = first.add_events([event("old", NOW - 2000)])
    first.close()
    second = open_store(tmp_path, StoppedClock(), pace=PATIENT, retention=Retention(age_s=1000))
    (release_entry,) = asyncio.run(_append_and_read(second))
    assert release_entry == 1
    second.close()
    third = open_store(tmp_path, StoppedClock())
    (later,) = third.add_events([event("new")])
    assert later.sequence == last.sequence + 1
    third.close()


async def _append_and_read(store: SqliteStore) -> list[int]:
    await store.append(release(), expected_generation=0)
    return [entry.generation for entry in await store.entries()]


def test_a_fault_of_ours_in_the_writer_is_told_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    heard: list[Event] = []
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT, notify=heard.append)
    store.observe(Observed())
    asyncio.run(_flush(store))
    store.observe(Observed(verdicts={probe_key(): "nonsense"}))  # type: ignore[dict-item]  # wrong on purpose
    with pytest.raises(InvariantError, match="writer failed"):
        asyncio.run(_flush(store))
    assert [each.severity for each in heard] == [Severity.ALARM]
    for attempt in (_append, _flush):
        with pytest.raises(StoreError) as refusal:
            asyncio.run(attempt(store))
        assert refusal.value.code == "store.writer"
    (noted,) = store.add_events([event()])
    store.observe(Observed())
    assert noted in asyncio.run(_events(store))
    with pytest.raises(StoreError) as loss:
        store.close()
    assert loss.value.code == "store.lost"


def test_a_listener_whose_loop_has_ended_does_not_stop_the_writer(tmp_path: Path) -> None:
    def ended(_: Event) -> None:
        raise RuntimeError("Event loop is closed")

    store = open_store(tmp_path, StoppedClock(), pace=HASTY, notify=ended)
    disk = Disk(store)
    disk.fill()
    with pytest.raises(NotDurableError):
        asyncio.run(_append(store, BULKY))
    disk.empty()
    asyncio.run(_flush(store))
    store.close()
    assert on_disk(tmp_path, "log") == 1


def test_more_history_than_one_transaction_holds_is_flushed_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path, StoppedClock(), pace=PATIENT)
    store.add_events([event(str(number)) for number in range(7000)])
    asyncio.run(_flush(store))
    assert on_disk(tmp_path, "event") == 7000
    store.close()


def test_in_virtual_time_the_disk_takes_no_time(tmp_path: Path) -> None:
    async def story(clock: object) -> tuple[int, float]:
        store = open_store(tmp_path, StoppedClock(), pace=PATIENT)
        loop = asyncio.get_running_loop()
        before = loop.time()
        await _append(store)
        await store.flush()
        after = loop.time()
        store.close()
        return store.desired.generation, after - before

    assert run_virtual(story) == (1, 0.0)
