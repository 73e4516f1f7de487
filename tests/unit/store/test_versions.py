"""How much of the versions is kept, and what a start thinks of them."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.model.version import ZoneVersion
from understudy.store import versions as kept
from understudy.store.backlog import Pace
from understudy.store.database import DATABASE_NAME
from understudy.store.sqlite_store import open_store, open_volatile_store
from understudy.store.store import Start
from understudy.store.versions import MARK_NAME, VersionsKept
from understudy.testing.builders import name

ORIGIN = name("example.com")


def version(serial: int, octets: int = 10) -> ZoneVersion:
    return ZoneVersion(ORIGIN, serial, 5.0, b"digest", serial - 1, bytes(octets))


def keep(state_dir: Path, *versions: ZoneVersion) -> tuple[VersionsKept, list[int]]:
    """What a start thinks, and the serials after these were added."""

    async def story() -> list[int]:
        await store.add_versions(versions)
        return [each.serial for each in await store.versions(ORIGIN)]

    store = open_store(state_dir, SystemClock())
    try:
        return store.start.versions, asyncio.run(story())
    finally:
        store.close()


def test_the_oldest_differences_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "HISTORY_OCTETS", 100)
    assert keep(tmp_path, version(1, 40), version(2, 40)) == (VersionsKept.NONE, [1, 2])
    assert keep(tmp_path, version(3, 40)) == (VersionsKept.WHOLE, [2, 3])
    assert keep(tmp_path, version(4, 100)) == (VersionsKept.WHOLE, [4])


def test_a_difference_that_is_too_large_leaves_the_serial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "HISTORY_OCTETS", 100)
    assert keep(tmp_path, version(1), version(2, 101)) == (VersionsKept.NONE, [2])


def test_a_lost_database_is_a_doubt_where_a_fresh_one_is_none(tmp_path: Path) -> None:
    keep(tmp_path, version(1))
    for file in tmp_path.glob(f"{DATABASE_NAME}*"):
        file.unlink()
    assert keep(tmp_path)[0] is VersionsKept.DOUBTFUL


def test_a_damaged_database_is_a_doubt(tmp_path: Path) -> None:
    keep(tmp_path, version(1))
    (tmp_path / DATABASE_NAME).write_bytes(b"nonsense" * 1000)
    assert keep(tmp_path)[0] is VersionsKept.DOUBTFUL


def test_versions_of_a_server_without_a_disk_leave_a_doubt(tmp_path: Path) -> None:
    keep(tmp_path, version(1))
    stuck = Pace(return_every_s=math.inf)
    store = open_volatile_store(tmp_path, SystemClock(), StoreError("full", code="store.full"), pace=stuck)
    assert store.start.versions is VersionsKept.DOUBTFUL
    store.close()
    assert not (tmp_path / MARK_NAME).exists()
    assert keep(tmp_path)[0] is VersionsKept.DOUBTFUL


def back_up(state_dir: Path) -> Path:
    """As an operator does, with SQLite's own means."""
    copy = state_dir / "backup"
    with closing(sqlite3.connect(state_dir / DATABASE_NAME)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def restore(copy: Path) -> None:
    for file in copy.parent.glob(f"{DATABASE_NAME}*"):
        file.unlink()
    shutil.copyfile(copy, copy.with_name(DATABASE_NAME))


def start_of(state_dir: Path) -> Start:
    store = open_store(state_dir, SystemClock())
    store.close()
    return store.start


def test_a_database_from_a_backup_is_a_doubt_until_something_follows(tmp_path: Path) -> None:
    keep(tmp_path, version(1), version(2))
    copy = back_up(tmp_path)
    restore(copy)
    assert (start_of(tmp_path).versions, start_of(tmp_path).lost) == (VersionsKept.WHOLE, 0)
    keep(tmp_path, version(3), version(4))
    keep(tmp_path, version(5))
    restore(copy)
    for _ in range(2):
        start = start_of(tmp_path)
        assert (start.versions, start.lost, start.latest[ORIGIN].serial) == (VersionsKept.DOUBTFUL, 3, 2)
        assert "is from a backup and lacks 3 versions" in start.alarms[0].text
    keep(tmp_path, version(9))
    assert (start_of(tmp_path).versions, start_of(tmp_path).lost) == (VersionsKept.WHOLE, 0)


def test_a_backup_is_told_from_what_came_later_also_where_each_version_begins_anew(tmp_path: Path) -> None:
    keep(tmp_path, replace(version(1), before=None))
    copy = back_up(tmp_path)
    keep(tmp_path, replace(version(2), before=None))
    restore(copy)
    assert (start_of(tmp_path).versions, start_of(tmp_path).lost) == (VersionsKept.DOUBTFUL, 1)


def test_a_mark_of_an_earlier_program_or_a_damaged_one_is_believed_as_before(tmp_path: Path) -> None:
    keep(tmp_path, version(1), version(2))
    for text in ("", "nonsense", "00000000000000000001\n"):  # the last: older than the database, after a power cut
        (tmp_path / MARK_NAME).write_text(text, encoding="ascii")
        assert (start_of(tmp_path).versions, start_of(tmp_path).lost) == (VersionsKept.WHOLE, 0)


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder with a version, which was only read by a run in memory; signs have a folder of their own."""
    signs, state = tmp_path / "signs", tmp_path / "state"
    signs.mkdir()
    monkeypatch.setattr(kept, "SIGNS", signs)
    keep(state, version(1))
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.parent == state:
            raise OSError(errno.EROFS, "Read-only file system")
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        stuck = Pace(return_every_s=math.inf)
        open_volatile_store(state, SystemClock(), StoreError("read-only", code="store.io"), pace=stuck).close()
    yield state
    assert list(signs.iterdir()) == []


def test_a_folder_that_could_only_be_read_leaves_a_doubt_until_something_follows(read_only: Path) -> None:
    assert (read_only / MARK_NAME).exists()
    for _ in range(2):
        assert (start_of(read_only).versions, start_of(read_only).lost) == (VersionsKept.DOUBTFUL, 0)
    keep(read_only, version(9))
    assert start_of(read_only).versions is VersionsKept.WHOLE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_sign_that_somebody_else_has_made_is_not_heeded(read_only: Path, tmp_path: Path) -> None:
    (sign,) = (tmp_path / "signs").iterdir()
    os.chown(sign, 65534, -1)
    assert start_of(read_only).versions is VersionsKept.WHOLE
    sign.unlink()
