"""Observed state: what the next start must know to answer what was answered before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from understudy.model.decision import Decision, RecordMemory
from understudy.model.health import Health, HealthKey
from understudy.model.verdict import ProbeKey, Verdict
from understudy.store import encoding
from understudy.store.encoding import RecordKey


@dataclass(frozen=True, slots=True)
class Observed:
    """Complete tables: a key that is missing is forgotten. Nobody may change them once the store has them.

    `generation` is the desired state's that these tables already reflect.
    """

    generation: int = 0
    verdicts: Mapping[ProbeKey, Verdict] = field(default_factory=dict)
    healths: Mapping[HealthKey, Health] = field(default_factory=dict)
    memories: Mapping[RecordKey, RecordMemory] = field(default_factory=dict)
    decisions: Mapping[RecordKey, Decision] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class _Saved:
    """A value as it was seen last, and its row."""

    value: object
    key: str
    document: str


_Tables: TypeAlias = dict[str, dict[Any, _Saved]]
_RowName: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a save writes; `saved` is what is on disk once that happened."""

    upserts: tuple[tuple[str, str, str], ...]
    deletes: tuple[_RowName, ...]
    generation: int
    saved: _Tables


class Ledger:
    """Knows what is on disk, so that a save writes only what differs."""

    def __init__(self, generation: int = 0, saved: _Tables | None = None, unreadable: Sequence[_RowName] = ()) -> None:
        self._saved: _Tables = saved or {kind: {} for kind in _CODECS}
        self._generation = generation
        self._unreadable = tuple(unreadable)

    def compare(self, observed: Observed) -> Changes:
        """What must be written to bring the disk to `observed`."""
        saved: _Tables = {}
        upserts: list[tuple[str, str, str]] = []
        deletes: list[_RowName] = list(self._unreadable)
        for kind, codec in _CODECS.items():
            before = self._saved[kind]
            saved[kind] = {key: _row(codec, key, value, before) for key, value in getattr(observed, kind).items()}
            for key, row in saved[kind].items():
                if key not in before or before[key].document != row.document:
                    upserts.append((kind, row.key, row.document))
            deletes.extend((kind, row.key) for key, row in before.items() if key not in saved[kind])
        if observed.generation != self._generation:
            upserts.append((*_GENERATION, str(observed.generation)))
        return Changes(tuple(upserts), tuple(deletes), observed.generation, saved)

    def confirm(self, changes: Changes) -> None:
        """Note that `changes` are on disk."""
        self._saved = changes.saved
        self._generation = changes.generation
        self._unreadable = ()


def _row(codec: _Codec, key: object, value: object, before: Mapping[Any, _Saved]) -> _Saved:
    known = before.get(key)
    if known is None:
        return _Saved(value, codec.encode_key(key), codec.encode(value))
    if known.value is value:
        return known
    return _Saved(value, known.key, codec.encode(value))


def write_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Save; belongs into a transaction."""
    connection.executemany("DELETE FROM observed WHERE kind = ? AND key = ?", changes.deletes)
    connection.executemany("REPLACE INTO observed (kind, key, document) VALUES (?, ?, ?)", changes.upserts)


@dataclass(frozen=True, slots=True)
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
    for kind, key, document in connection.execute("SELECT kind, key, document FROM observed"):
        try:
            if (kind, key) == _GENERATION:
                generation = int(document)
            else:
                codec = _CODECS[kind]
                saved[kind][codec.decode_key(key)] = _Saved(codec.decode(document), key, document)
        except (KeyError, ValueError):
            unreadable.append((kind, key))
    tables = {kind: {key: row.value for key, row in rows.items()} for kind, rows in saved.items()}
    observed = Observed(generation, **tables)  # type: ignore[arg-type]  # each codec makes what its table holds
    return LoadedTables(observed, Ledger(generation, saved, unreadable), len(unreadable))
