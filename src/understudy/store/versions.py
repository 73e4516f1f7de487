"""The versions of zones that were handed to secondaries: a bounded history for each zone, and whether it is whole."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path

from understudy.model.frozen import frozen
from understudy.model.name import Name, NameSyntaxError
from understudy.model.version import ZoneVersion
from understudy.store.encoding import UnreadableError, check_row
from understudy.store.schema import require_whole

HISTORY_OCTETS = 16 * 1024 * 1024
"""Chosen: differences kept of one zone; a hundred thousand failovers, or the whole of a zone with 400,000 names."""
MARK_NAME = "versions-on-disk"
SIGNS = Path("/dev/shm")  # noqa: S108  # memory that outlives a process; what others make there is not heeded


class VersionsKept(StrEnum):
    """What a start may think of the versions that the store has."""

    NONE = "none"  # nothing was ever published
    WHOLE = "whole"  # the last one is the last that anybody has seen
    DOUBTFUL = "doubtful"  # later ones may have been seen that were never written


@frozen
class WaitingVersions:
    """Versions that are not on disk, and whoever waits for them."""

    versions: tuple[ZoneVersion, ...]
    since: float
    outcome: Future[None] = field(default_factory=Future)

    @property
    def octets(self) -> int:
        """What the differences cost while they wait."""
        return sum(len(version.difference) for version in self.versions)


class VersionMark:
    """A file beside the database that says: every version that went out is in the database, up to this number.

    A disk that is full takes no row that says that one is missing, but it always lets a file be deleted. Where it does
    not, because it can only be read, a file in memory says that the mark is void. A database that does not go up to the
    number was restored from a backup (ADR 0021).
    """

    def __init__(self, folder: Path | None) -> None:
        """None: there is no disk, and nothing is ever whole."""
        self._path = None if folder is None else folder / MARK_NAME
        self._void = None if folder is None else _sign_of(folder)

    @property
    def is_set(self) -> bool:
        """Whether all versions are on disk."""
        return self._path is not None and self._path.exists() and not _is_own_file(self._void)

    @property
    def number(self) -> int:
        """That of the newest version when it was set last; 0: not known. After a power cut it may be an older one."""
        with suppress(OSError, ValueError):
            return int(self._path.read_bytes()) if self._path is not None else 0
        return 0

    def set(self, number: int) -> None:
        """All are, again or from now on; a disk that has no room for the file leaves the doubt."""
        if self._path is None or self._void is None:
            return
        with suppress(OSError):
            is_new = not self._path.exists()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode=0o600)
            try:
                if is_new:
                    _sync(self._path.parent)
                os.pwrite(descriptor, f"{number:020}\n".encode(), 0)
            finally:
                os.close(descriptor)
            self._void.unlink(missing_ok=True)

    def clear(self) -> None:
        """A version is about to be seen that is not on disk."""
        if self._path is None or self._void is None or not self._path.exists():
            return
        try:
            self._path.unlink()
            _sync(self._path.parent)
        except OSError:
            with suppress(OSError):
                os.close(os.open(self._void, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode=0o600))


def _sign_of(folder: Path) -> Path:
    """Where something about a folder is said that cannot be written there; a restart of the host forgets it."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    return SIGNS / f"understudy-{os.geteuid()}-{digest[:16]}"


def _is_own_file(path: Path | None) -> bool:
    """Whether it is there, and nobody else has made it: anybody may write where it is."""
    try:
        return path is not None and path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def judge(connection: sqlite3.Connection, mark: VersionMark, *, is_lost: bool) -> VersionsKept:
    """What this start may think; `is_lost`: the database is no file, or not the one of the last run."""
    newest = newest_number(connection)
    if is_lost or bool(newest) != mark.is_set or newest < mark.number:
        return VersionsKept.DOUBTFUL
    return VersionsKept.WHOLE if newest else VersionsKept.NONE


def count_lost(connection: sqlite3.Connection, mark: VersionMark) -> int:
    """How many versions went out that a database from a backup does not have; 0: none, or that is not known."""
    newest = newest_number(connection)
    return max(0, mark.number - newest) if newest else 0


def newest_number(connection: sqlite3.Connection) -> int:
    """The number of the newest version of all zones, which only grows; 0: there is none."""
    (newest,) = connection.execute("SELECT max(number) FROM version").fetchone()
    return newest or 0


def insert_versions(connection: sqlite3.Connection, versions: Iterable[ZoneVersion]) -> None:
    """Add versions, and forget what is too much of each zone; belongs into a transaction."""
    bounded = [_bounded(version) for version in versions]
    for version in bounded:
        zone = str(version.origin)
        added = connection.execute(
            """INSERT INTO version (zone, serial, at, digest, before, difference, checksum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, checksum(?1, ?2, ?3, ?4, ?5, ?6))""",
            (zone, version.serial, version.at, version.digest, version.before, version.difference),
        )
        if version.before is None:  # what leads nowhere is of no use; afterwards, so that no number comes again
            connection.execute("DELETE FROM version WHERE zone = ? AND number < ?", (zone, added.lastrowid))
    for zone in {str(version.origin) for version in bounded}:
        _prune(connection, zone)


def _bounded(version: ZoneVersion) -> ZoneVersion:
    return version if len(version.difference) <= HISTORY_OCTETS else replace(version, before=None, difference=b"")


def _prune(connection: sqlite3.Connection, zone: str) -> None:
    """The newest stays whatever its size, because its serial is the last."""
    connection.execute(
        """DELETE FROM version WHERE zone = :zone AND number <= (
            SELECT max(number) FROM (
                SELECT number, sum(length(difference)) OVER (ORDER BY number DESC) AS octets
                FROM version WHERE zone = :zone)
            WHERE octets > :most)""",
        {"zone": zone, "most": HISTORY_OCTETS},
    )


def select_versions(connection: sqlite3.Connection, origin: Name) -> tuple[ZoneVersion, ...]:
    """The versions of a zone, oldest first; from the last one that cannot be read on."""
    rows = connection.execute(
        """SELECT zone, serial, at, digest, before, difference, is_whole FROM checked_version
           WHERE zone = ? ORDER BY number""",
        (str(origin),),
    )
    found: list[ZoneVersion] = []
    for row in rows:
        try:
            zone, serial, at, digest, before, difference = check_row(
                require_whole(row), tuple[str, int, float, bytes, int | None, bytes]
            )
            found.append(ZoneVersion(Name.parse(zone), serial, at, digest, before, difference))
        except (UnreadableError, NameSyntaxError):
            found.clear()
    return tuple(found)


def select_latest(connection: sqlite3.Connection) -> dict[Name, ZoneVersion]:
    """The last version of each zone, without its difference; those that cannot be read are left out."""
    rows = connection.execute(
        "SELECT zone, serial, at, digest FROM version WHERE number IN (SELECT max(number) FROM version GROUP BY zone)"
    )
    found: dict[Name, ZoneVersion] = {}
    for row in rows:
        with suppress(UnreadableError, NameSyntaxError):
            zone, serial, at, digest = check_row(row, tuple[str, int, float, bytes])
            found[Name.parse(zone)] = ZoneVersion(Name.parse(zone), serial, at, digest)
    return found


def merge_versions(
    stored: Sequence[ZoneVersion], waiting: Iterable[ZoneVersion], origin: Name
) -> tuple[ZoneVersion, ...]:
    """Those on disk and those not there yet as one; a version that is in both counts once."""
    late = [version for version in waiting if version.origin == origin and version not in stored]
    return (*stored, *late)
