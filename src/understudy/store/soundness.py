"""Rows that the disk gives back with other content than was written: found at a start, kept in a copy, taken out.

SQLite finds what is wrong with the order of its pages, not with what stands in them (ADR 0040).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from understudy.model.frozen import frozen
from understudy.model.plural import plural
from understudy.store.desired import Desired
from understudy.store.log import load_snapshot, save_snapshot
from understudy.store.schema import transaction


@frozen
class Findings:
    """`versions` are the numbers of those that are not what was written.

    `observed` counts the rows of tables, `entries` those of the log that nobody had counted before.
    """

    is_index_wrong: bool = False
    versions: tuple[int, ...] = ()
    observed: int = 0
    entries: int = 0

    @property
    def is_version_lost(self) -> bool:
        """Whether the last serial of some zone may not be known."""
        return bool(self.versions)

    def __bool__(self) -> bool:
        return self.is_index_wrong or bool(self.versions) or bool(self.observed) or bool(self.entries)


def look_at_rows(connection: sqlite3.Connection, desired: Desired) -> Findings:
    """What a start must not go by; `desired` is what the log was understood to say.

    All versions are looked at only where the last one of a zone, or the index that finds it, is damaged.
    """
    (verdict, *_more) = connection.execute("PRAGMA integrity_check(version)").fetchone()
    is_index_wrong = verdict != "ok"
    (damaged,) = connection.execute(
        """SELECT count(*) FROM checked_version
           WHERE number IN (SELECT max(number) FROM version GROUP BY zone) AND NOT is_whole"""
    ).fetchone()
    versions: tuple[int, ...] = ()
    if damaged or is_index_wrong:
        rows = connection.execute("SELECT number FROM checked_version WHERE NOT is_whole")
        versions = tuple(number for (number,) in rows)
    (observed,) = connection.execute("SELECT count(*) FROM checked_observed WHERE NOT is_whole").fetchone()
    entries = desired.unreadable - load_snapshot(connection).unreadable
    return Findings(is_index_wrong, versions, observed, max(0, entries))


def explain(findings: Findings) -> str:
    """What an operator should know of it."""
    if not findings.is_version_lost:
        return "what finds the versions of zones was made anew from them"
    what = plural(len(findings.versions), "version")
    return f"{what} of zones {'is' if len(findings.versions) == 1 else 'are'} left out, and all zones skip serials"


def copy_aside(connection: sqlite3.Connection, target: Path) -> None:
    """The database as it is, for whoever wants to look. Raises sqlite3.Error."""
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def take_out(connection: sqlite3.Connection, findings: Findings, desired: Desired) -> None:
    """Have nobody find these rows again; what the log says is kept as it was understood. Raises sqlite3.Error."""
    with transaction(connection):
        if findings.is_index_wrong:  # first: SQLite deletes no row that its index does not have
            connection.execute("REINDEX version_by_zone")
        connection.executemany("DELETE FROM version WHERE number = ?", ((number,) for number in findings.versions))
        connection.execute(
            "DELETE FROM observed WHERE (kind, key) IN (SELECT kind, key FROM checked_observed WHERE NOT is_whole)"
        )
        save_snapshot(connection, desired)
