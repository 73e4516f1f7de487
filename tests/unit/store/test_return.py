"""A store that fell back to memory goes to its folder as soon as that can be used, and loses nothing."""

from __future__ import annotations

import asyncio
import math
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.model.event import Event, Severity
from understudy.model.instant import Instant
from understudy.model.verdict import Verdict, VerdictState
from understudy.model.version import ZoneVersion
from understudy.store.backlog import Pace
from understudy.store.database import DATABASE_NAME, Database, FolderLock, open_database
from understudy.store.observed import Observed
from understudy.store.schema import MIGRATIONS
from understudy.store.sqlite_store import SqliteStore, open_any_store, open_store, open_volatile_store
from understudy.store.versions import VersionsKept
from understudy.testing.builders import name, probe_key
from understudy.testing.full_disk import FullDisk
from understudy.testing.store_house import drain, health_event

T = TypeVar("T")

HASTY = Pace(linger_s=0.001, observed_every_s=0.001, retry_first_s=0.001, retry_max_s=0.001, return_every_s=0.0)
LATE = Pace(return_every_s=3600.0)
NEVER = Pace(return_every_s=math.inf)
FULL = StoreError("the disk is full", code="store.full", hint="free space")


class Exile:
    """A folder with a drained endpoint in it, and a store that could not use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        self.heard: list[Event] = []
        self.stores: list[SqliteStore] = []
        before = self.keep(open_store(folder, SystemClock()))
        self.drain(before, "before")
        before.close()

    def keep(self, store: SqliteStore) -> SqliteStore:
        self.stores.append(store)
        return store

    def open(self, pace: Pace = HASTY) -> SqliteStore:
        return self.keep(open_volatile_store(self.folder, SystemClock(), FULL, notify=self.heard.append, pace=pace))

    def drain(self, store: SqliteStore, reason: str) -> None:
        async def main() -> None:
            await store.append(drain(reason=reason), expected_generation=store.desired.generation)
            await store.flush()

        asyncio.run(main())

    def reasons(self) -> list[str]:
        """What a start finds in the folder."""
        store = open_store(self.folder, SystemClock())
        try:
            return [entry.reason for entry in asyncio.run(store.entries())]
        finally:
            store.close()

    def block(self) -> None:
        """A file in the folder's place: not even root can use it."""
        self.folder.rename(self.folder.with_name("elsewhere"))
        self.folder.write_text("in the way")

    def unblock(self) -> None:
        self.folder.unlink()
        self.folder.with_name("elsewhere").rename(self.folder)


def cramped(state_dir: Path, now: Instant, load: Callable[[sqlite3.Connection], T]) -> Database[T]:
    """As `open_database` on a disk that has room for hardly more than what is there."""
    database = open_database(state_dir, now, load)
    database.connection.execute("PRAGMA max_page_count = 20")
    return database


@pytest.fixture
def exile(tmp_path: Path) -> Iterator[Exile]:
    made = Exile(tmp_path / "state")
    yield made
    for store in made.stores:
        store.close()


def flush(store: SqliteStore) -> None:
    asyncio.run(store.flush())


def test_what_was_decreed_in_memory_is_in_the_folder_once_it_can_be_used(exile: Exile) -> None:
    store = exile.open()
    exile.drain(store, "in memory")
    assert store.statistics().volatile == ""
    exile.drain(store, "at home")
    store.close()
    assert exile.reasons() == ["before", "in memory", "at home"]


def test_the_return_is_an_event_and_no_alarm(exile: Exile) -> None:
    store = exile.open()
    flush(store)
    (event,) = exile.heard
    assert event.severity is Severity.INFO
    assert "can be written again" in event.text
    assert str(exile.path) in event.text
    flush(store)
    assert [each.text for each in asyncio.run(store.events())] == [event.text]
    assert exile.heard == [event]


def test_history_tables_and_versions_come_along(exile: Exile) -> None:
    store = exile.open(LATE)
    version = ZoneVersion(name("example.com"), 1, 5.0, b"digest")
    store.add_events([health_event("seen in memory")])
    store.observe(Observed(1, verdicts={probe_key(): Verdict(VerdictState.UP, 1.0, 2.0)}))
    asyncio.run(store.add_versions([version]))
    flush(store)
    store.close()
    again = exile.keep(open_store(exile.folder, SystemClock()))
    assert again.start.alarms == ()
    assert list(again.start.observed.verdicts) == [probe_key()]
    assert again.start.latest == {version.origin: version}
    assert again.start.versions is VersionsKept.WHOLE
    assert "seen in memory" in [event.text for event in asyncio.run(again.events())]


def test_a_run_without_versions_leaves_no_doubt_of_them(exile: Exile) -> None:
    exile.open().close()
    again = exile.keep(open_store(exile.folder, SystemClock()))
    assert again.start.versions is VersionsKept.NONE


def test_the_folder_is_as_safe_as_any_afterwards(exile: Exile) -> None:
    store = exile.open()
    flush(store)
    with sqlite3.connect(exile.path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("PRAGMA quick_check").fetchone() == ("ok",)
    other.close()
    assert exile.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError):
        open_store(exile.folder, SystemClock())
    exile.path.unlink()
    exile.drain(store, "after the file was deleted")
    assert "deleted or replaced" in store.statistics().renewed
    store.close()
    assert exile.reasons() == ["before", "after the file was deleted"]


def test_a_folder_that_is_usable_again_only_at_the_end_is_used_then(exile: Exile) -> None:
    store = exile.open(LATE)
    exile.drain(store, "in memory")
    assert store.statistics().volatile
    store.close()
    assert exile.reasons() == ["before", "in memory"]


def test_a_folder_that_is_never_usable_is_never_touched(exile: Exile) -> None:
    store = exile.open(NEVER)
    exile.drain(store, "in memory")
    store.close()
    assert exile.reasons() == ["before"]


def test_the_folder_is_tried_every_five_seconds(exile: Exile, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("understudy.store.writer.time", SimpleNamespace(monotonic=lambda: now[0]))
    store = exile.open(Pace(return_every_s=5.0))

    def said_at(time: float) -> str:
        now[0] = time
        flush(store)
        return store.statistics().volatile

    exile.block()
    assert "the disk is full" in said_at(104.9)
    assert "stands in the way" in said_at(105.0)
    exile.unblock()
    assert "stands in the way" in said_at(109.9)
    assert said_at(110.0) == ""


def test_versions_that_not_even_the_memory_took_leave_a_doubt(exile: Exile) -> None:
    store = exile.open(LATE)
    disk = FullDisk(store._home)
    first = ZoneVersion(name("example.com"), 1, 5.0, b"digest")
    asyncio.run(store.add_versions([first]))
    disk.fill()
    with pytest.raises(StoreError):
        asyncio.run(store.add_versions([replace(first, serial=2, before=1, difference=bytes(300_000))]))
    with pytest.raises(StoreError):
        store.close()
    again = exile.keep(open_store(exile.folder, SystemClock()))
    assert again.start.versions is not VersionsKept.WHOLE


def test_as_long_as_the_folder_cannot_be_used_the_alarm_says_why_now(exile: Exile) -> None:
    store = exile.open()
    assert "the disk is full" in store.statistics().volatile
    exile.block()
    exile.drain(store, "in memory")
    said = store.statistics().volatile
    assert "a file stands in the way" in said
    assert "began with what could be read of the last run" in said
    assert exile.heard == []
    exile.unblock()
    flush(store)
    assert store.statistics().volatile == ""
    store.close()
    assert exile.reasons() == ["before", "in memory"]


def test_a_folder_that_could_not_even_be_locked_is_taken_when_it_can(exile: Exile) -> None:
    exile.block()
    store = exile.keep(open_any_store(exile.folder, SystemClock(), pace=HASTY))
    exile.drain(store, "in memory")
    assert "a file stands in the way" in store.statistics().volatile
    exile.folder.unlink()
    flush(store)
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        FolderLock(exile.folder)
    store.close()
    assert exile.reasons() == ["in memory"]


def test_a_folder_that_another_server_took_is_left_to_it(exile: Exile) -> None:
    exile.block()
    store = exile.keep(open_any_store(exile.folder, SystemClock(), pace=HASTY))
    exile.unblock()
    other = open_store(exile.folder, SystemClock())
    exile.drain(store, "in memory")
    assert "belongs to a running server" in store.statistics().volatile
    other.close()
    store.close()
    assert exile.reasons() == ["before"]


def test_a_state_that_this_run_did_not_begin_with_is_left_to_a_person(exile: Exile) -> None:
    exile.block()
    store = exile.keep(open_any_store(exile.folder, SystemClock(), pace=HASTY))
    exile.unblock()
    exile.drain(store, "in memory")
    said = store.statistics().volatile
    assert "a state that this run did not begin with" in said
    assert "move understudy.db away" in said
    exile.path.rename(exile.path.with_name("moved.db"))
    flush(store)
    assert store.statistics().volatile == ""
    store.close()
    assert exile.reasons() == ["in memory"]


@pytest.mark.parametrize("table", ["log", "event", "decision", "version"])
def test_any_difference_in_what_is_newest_makes_another_state(exile: Exile, table: str) -> None:
    rows = {
        "log": "UPDATE log SET author = 'somebody else'",
        "event": "INSERT INTO event VALUES (1, 5.0, 'service', 'info', 'server', 'another run', '{}')",
        "decision": "INSERT INTO decision VALUES (1, 'www.example.com/a', 5.0, '{}')",
        "version": "INSERT INTO version VALUES (1, 'example.com', 7, 5.0, x'00', NULL, x'', 0)",
    }
    store = exile.open(LATE)
    with sqlite3.connect(exile.path) as stranger:
        stranger.execute(rows[table])
    stranger.close()
    store.close()
    assert "did not begin with" in store.statistics().volatile


def test_a_newer_program_s_file_stays_as_it_is(exile: Exile) -> None:
    newer = sqlite3.connect(exile.path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    before = exile.path.read_bytes()
    store = exile.keep(open_any_store(exile.folder, SystemClock(), pace=HASTY))
    exile.drain(store, "in memory")
    assert "written by a newer understudy" in store.statistics().volatile
    store.close()
    assert exile.path.read_bytes() == before


def test_a_damaged_file_is_set_aside_as_at_a_start(exile: Exile) -> None:
    store = exile.open()
    exile.path.write_bytes(b"garbage" * 1000)
    flush(store)
    (kept,) = exile.folder.glob(f"{DATABASE_NAME}.damaged-*")
    (event,) = exile.heard
    assert str(kept) in event.text
    store.close()
    assert exile.reasons() == ["before"]


def test_a_disk_that_has_no_room_for_all_of_it_keeps_what_it_had(exile: Exile, monkeypatch: pytest.MonkeyPatch) -> None:
    store = exile.open(LATE)
    exile.drain(store, "x" * 300_000)
    monkeypatch.setattr("understudy.store.home.open_database", cramped)
    store.close()
    assert "the disk is full" in store.statistics().volatile
    monkeypatch.undo()
    assert exile.reasons() == ["before"]
