"""The log in its table, and a snapshot of its fold so that a start reads little."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

from understudy.model.instant import Instant
from understudy.model.log import EntryKind, LogEntry
from understudy.model.name import Name, NameSyntaxError
from understudy.model.override import Override
from understudy.model.promotion import Promotion
from understudy.store.desired import Desired, LoadedConfiguration, apply, skip
from understudy.store.encoding import UnreadableError, check_row, decode_json, encode_json
from understudy.store.schema import require_whole

SNAPSHOT_EVERY = 256
"""Chosen: a start folds at most as many entries, which takes milliseconds."""

_COLUMNS = "SELECT generation, at, author, reason, kind, body, is_whole FROM checked_log"


class _ConfigurationPart(msgspec.Struct, frozen=True):
    text: str
    digest: str
    generation: int
    loaded_at: Instant


class _PromotionPart(msgspec.Struct, frozen=True):
    zone: str
    author: str
    reason: str
    at: Instant


class _SnapshotDocument(msgspec.Struct, frozen=True, tag_field="v", tag=1):
    generation: int
    configuration: _ConfigurationPart | None
    overrides: tuple[Override, ...]
    unreadable: int
    promotions: tuple[_PromotionPart, ...] = ()  # none in what an earlier version wrote


def encode_desired(desired: Desired) -> str:
    """A snapshot of the fold."""
    loaded = desired.configuration
    part = None
    if loaded is not None:
        part = _ConfigurationPart(loaded.text, loaded.digest, loaded.generation, loaded.loaded_at)
    overrides = tuple(desired.overrides.values())
    promotions = tuple(
        _PromotionPart(str(each.origin), each.author, each.reason, each.at) for each in desired.promotions.values()
    )
    return encode_json(_SnapshotDocument(desired.generation, part, overrides, desired.unreadable, promotions))


def decode_desired(text: str | bytes) -> Desired:
    """The snapshot that `encode_desired` wrote. Raises UnreadableError."""
    try:
        seen = msgspec.json.decode(text, type=_SnapshotDocument)
        promotions = [Promotion(Name.parse(each.zone), each.author, each.reason, each.at) for each in seen.promotions]
    except (msgspec.MsgspecError, NameSyntaxError, UnicodeError, TypeError) as error:
        raise UnreadableError(f"not understood: {error}") from None
    loaded = None
    if seen.configuration is not None:
        part = seen.configuration
        loaded = LoadedConfiguration(part.text, part.digest, part.generation, part.loaded_at)
    return Desired(
        seen.generation,
        loaded,
        {override.id: override for override in seen.overrides},
        seen.unreadable,
        {promotion.origin: promotion for promotion in promotions},
    )


def insert_entries(connection: sqlite3.Connection, entries: Iterable[LogEntry]) -> None:
    """Add entries; belongs into a transaction."""
    connection.executemany(
        """INSERT INTO log (generation, at, author, reason, kind, body, checksum)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, checksum(?1, ?2, ?3, ?4, ?5, ?6))""",
        (
            (entry.generation, entry.at, entry.author, entry.reason, str(entry.kind), encode_json(entry.body))
            for entry in entries
        ),
    )


def select_entries(connection: sqlite3.Connection, after: int, limit: int) -> tuple[LogEntry, ...]:
    """Entries by generation; those that cannot be read are left out (`load_desired` counts them)."""
    rows = connection.execute(f"{_COLUMNS} WHERE generation > ? ORDER BY generation LIMIT ?", (after, limit))
    return tuple(_readable(rows))


def select_releases(connection: sqlite3.Connection, after: int) -> tuple[LogEntry, ...]:
    """Entries of kind RELEASE by generation."""
    rows = connection.execute(
        f"{_COLUMNS} WHERE generation > ? AND kind = ? ORDER BY generation", (after, str(EntryKind.RELEASE))
    )
    return tuple(_readable(rows))


def save_snapshot(connection: sqlite3.Connection, desired: Desired) -> None:
    """Replace the snapshot; belongs into a transaction."""
    connection.execute(
        "REPLACE INTO snapshot (one, document, checksum) VALUES (1, ?1, checksum(?1))", (encode_desired(desired),)
    )


def load_desired(connection: sqlite3.Connection) -> Desired:
    """The fold of the log: of the snapshot if it can be read, and of every entry after it."""
    desired = load_snapshot(connection)
    for row in connection.execute(f"{_COLUMNS} WHERE generation > ? ORDER BY generation", (desired.generation,)):
        generation = int(row[0])
        if generation > desired.generation + 1:
            desired = skip(desired, generation - 1)
        try:
            desired = apply(desired, _entry(row))
        except UnreadableError:
            desired = skip(desired, generation)
    return desired


def load_snapshot(connection: sqlite3.Connection) -> Desired:
    """The state that was saved as a whole, if it can be read: else the one that every log begins with."""
    row = connection.execute("SELECT document FROM checked_snapshot WHERE is_whole").fetchone()
    (last,) = connection.execute("SELECT max(generation) FROM log").fetchone()
    if row is None:
        return Desired()
    try:
        desired = decode_desired(row[0])
    except UnreadableError:
        return Desired()
    return desired if desired.generation <= (last or 0) else Desired()  # a log that is older than its fold wins


def _readable(rows: Iterable[tuple[object, ...]]) -> Iterator[LogEntry]:
    for row in rows:
        try:
            yield _entry(row)
        except UnreadableError:
            continue


def _entry(row: tuple[object, ...]) -> LogEntry:
    columns = require_whole(row)
    generation, at, author, reason, kind, body = check_row(columns, tuple[int, float, str, str, EntryKind, str])
    return LogEntry(generation, at, author, reason, kind, decode_json(body))
