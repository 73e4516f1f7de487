"""Where a database lives: its file, whoever writes and reads it, and the lock on its folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from understudy.model.errors import StoreError
from understudy.model.instant import Instant
from understudy.store.database import (
    Database,
    FolderLock,
    connect,
    keep_private,
    open_database,
    open_sound,
    set_aside_file,
    unused_name,
)
from understudy.store.desired import Desired
from understudy.store.faults import from_sqlite
from understudy.store.soundness import Findings, copy_aside, take_out
from understudy.store.versions import VersionMark, newest_number
from understudy.store.volatile import Exile, Newest, newest_rows

P = ParamSpec("P")
T = TypeVar("T")


class Home:
    """Opened, and closed by `close`. The writer's thread alone may use `connection`, renew, move and close it."""

    def __init__(
        self, database: Database[object], lock: FolderLock | None, exile: tuple[Exile, StoreError] | None = None
    ) -> None:
        """Open the second connection, the one that reads. `exile`: it is in memory, and why. Raises sqlite3.Error."""
        self.path = database.path
        self.connection = database.connection
        self._uri = database.uri
        self._lock = lock
        self.mark = VersionMark(None if exile else database.path.parent)
        self._reader = _open_reader(database.uri)
        self._reading = Lock()
        self._exile: Exile | None = exile[0] if exile else None
        self.volatile = exile[0].explain(exile[1]) if exile else ""
        self._identity = None if exile else _identity(database.path)

    def read(self, select: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `select` finds. Raises sqlite3.Error."""
        with self._reading:
            return select(self._reader, *args, **kwargs)

    @property
    def is_lost(self) -> bool:
        """Whether the file was deleted or replaced under us: SQLite goes on writing what nobody will find again."""
        return self._identity is not None and _identity(self.path) != self._identity

    def renew(self, now: Instant) -> Path | None:
        """Write the lost database to its place again, whole; returns where a file in its place was set aside.

        It is still there for us, for as long as we hold it open. Raises sqlite3.Error, OSError, StoreError; until the
        copy is complete nothing has changed.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is not None:
            self._lock.renew()
        copy = self._copy()
        stranger = set_aside_file(self.path, now, "replaced") if self.path.exists() else None
        with self._exchanged_reader():
            self.connection.close()  # the last one out deletes the companions by their names, so before the new ones
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            copy.rename(self.path)
            self.connection = open_sound(self.path, self._uri, lambda _: None).connection
        self._identity = _identity(self.path)
        return stranger

    def move_in(self, now: Instant) -> Path | None:
        """Write the database in memory to its folder, whole; returns where a damaged one there was set aside.

        Everything that anybody has seen has to be in it. SQLite writes it as one transaction: until then the folder has
        what it had, and nothing has changed here. Raises StoreError.
        """
        if self._exile is None:
            return None
        try:
            place, reader = self._fill_place(now, self._exile)
        except StoreError as error:
            self.volatile = self._exile.explain(error)
            raise
        self.connection.close()
        self.connection, self._uri = place.connection, place.uri
        with self._reading:
            self._reader.close()
            self._reader = reader
        self._identity = _identity(self.path)
        self.mark = VersionMark(self.path.parent)
        if newest := newest_number(self.connection):
            self.mark.set(newest)
        self._exile, self.volatile = None, ""
        return place.set_aside

    def _fill_place(self, now: Instant, exile: Exile) -> tuple[Database[Newest], sqlite3.Connection]:
        """The folder's database with what ours has, and one more connection to read it. Raises StoreError."""
        self._lock = self._lock or FolderLock(self.path.parent)
        self._lock.renew()
        place = open_database(self.path.parent, now, newest_rows)
        try:
            exile.require_own(place.loaded)
            self.connection.backup(place.connection)
            return place, _open_reader(place.uri)
        except sqlite3.Error as error:
            place.connection.close()
            raise from_sqlite(error, self.path) from error
        except StoreError:
            place.connection.close()
            raise

    def take_out(self, findings: Findings, desired: Desired, now: Instant) -> Path | None:
        """Take out what is not what was written, before the writer begins; returns where all of it is kept as it was.

        A disk that refuses leaves it where it is: it is not gone by, and found again at the next start.
        """
        if not findings:
            return None
        if findings.is_version_lost:
            self.mark.clear()
        kept_as: Path | None = None
        with suppress(sqlite3.Error, OSError):
            if not self.volatile:
                target = unused_name(self.path, now, "damaged")
                keep_private(target)
                copy_aside(self.connection, target)
                kept_as = target
            take_out(self.connection, findings, desired)
        return kept_as

    def close(self) -> None:
        """The reader and the lock; the writer's thread closes its own connection."""
        self._reader.close()
        if self._lock is not None:
            self._lock.release()

    def _copy(self) -> Path:
        copy = self.path.with_name(self.path.name + "-new")
        copy.unlink(missing_ok=True)
        keep_private(copy)
        with closing(sqlite3.connect(copy)) as target:
            self.connection.backup(target)
        return copy

    @contextmanager
    def _exchanged_reader(self) -> Iterator[None]:
        with self._reading:
            self._reader.close()
            yield
            self._reader = _open_reader(self._uri)


def _open_reader(uri: str) -> sqlite3.Connection:
    """Read once, so that it holds the companions open, too: they may be gone when somebody wants to read."""
    reader = connect(uri)
    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return reader


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None: there is none, or nobody may look."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
