"""The store of a single server: SQLite in its state folder."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from understudy.clock.clock import Clock
from understudy.model.decision import Decision
from understudy.model.errors import StoreError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.log import LogEntry
from understudy.model.name import Name
from understudy.model.plural import plural
from understudy.model.version import ZoneVersion
from understudy.store.backlog import Backlog, Pace, Position
from understudy.store.database import Database, FolderLock, open_database
from understudy.store.desired import Desired
from understudy.store.draft import Draft
from understudy.store.encoding import RecordKey
from understudy.store.faults import from_sqlite
from understudy.store.history import (
    Retention,
    last_numbers,
    latest_decision,
    merge_events,
    select_decision,
    select_events,
)
from understudy.store.home import Home
from understudy.store.log import load_desired, select_entries, select_releases
from understudy.store.observed import LoadedTables, Observed, load_observed
from understudy.store.soundness import Findings, explain, look_at_rows
from understudy.store.store import ENTRIES_LIMIT, EVENTS_LIMIT, EventFilter, Start, StoreStatistics
from understudy.store.versions import VersionMark, count_lost, judge, merge_versions, select_latest, select_versions
from understudy.store.volatile import open_in_memory
from understudy.store.writer import Writer, WriterSettings

P = ParamSpec("P")
T = TypeVar("T")

LOCKED = "store.locked"
"""The one refusal that a server must not work around."""


@frozen
class _Loaded:
    """Everything that a start reads."""

    desired: Desired
    tables: LoadedTables
    releases: tuple[LogEntry, ...]
    position: Position
    findings: Findings


def open_store(
    state_dir: Path,
    clock: Clock,
    *,
    notify: Callable[[Event], None] = lambda _event: None,
    pace: Pace | None = None,
    retention: Retention | None = None,
) -> SqliteStore:
    """Open the state folder, making it if need be, and hold it until `close`. Raises StoreError.

    `notify` hears, on the writer's thread, that the disk refuses or works again; those events are in the history
    already. It must return quickly.
    """
    lock = FolderLock(state_dir)
    try:
        database = open_database(state_dir, clock.now(), _load)
        try:
            home = Home(database, lock)
        except sqlite3.Error as error:
            database.connection.close()
            raise from_sqlite(error, database.path) from error
    except BaseException:
        lock.release()
        raise
    settings = WriterSettings(pace or Pace(), retention or Retention(), notify)
    return SqliteStore(home, database, clock=clock, settings=settings)


def open_any_store(
    state_dir: Path,
    clock: Clock,
    *,
    notify: Callable[[Event], None] = lambda _event: None,
    pace: Pace | None = None,
) -> SqliteStore:
    """As `open_store`, but a folder that cannot be used costs durability and nothing else (semantics 5.5).

    Raises StoreError only where another server has the folder: two that answer from one state would be no server.
    """
    try:
        return open_store(state_dir, clock, notify=notify, pace=pace)
    except StoreError as error:
        if error.code == LOCKED:
            raise
        return open_volatile_store(state_dir, clock, error, notify=notify, pace=pace)


def open_volatile_store(
    state_dir: Path,
    clock: Clock,
    reason: StoreError,
    *,
    notify: Callable[[Event], None] = lambda _event: None,
    pace: Pace | None = None,
) -> SqliteStore:
    """A store in memory, beginning with what can be read of the folder; `reason` is why it is not in the folder.

    It moves there by itself as soon as the folder can be used.
    """
    lock = _try_lock(state_dir)
    VersionMark(state_dir).clear()  # nothing that goes out from now on will be in that folder
    database, exile = open_in_memory(state_dir, _load)
    settings = WriterSettings(pace or Pace(), Retention(), notify)
    return SqliteStore(Home(database, lock, (exile, reason)), database, clock=clock, settings=settings)


def _try_lock(state_dir: Path) -> FolderLock | None:
    """Keep other servers out of a folder that may be usable again later. Raises StoreError if one has it."""
    try:
        return FolderLock(state_dir)
    except StoreError as error:
        if error.code == LOCKED:
            raise
        return None


def _load(connection: sqlite3.Connection) -> _Loaded:
    desired = load_desired(connection)
    tables = load_observed(connection)
    releases = select_releases(connection, tables.observed.generation)
    position = Position(*last_numbers(connection))
    return _Loaded(desired, tables, releases, position, look_at_rows(connection, desired))


class SqliteStore:
    """`Store` on SQLite; made by `open_store`. One thread writes, one reads, one waits for what is being written."""

    def __init__(self, home: Home, database: Database[_Loaded], *, clock: Clock, settings: WriterSettings) -> None:
        loaded, now = database.loaded, clock.now()
        kept_as, is_version_lost = home.take_out(loaded.findings, loaded.desired, now), loaded.findings.is_version_lost
        lost = home.read(count_lost, home.mark)
        self._home = home
        self._backlog = Backlog(loaded.desired, loaded.position, settings.pace)
        self._start = Start(
            loaded.desired,
            loaded.tables.observed,
            loaded.releases,
            loaded.tables.unreadable + loaded.desired.unreadable,
            self._backlog.add_events(_alarms(database, now, lost, kept_as=kept_as)),
            home.read(judge, home.mark, is_lost=is_version_lost or bool(home.volatile or database.set_aside)),
            home.read(select_latest),
            lost,
        )
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._waiting = ThreadPoolExecutor(1, thread_name_prefix="store-waiter")
        self._writer = Writer(home, self._backlog, loaded.tables.ledger, settings=settings, clock=clock)
        self._writing = threading.Thread(target=self._writer.run, name="store-writer")
        self._writing.start()
        self._is_closed = False

    @property
    def start(self) -> Start:
        """What was there when it was opened."""
        return self._start

    @property
    def desired(self) -> Desired:
        """The desired state now."""
        return self._backlog.desired

    async def append(self, draft: Draft, *, expected_generation: int) -> LogEntry:
        """As `Store.append`."""
        return await self._wait(self._backlog.add_entry(draft, expected_generation))

    async def entries(self, *, after: int = 0, limit: int = ENTRIES_LIMIT) -> tuple[LogEntry, ...]:
        """As `Store.entries`."""
        waiting = {entry.generation: entry for entry in self._backlog.waiting_entries() if entry.generation > after}
        stored = {entry.generation: entry for entry in await self._read(select_entries, after, limit)}
        merged = stored | waiting
        return tuple(merged[generation] for generation in sorted(merged)[:limit])

    def add_events(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """As `Store.add_events`."""
        return self._backlog.add_events(events)

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """As `Store.add_decisions`."""
        self._backlog.add_decisions(decisions)

    def observe(self, observed: Observed) -> None:
        """As `Store.observe`."""
        self._backlog.observe(observed)

    async def events(self, wanted: EventFilter | None = None, *, limit: int = EVENTS_LIMIT) -> tuple[Event, ...]:
        """As `Store.events`."""
        wanted = wanted or EventFilter()
        waiting = self._backlog.waiting_events()  # first: what reaches the disk meanwhile is then seen twice, not never
        stored = await self._read(select_events, wanted, limit)
        return merge_events(stored, waiting, wanted, limit=limit)

    async def decision_at(self, key: RecordKey, instant: Instant) -> Decision | None:
        """As `Store.decision_at`."""
        waiting = self._backlog.waiting_decisions()
        stored = await self._read(select_decision, key, instant)
        return latest_decision((*waiting, *([stored] if stored else [])), key, instant)

    async def add_versions(self, versions: Sequence[ZoneVersion]) -> None:
        """As `Store.add_versions`."""
        await self._wait(self._backlog.add_versions(versions))

    async def versions(self, origin: Name) -> tuple[ZoneVersion, ...]:
        """As `Store.versions`."""
        waiting = self._backlog.waiting_versions()
        return merge_versions(await self._read(select_versions, origin), waiting, origin)

    async def flush(self) -> None:
        """As `Store.flush`."""
        await self._wait(self._backlog.flush())

    def statistics(self) -> StoreStatistics:
        """How the writing goes."""
        return replace(self._backlog.statistics(), volatile=self._home.volatile, renewed=self._writer.renewed())

    def close(self) -> None:
        """As `Store.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        self._backlog.close()
        self._writing.join()
        self._waiting.shutdown()
        self._reading.shutdown()
        self._home.close()
        final = self.statistics()
        if not self._backlog.is_empty:
            raise StoreError(
                f"{final.queued_entries} entries and {final.queued_history} rows of history were never written: "
                f"{final.error}",
                code="store.lost",
                hint="repeat the changes that were reported as not durable",
            )

    async def _wait(self, outcome: Future[T]) -> T:
        """By a thread that the event loop knows, so that a virtual clock stands still meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._waiting, outcome.result)

    async def _read(
        self, select: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._is_closed:
            raise StoreError("the store is closed", code="store.closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._reading, lambda: self._home.read(select, *args, **kwargs)
            )
        except sqlite3.Error as error:
            raise from_sqlite(error, self._home.path) from error


def _alarms(database: Database[_Loaded], now: Instant, lost: int, *, kept_as: Path | None) -> list[Event]:
    """What somebody should look at after this start."""
    alarms = []
    if database.set_aside is not None:
        text = f"the state was damaged ({database.damage}) and is set aside as {database.set_aside}; a new one begins"
        detail = {"set_aside": str(database.set_aside), "damage": database.damage}
        alarms.append(Event(now, EventKind.ALARM, "store", text, Severity.ALARM, detail))
    unreadable = database.loaded.tables.unreadable + database.loaded.desired.unreadable
    findings = database.loaded.findings
    if findings.versions or findings.is_index_wrong:
        text = f"the database gives back what was not written; {explain(findings)}; as it was it is {kept_as or 'gone'}"
        alarms.append(Event(now, EventKind.ALARM, "store", text, Severity.ALARM, {"set_aside": str(kept_as or "")}))
    elif unreadable:
        text = f"{unreadable} parts of the stored state could not be read and were skipped"
        text += f"; the database as it was is {kept_as}" if kept_as is not None else ""
        alarms.append(Event(now, EventKind.ALARM, "store", text, Severity.WARNING, {"unreadable": unreadable}))
    if lost:
        what = f"{plural(lost, 'version')} of zones that secondaries were given"
        text = f"{database.path} is from a backup and lacks {what}: serials go on behind those"
        alarms.append(Event(now, EventKind.ALARM, "store", text, Severity.WARNING, {"lost": lost}))
    return alarms
