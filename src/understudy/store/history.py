"""What happened, and what was answered when: bounded by count and age."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from understudy.model.decision import Decision
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.store.encoding import (
    RecordKey,
    UnreadableError,
    check_row,
    decode_decision,
    decode_json,
    encode_decision,
    encode_json,
    encode_record_key,
)
from understudy.store.store import EventFilter

_SEQUENCE_MAX = 2**63 - 1


@frozen
class Retention:
    """How much history is kept (chosen: a quarter of a year, and some 50 MB on disk)."""

    count: int = 100_000
    age_s: float = 90 * 86400.0


@frozen
class NumberedDecision:
    """A decision with its place in the history."""

    number: int
    decision: Decision

    @property
    def key(self) -> RecordKey:
        """Whose decision."""
        return self.decision.record, self.decision.family


def insert_events(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Add events that have their sequences; belongs into a transaction."""
    connection.executemany(
        "INSERT INTO event (sequence, at, kind, severity, subject, text, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (event.sequence, event.at, str(event.kind), str(event.severity), event.subject, event.text, detail)
            for event, detail in ((event, encode_json(event.detail)) for event in events)
        ),
    )


def insert_decisions(connection: sqlite3.Connection, decisions: Iterable[NumberedDecision]) -> None:
    """Add decisions; belongs into a transaction."""
    connection.executemany(
        "INSERT INTO decision (number, key, at, document) VALUES (?, ?, ?, ?)",
        (
            (item.number, encode_record_key(item.key), item.decision.decided_at, encode_decision(item.decision))
            for item in decisions
        ),
    )


def last_numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    """The newest event's sequence and the newest decision's number; 0 where there is none."""
    (sequence,) = connection.execute("SELECT max(sequence) FROM event").fetchone()
    (number,) = connection.execute("SELECT max(number) FROM decision").fetchone()
    return sequence or 0, number or 0


def select_events(connection: sqlite3.Connection, wanted: EventFilter, limit: int) -> tuple[Event, ...]:
    """The events that `wanted` admits, as `Store.events` says."""
    order = "DESC" if wanted.after is None else "ASC"
    rows = connection.execute(
        f"""SELECT sequence, at, kind, severity, subject, text, detail FROM event
            WHERE sequence > ? AND sequence < ? AND kind IN (SELECT value FROM json_each(?)) AND (? = '' OR subject = ?)
            ORDER BY sequence {order} LIMIT ?""",  # noqa: S608  # one of the two words above
        (
            wanted.after or 0,
            _SEQUENCE_MAX if wanted.before is None else wanted.before,
            encode_json([str(kind) for kind in wanted.kinds or EventKind]),
            wanted.subject,
            wanted.subject,
            limit,
        ),
    )
    return tuple(sorted(_readable(rows), key=lambda event: event.sequence))


def merge_events(
    stored: Iterable[Event], waiting: Iterable[Event], wanted: EventFilter, *, limit: int
) -> tuple[Event, ...]:
    """Events on disk and those not there yet as one; an event that is in both counts once."""
    merged = {event.sequence: event for event in stored}
    merged.update({event.sequence: event for event in waiting if wanted.admits(event)})
    ordered = [merged[sequence] for sequence in sorted(merged)]
    return tuple(ordered[:limit] if wanted.after is not None else ordered[max(0, len(ordered) - limit) :])


def select_decision(connection: sqlite3.Connection, key: RecordKey, instant: Instant) -> NumberedDecision | None:
    """The latest decision that was made by `instant` and can be read."""
    rows = connection.execute(
        "SELECT number, document FROM decision WHERE key = ? AND at <= ? ORDER BY at DESC, number DESC",
        (encode_record_key(key), instant),
    )
    for row in rows:
        try:
            number, document = check_row(row, tuple[int, str])
            return NumberedDecision(number, decode_decision(document))
        except UnreadableError:
            continue
    return None


def latest_decision(candidates: Iterable[NumberedDecision], key: RecordKey, instant: Instant) -> Decision | None:
    """Among decisions from several places: the latest that was made by `instant`."""
    made = [item for item in candidates if item.key == key and item.decision.decided_at <= instant]
    return max(made, key=lambda item: (item.decision.decided_at, item.number)).decision if made else None


def prune(connection: sqlite3.Connection, retention: Retention, now: Instant) -> None:
    """Forget what is too old or too much; belongs into a transaction.

    The newest event stays, so sequences never repeat. Of each record the last decision before the horizon stays,
    because it is the one that held there.
    """
    sequence, number = last_numbers(connection)
    horizon = now - retention.age_s
    connection.execute(
        "DELETE FROM event WHERE sequence < ? AND (sequence <= ? OR at < ?)",
        (sequence, sequence - retention.count, horizon),
    )
    bounds = {"number": number - retention.count, "horizon": horizon}
    connection.execute(
        """DELETE FROM decision WHERE (number <= :number OR at < :horizon) AND EXISTS (
            SELECT 1 FROM decision AS later WHERE later.key = decision.key
            AND (later.at, later.number) > (decision.at, decision.number)
            AND (later.number <= :number OR later.at < :horizon))""",
        bounds,
    )


def _readable(rows: Iterable[tuple[object, ...]]) -> Iterator[Event]:
    for row in rows:
        try:
            yield _event(row)
        except UnreadableError:
            continue


def _event(row: tuple[object, ...]) -> Event:
    columns = check_row(row, tuple[int, float, EventKind, Severity, str, str, str])
    sequence, at, kind, severity, subject, text, detail = columns
    return Event(at, kind, subject, text, severity, decode_json(detail), sequence)
