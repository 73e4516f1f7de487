from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from understudy.store.faults import from_os, from_sqlite, is_damage

PATH = Path("/var/lib/understudy")


class Usage(NamedTuple):
    """Of a disk."""

    free: int


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "store.full"),
        (errno.EDQUOT, "store.full"),
        (errno.EROFS, "store.read-only"),
        (errno.EACCES, "store.read-only"),
        (errno.EPERM, "store.read-only"),
        (errno.ENOTDIR, "store.no-folder"),
        (errno.EEXIST, "store.no-folder"),
        (errno.EIO, "store.io"),
    ],
)
def test_what_the_system_says_becomes_a_code(number: int, code: str) -> None:
    error = from_os(OSError(number, os.strerror(number)), PATH)
    assert error.code == code
    assert str(PATH) in error.message
    assert os.strerror(number) in error.message
    assert error.hint or code == "store.io"


@pytest.mark.parametrize(
    ("result", "code", "damage"),
    [
        (sqlite3.SQLITE_FULL, "store.full", False),
        (sqlite3.SQLITE_READONLY_DBMOVED, "store.read-only", False),
        (sqlite3.SQLITE_CANTOPEN, "store.read-only", False),
        (sqlite3.SQLITE_BUSY, "store.busy", False),
        (sqlite3.SQLITE_IOERR_FSYNC, "store.io", False),
        (sqlite3.SQLITE_CORRUPT_INDEX, "store.damaged", True),
        (sqlite3.SQLITE_NOTADB, "store.damaged", True),
        (sqlite3.SQLITE_ERROR, "store.io", False),
    ],
)
def test_what_sqlite_says_becomes_a_code(result: int, code: str, damage: bool) -> None:
    error = sqlite3.OperationalError("as it says")
    error.sqlite_errorcode = result
    assert from_sqlite(error, PATH).code == code
    assert is_damage(error) is damage


def test_what_python_says_of_sqlite_is_no_damage() -> None:
    error = sqlite3.ProgrammingError("closed")
    assert from_sqlite(error, PATH).code == "store.io"
    assert not is_damage(error)


@pytest.mark.parametrize(("free", "code"), [(32 * 1024 - 1, "store.full"), (32 * 1024, "store.io")])
def test_an_error_of_the_disk_where_there_is_no_room_is_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, free: int, code: str
) -> None:
    monkeypatch.setattr("understudy.store.faults.shutil.disk_usage", lambda _: Usage(free))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert from_sqlite(error, PATH).code == code
