"""A server whose state folder cannot be used serves from memory (semantics 5.5)."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.store.backlog import Pace
from understudy.store.database import DATABASE_NAME
from understudy.store.schema import MIGRATIONS
from understudy.store.sqlite_store import SqliteStore, open_any_store, open_store, open_volatile_store
from understudy.testing.store_house import drain

FULL = StoreError("the disk is full", code="store.full", hint="free space")


def opened(state_dir: Path) -> SqliteStore:
    return open_any_store(state_dir, SystemClock())


def volatile(state_dir: Path) -> SqliteStore:
    return open_volatile_store(state_dir, SystemClock(), FULL, pace=Pace(return_every_s=math.inf))


def append(store: SqliteStore) -> None:
    async def main() -> None:
        await store.append(drain(), expected_generation=store.desired.generation)

    asyncio.run(main())


def drained(state_dir: Path) -> SqliteStore:
    """A folder in which an endpoint is drained."""
    store = open_store(state_dir, SystemClock())
    append(store)
    return store


def content(state_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in state_dir.glob(f"{DATABASE_NAME}*")}


def test_a_folder_that_can_be_used_is_used(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert store.statistics().volatile == ""
    store.close()
    assert (tmp_path / DATABASE_NAME).is_file()


def test_a_folder_that_cannot_be_made_leaves_a_store_in_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    store = opened(tmp_path / "state")
    append(store)
    assert store.desired.generation == 1
    said = store.statistics().volatile
    assert "a file stands in the way" in said
    assert "began with nothing of the last run" in said
    assert "lost when the server ends" in said
    assert "name a folder" in said
    store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root's right to write away for a moment")
def test_a_folder_that_must_not_be_written_leaves_a_store_in_memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        os.seteuid(65534)
        try:
            store = opened(Path(folder))
        finally:
            os.seteuid(0)
        assert "no permission" in store.statistics().volatile
        store.close()


def test_what_the_last_run_decreed_stays_in_force_and_its_file_as_it_is(tmp_path: Path) -> None:
    drained(tmp_path).close()
    before = content(tmp_path)
    store = volatile(tmp_path)
    assert "began with what could be read of the last run" in store.statistics().volatile
    assert len(store.start.desired.overrides) == 1
    append(store)
    assert store.desired.generation == 2
    store.close()
    assert content(tmp_path) == before
    again = open_store(tmp_path, SystemClock())
    assert again.desired.generation == 1
    again.close()


def test_what_a_kill_left_in_the_write_ahead_log_is_read_too(tmp_path: Path) -> None:
    alive = drained(tmp_path / "alive")
    shutil.copytree(tmp_path / "alive", tmp_path / "killed")
    alive.close()
    before = content(tmp_path / "killed")
    assert before[f"{DATABASE_NAME}-wal"]
    store = volatile(tmp_path / "killed")
    assert len(store.start.desired.overrides) == 1
    store.close()
    assert content(tmp_path / "killed") == before


def test_a_file_that_cannot_be_understood_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"garbage" * 1000)
    store = volatile(tmp_path)
    assert "began with nothing of the last run" in store.statistics().volatile
    assert store.desired.generation == 0
    store.close()


def test_a_newer_version_s_file_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    drained(tmp_path).close()
    newer = sqlite3.connect(tmp_path / DATABASE_NAME)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    before = content(tmp_path)
    store = opened(tmp_path)
    assert "written by a newer understudy" in store.statistics().volatile
    store.close()
    assert content(tmp_path) == before


def test_another_server_s_folder_is_never_worked_around(tmp_path: Path) -> None:
    first = opened(tmp_path)
    for start in (opened, volatile):
        with pytest.raises(StoreError) as refusal:
            start(tmp_path)
        assert refusal.value.code == "store.locked"
    first.close()


def test_a_store_in_memory_keeps_others_out_of_the_folder_until_it_ends(tmp_path: Path) -> None:
    store = volatile(tmp_path)
    with pytest.raises(StoreError):
        opened(tmp_path)
    store.close()
    opened(tmp_path).close()
