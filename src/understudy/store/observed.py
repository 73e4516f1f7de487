"""Observed state: what the next start must know to answer what was answered before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from understudy.model.decision import Decision, RecordMemory
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthKey
from understudy.model.verdict import ProbeKey, Verdict
from understudy.store import encoding
from understudy.store.encoding import RecordKey


@frozen
class Observed:
    """Complete tables: a key that is missing is forgotten. Nobody may change them once the store has them.

    `generation` is the desired state's that these tables already reflect.
    """

    generation: int = 0
    verdicts: Mapping[ProbeKey, Verdict] = field(default_factory=dict)
    healths: Mapping[HealthKey, Health] = field(default_factory=dict)
    memories: Mapping[RecordKey, RecordMemory] = field(default_factory=dict)
    decisions: Mapping[RecordKey, Decision] = field(default_factory=dict)


@frozen
class _Codec:
    """How the rows of one table of Observed are written and read."""

    encode_key: Callable[[Any], str]
    decode_key: Callable[[str], Any]
    encode: Callable[[Any], str]
    decode: Callable[[str], Any]


_CODECS = {
    "verdicts": _Codec(
        encoding.encode_probe_key, encoding.decode_probe_key, encoding.encode_verdict, encoding.decode_verdict
    ),
    "healths": _Codec(
        encoding.encode_health_key, encoding.decode_health_key, encoding.encode_health, encoding.decode_health
    ),
    "memories": _Codec(
        encoding.encode_record_key, encoding.decode_record_key, encoding.encode_memory, encoding.decode_memory
    ),
    "decisions": _Codec(
        encoding.encode_record_key, encoding.decode_record_key, encoding.encode_decision, encoding.decode_decision
    ),
}
_GENERATION = ("generation", "")


@dataclass(slots=True)
class _Saved:
    """A row that is on disk, and the value that it was last seen to hold."""

    value: object
    key: str
    document: str


_Tables: TypeAlias = dict[str, dict[Any, _Saved]]
_RowName: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Changes:
    """What a save writes to bring the disk to `tables`.

    `changed` are rows with their new values and documents, `gone` keys of the tables.
    """

    generation: int
    tables: dict[str, Mapping[Any, object]] = field(default_factory=dict)
    added: _Tables = field(default_factory=lambda: {kind: {} for kind in _CODECS})
    changed: list[tuple[_Saved, _Saved]] = field(default_factory=list)
    gone: list[tuple[str, Any, str]] = field(default_factory=list)
    upserts: list[tuple[str, str, str]] = field(default_factory=list)
    deletes: list[_RowName] = field(default_factory=list)


class Ledger:
    """Knows what is on disk, so that a save writes only what differs.

    Comparing costs one look-up for each key, because that is most of the work for 10,000 endpoints; none for a table
    that is the very same as in the last save.
    """

    def __init__(self, generation: int = 0, saved: _Tables | None = None, unreadable: Sequence[_RowName] = ()) -> None:
        self._saved: _Tables = saved or {kind: {} for kind in _CODECS}
        self._generation = generation
        self._unreadable = tuple(unreadable)
        self._tables: dict[str, Mapping[Any, object]] = {}

    def compare(self, observed: Observed) -> Changes:
        """What must be written to bring the disk to `observed`."""
        changes = Changes(observed.generation, deletes=list(self._unreadable))
        for kind in _CODECS:
            table = changes.tables[kind] = getattr(observed, kind)
            if table is self._tables.get(kind):
                continue
            known = self._compare_table(changes, kind, table)
            if known < len(self._saved[kind]):
                gone = [(kind, key, row.key) for key, row in self._saved[kind].items() if key not in table]
                changes.gone.extend(gone)
                changes.deletes.extend((kind, row_key) for _, _, row_key in gone)
        if observed.generation != self._generation:
            changes.upserts.append((*_GENERATION, str(observed.generation)))
        return changes

    def confirm(self, changes: Changes) -> None:
        """Note that `changes` are on disk."""
        for kind, key, _ in changes.gone:
            del self._saved[kind][key]
        for row, new in changes.changed:
            row.value, row.document = new.value, new.document
        for kind, rows in changes.added.items():
            self._saved[kind].update(rows)
        self._tables = changes.tables
        self._generation = changes.generation
        self._unreadable = ()

    def _compare_table(self, changes: Changes, kind: str, table: Mapping[Any, object]) -> int:
        """Note what is new or different in one table; returns how many of its keys are on disk already."""
        codec, before = _CODECS[kind], self._saved[kind]
        added = changes.added[kind]
        for key, value in table.items():
            row = before.get(key)
            if row is None:
                new = added[key] = _Saved(value, codec.encode_key(key), codec.encode(value))
                changes.upserts.append((kind, new.key, new.document))
            elif row.value is not value:
                new = _Saved(value, row.key, codec.encode(value))
                changes.changed.append((row, new))
                if new.document != row.document:
                    changes.upserts.append((kind, new.key, new.document))
        return len(table) - len(added)


def write_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Save; belongs into a transaction."""
    connection.executemany("DELETE FROM observed WHERE kind = ? AND key = ?", changes.deletes)
    connection.executemany(
        "REPLACE INTO observed (kind, key, document, checksum) VALUES (?1, ?2, ?3, checksum(?1, ?2, ?3))",
        changes.upserts,
    )


@frozen
class LoadedTables:
    """What was saved last, the ledger that knows it, and how many rows were skipped because nobody can read them."""

    observed: Observed
    ledger: Ledger
    unreadable: int


def load_observed(connection: sqlite3.Connection) -> LoadedTables:
    """Read the tables; rows that cannot be read are skipped, counted, and removed by the next save."""
    saved: _Tables = {kind: {} for kind in _CODECS}
    generation = 0
    unreadable: list[_RowName] = []
    rows = connection.execute("SELECT kind, key, document, is_whole FROM checked_observed")
    for kind, key, document, is_what_was_written in rows:
        if not is_what_was_written:
            unreadable.append((kind, key))
            continue
        try:
            if (kind, key) == _GENERATION:
                generation = int(document)
            else:
                codec = _CODECS[kind]
                saved[kind][codec.decode_key(key)] = _Saved(codec.decode(document), key, document)
        except (KeyError, ValueError):
            unreadable.append((kind, key))
    encoding.forget_seen()
    tables = {kind: {key: row.value for key, row in rows.items()} for kind, rows in saved.items()}
    observed = Observed(generation, **tables)  # type: ignore[arg-type]  # each codec makes what its table holds
    return LoadedTables(observed, Ledger(generation, saved, unreadable), len(unreadable))
