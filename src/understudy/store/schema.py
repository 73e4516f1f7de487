"""The tables, version by version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from understudy.store.encoding import UnreadableError

APPLICATION_ID = 0x556E6473
"""`Unds`: tells our files from other SQLite databases (chosen: the program's name)."""

_VERSION_1 = (
    """CREATE TABLE log (
        generation INTEGER PRIMARY KEY, at REAL NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL,
        kind TEXT NOT NULL, body TEXT NOT NULL)""",
    "CREATE TABLE snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL)",
    """CREATE TABLE observed (
        kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID""",
    """CREATE TABLE event (
        sequence INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
        subject TEXT NOT NULL, text TEXT NOT NULL, detail TEXT NOT NULL)""",
    """CREATE TABLE decision (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL, at REAL NOT NULL, document TEXT NOT NULL)""",
    "CREATE INDEX decision_by_key ON decision (key, at, number)",
    f"PRAGMA application_id = {APPLICATION_ID}",
)

_VERSION_2 = (
    """CREATE TABLE version (
        number INTEGER PRIMARY KEY, zone TEXT NOT NULL, serial INTEGER NOT NULL, at REAL NOT NULL,
        digest BLOB NOT NULL, before INTEGER, difference BLOB NOT NULL)""",
    "CREATE INDEX version_by_zone ON version (zone, number)",
)

_CHECKED = {
    "log": "generation, at, {author}, {reason}, {kind}, {body}",
    "snapshot": "{document}",
    "observed": "{kind}, {key}, {document}",
    "version": "{zone}, serial, at, digest, before, difference",
}
"""What a start goes by, and of which columns each row has a checksum (`checksums.py`). In braces: text, which may be
none any more where it is damaged."""


class _AsOctets(dict[str, str]):
    """SQL for the octets of a text, by the name of its column."""

    def __missing__(self, column: str) -> str:
        return f"CAST({column} AS BLOB)"


_VERSION_3 = tuple(
    statement
    for table, columns in ((table, columns.format_map(_AsOctets())) for table, columns in _CHECKED.items())
    for statement in (
        f"ALTER TABLE {table} ADD COLUMN checksum INTEGER",
        f"UPDATE {table} SET checksum = checksum({columns})",  # noqa: S608  # the constants above
        f"CREATE VIEW checked_{table} AS SELECT *, checksum IS checksum({columns}) AS is_whole FROM {table}",  # noqa: S608  # as above
    )
)

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3)
"""MIGRATIONS[n] makes version n + 1 of version n; never changed once released."""


def require_whole(row: tuple[object, ...]) -> tuple[object, ...]:
    """The columns before the last one, which says whether the row is whole. Raises UnreadableError."""
    *columns, is_what_was_written = row
    if not is_what_was_written:
        raise UnreadableError("it is not what was written")
    return tuple(columns)


class ForeignDatabaseError(Exception):
    """A SQLite database that another program made."""


class NewerSchemaError(Exception):
    """A file that a newer version of this program wrote; `version` is its schema's."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"schema version {version}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Raises what SQLite raises, and then nothing happened."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk may have rolled back already
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the present version. Raises NewerSchemaError, ForeignDatabaseError."""
    version = _pragma(connection, "user_version")
    has_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    if has_tables and _pragma(connection, "application_id") != APPLICATION_ID:
        raise ForeignDatabaseError("another program made this database")
    if version > len(MIGRATIONS):
        raise NewerSchemaError(version)
    for number in range(version, len(MIGRATIONS)):
        with transaction(connection):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")


def prove_writable(connection: sqlite3.Connection) -> None:
    """Write what is there already, so that a disk that takes nothing is known at the start. Raises sqlite3.Error."""
    with transaction(connection):
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
