"""A database in memory, for a server whose state folder cannot be used: it must answer all the same (semantics 5.5)."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from understudy.store.database import DATABASE_NAME, DamagedError, Database, connect, file_uri, open_sound
from understudy.store.schema import ForeignDatabaseError, NewerSchemaError

MEMORY_DIR = Path("/dev/shm")  # noqa: S108  # memory, where a full disk can be looked into; only the owner may read it

T = TypeVar("T")


def open_in_memory(state_dir: Path, load: Callable[[sqlite3.Connection], T]) -> tuple[Database[T], bool]:
    """A private database in memory, and whether it begins with what the folder's own one holds.

    What an operator drained stays drained through a restart on a full disk, as far as the disk can still be read.
    """
    uri = f"file:/{secrets.token_hex(8)}?vfs=memdb"
    first = connect(uri)  # the memory lives for as long as something is connected to it
    try:
        is_copied = _copy(state_dir / DATABASE_NAME, first)
        return open_sound(state_dir / DATABASE_NAME, uri, load), is_copied
    finally:
        first.close()


def _copy(path: Path, target: sqlite3.Connection) -> bool:
    """Fill `target` from a file that is only read; SQLite itself would want to write beside it."""
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY_DIR) as folder:
            copy = Path(folder) / path.name
            shutil.copyfile(path, copy)
            log = path.with_name(f"{path.name}-wal")
            if log.exists():
                shutil.copyfile(log, copy.with_name(log.name))
            opened = open_sound(copy, file_uri(copy), lambda _: None)
            with closing(opened.connection) as source:
                source.execute("PRAGMA journal_mode = DELETE")  # memory has no write-ahead log, and would refuse it
                source.backup(target)
    except (OSError, sqlite3.Error, DamagedError, ForeignDatabaseError, NewerSchemaError):
        return False
    return True
