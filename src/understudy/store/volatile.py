"""A database in memory, for a server whose state folder cannot be used: it must answer all the same (semantics 5.5)."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias, TypeVar

from understudy.model.errors import StoreError
from understudy.model.frozen import frozen
from understudy.store.database import DATABASE_NAME, DamagedError, Database, connect, file_uri, open_sound
from understudy.store.schema import ForeignDatabaseError, NewerSchemaError

MEMORY_DIR = Path("/dev/shm")  # noqa: S108  # memory, where a full disk can be looked into; only the owner may read it

T = TypeVar("T")

Newest: TypeAlias = tuple[tuple[object, ...] | None, ...]
"""The newest rows of the log, the events, the decisions and the versions: two histories that share them are one."""

NOTHING: Newest = (None,) * 4


@frozen
class Exile:
    """How a database came to be in memory: `is_copied` from the folder's own one, whose newest rows then were these."""

    is_copied: bool
    began_with: Newest

    def explain(self, reason: StoreError) -> str:
        """What an operator should know; `reason` is why the folder cannot be used now."""
        before = "what could be read" if self.is_copied else "nothing"
        return (
            f"the state is kept in memory only, because {reason.message}; it began with {before} of the last run, and "
            f"what is decreed and learned is lost when the server ends before it can be written there "
            f"({reason.hint or 'mend it'}; the server tries again by itself)"
        )

    def require_own(self, newest: Newest) -> None:
        """Raises StoreError if the folder holds what this run did not begin with: neither may overwrite the other."""
        if newest not in {self.began_with, NOTHING}:
            raise StoreError(
                "the folder can be used again, but has a state that this run did not begin with",
                code="store.other-state",
                hint="start the server again to go on from that state, or move understudy.db away to keep this run's",
            )


def newest_rows(connection: sqlite3.Connection) -> Newest:
    """What tells one history from another one."""
    return (
        connection.execute("SELECT generation, at, author, reason FROM log ORDER BY generation DESC").fetchone(),
        connection.execute("SELECT sequence, at, subject, text FROM event ORDER BY sequence DESC").fetchone(),
        connection.execute("SELECT number, key, at FROM decision ORDER BY number DESC").fetchone(),
        connection.execute("SELECT number, zone, serial, digest FROM version ORDER BY number DESC").fetchone(),
    )


def open_in_memory(state_dir: Path, load: Callable[[sqlite3.Connection], T]) -> tuple[Database[T], Exile]:
    """A private database in memory, which begins with what the folder's own one holds.

    What an operator drained stays drained through a restart on a full disk, as far as the disk can still be read.
    """
    uri = f"file:/{secrets.token_hex(8)}?vfs=memdb"
    first = connect(uri)  # the memory lives for as long as something is connected to it
    try:
        is_copied = _copy(state_dir / DATABASE_NAME, first)
        opened = open_sound(state_dir / DATABASE_NAME, uri, load)
        return opened, Exile(is_copied, newest_rows(opened.connection))
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
