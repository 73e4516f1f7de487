"""The state folder: one server's at a time, and its database sound."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from understudy.model.errors import StoreError
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.store.checksums import know_checksums
from understudy.store.faults import from_os, from_sqlite, is_contradiction, is_damage
from understudy.store.schema import ForeignDatabaseError, NewerSchemaError, migrate, prove_writable

DATABASE_NAME = "understudy.db"
LOCK_NAME = "understudy.lock"
_BUSY_TIMEOUT_S = 5.0  # chosen: longer than any transaction of ours, shorter than a person waits
_OF_OTHERS = 0o027  # what nobody but the owner may do: reading is left to the group
_WAL_LIMIT_OCTETS = 16 * 1024 * 1024  # chosen: what a burst may leave behind of the write-ahead log

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class DamagedError(Exception):
    """The quick check found faults."""


class FolderLock:
    """Holds a state folder for one server; the system lets go of it when the process ends, however it ends."""

    def __init__(self, state_dir: Path) -> None:
        """Make the folder if need be and take it. Raises StoreError."""
        self._path = path = state_dir / LOCK_NAME
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_os(error, state_dir) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreError(
                f"{state_dir} belongs to a running server (process {holder})",
                code="store.locked",
                hint="stop that server, or give this one another state_dir",
            ) from None
        except OSError as error:
            os.close(self._file)
            raise from_os(error, path) from error
        with suppress(OSError):  # who holds it is a courtesy, and a full disk has no room for it
            os.truncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def renew(self) -> None:
        """Take the folder again if the file of the lock is not ours any more. Raises StoreError."""
        with suppress(OSError):
            if os.path.samestat(os.fstat(self._file), self._path.stat()):
                return
        successor = FolderLock(self._path.parent)
        os.close(self._file)
        self._file = successor._file

    def release(self) -> None:
        """Let the next server have the folder."""
        os.close(self._file)


@frozen
class Database(Generic[T_co]):
    """An open database: `loaded` is what was read from it, `uri` how SQLite opens it once more.

    `set_aside` is where a damaged one before it went (None: there was none), `damage` what was wrong with it.
    """

    path: Path
    uri: str
    connection: sqlite3.Connection
    loaded: T_co
    set_aside: Path | None = None
    damage: str = ""


def open_database(state_dir: Path, now: Instant, load: Callable[[sqlite3.Connection], T]) -> Database[T]:
    """Open, check and migrate the database of a folder that the caller holds, and `load` from it.

    A damaged one is set aside and a fresh one begins, because serving matters more than history. Raises StoreError;
    with code `store.newer` for a file that only a newer program understands: that one is left as it is.
    """
    path = state_dir / DATABASE_NAME
    try:
        try:
            _require_file(path)
            keep_private(path)
            return open_sound(path, file_uri(path), load)
        except (DamagedError, ForeignDatabaseError) as error:
            damage = str(error)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            damage = str(error)
        set_aside = _set_aside(path, now)
        keep_private(path)
        fresh = open_sound(path, file_uri(path), load)
    except NewerSchemaError as error:
        raise StoreError(
            f"{path} was written by a newer understudy (schema {error.version})",
            code="store.newer",
            hint="start the newer version again, or name another state_dir",
        ) from None
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error
    except OSError as error:
        raise from_os(error, path) from error
    return replace(fresh, set_aside=set_aside, damage=damage)


def file_uri(path: Path) -> str:
    """How SQLite is told of a file, whatever characters its name has."""
    return path.absolute().as_uri()


def connect(uri: str) -> sqlite3.Connection:
    """A connection for one thread at a time, without implicit transactions. Raises sqlite3.Error."""
    connection = sqlite3.connect(uri, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True)
    connection.text_factory = _decode_text
    know_checksums(connection)
    return connection


def _decode_text(octets: bytes) -> str:
    """Damaged text is still text: what is made of it decides."""
    return octets.decode(errors="replace")


def keep_private(path: Path) -> None:
    """Make the file for its owner, who may let a group read it; SQLite gives the companions the same mode.

    It tells who drained what and why, and the whole configuration. Raises OSError.
    """
    path.touch(mode=0o600)
    mode = path.stat().st_mode & 0o777
    if mode & _OF_OTHERS:
        path.chmod(mode & ~_OF_OTHERS)


def _require_file(path: Path) -> None:
    """What is there and is no file can be no database: SQLite only says that it cannot open it."""
    if path.exists() and not path.is_file():
        raise DamagedError("it is no file")


def open_sound(path: Path, uri: str, load: Callable[[sqlite3.Connection], T]) -> Database[T]:
    """Open, check and migrate. Raises sqlite3.Error, DamagedError, ForeignDatabaseError, NewerSchemaError."""
    connection = connect(uri)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_OCTETS}")
        _check(connection)
        migrate(connection)
        prove_writable(connection)
        return Database(path, uri, connection, load(connection))
    except sqlite3.OperationalError as error:
        connection.close()
        if is_contradiction(error):
            raise DamagedError(str(error)) from error
        raise
    except UnicodeDecodeError as error:  # what SQLite says of it has octets of the file in it
        connection.close()
        raise DamagedError("a name in it is no text") from error
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection) -> None:
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise DamagedError(str(finding))


def _set_aside(path: Path, now: Instant) -> Path:
    """Rename the database with its companions so that somebody can look at it later."""
    target = set_aside_file(path, now, "damaged")
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    return target


def set_aside_file(path: Path, now: Instant, why: str) -> Path:
    """Rename one file after the time and the word `why`."""
    return path.rename(unused_name(path, now, why))


def unused_name(path: Path, now: Instant, why: str) -> Path:
    """A name beside a file that tells the time and the word `why`; none is taken twice."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.{why}-{time}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{why}-{time}-{number}")
    return target
