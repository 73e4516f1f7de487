"""The one thread that writes."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

from understudy.clock.clock import Clock
from understudy.model.errors import InvariantError, StoreError, UnderstudyError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.store.backlog import Backlog, Batch, Pace
from understudy.store.faults import from_os, from_sqlite
from understudy.store.history import Retention, insert_decisions, insert_events, prune
from understudy.store.home import Home
from understudy.store.log import SNAPSHOT_EVERY, insert_entries, save_snapshot
from understudy.store.observed import Ledger, write_changes
from understudy.store.schema import transaction
from understudy.store.versions import insert_versions, newest_number

PRUNE_EVERY = 1000
"""Chosen: rows of history between two prunings; a hundredth of what is kept."""
PRUNE_EVERY_S = 3600.0
"""Chosen: the age bound needs no more."""
RENEWAL_TOLD_S = 3600.0
"""Chosen: long enough to be seen by whoever deleted the file, or looks after the host."""


@frozen
class WriterSettings:
    """What the writer goes by, and whom it tells when the disk refuses and when it works again."""

    pace: Pace
    retention: Retention
    notify: Callable[[Event], None]


@frozen
class Renewal:
    """When the database was written anew because its file was lost, and what is said of it."""

    text: str = ""
    at: Instant = 0.0


class Writer:
    """Group commit: whatever waits while one transaction is on its way to the disk becomes the next one."""

    def __init__(self, home: Home, backlog: Backlog, ledger: Ledger, *, settings: WriterSettings, clock: Clock) -> None:
        self._home = home
        self._renewed = Renewal()
        self._backlog = backlog
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._retry_s = settings.pace.retry_first_s
        self._snapshot_generation = backlog.desired.generation
        self._unpruned = PRUNE_EVERY
        self._pruned_at = self._tried_at = time.monotonic()

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._home.connection

    def renewed(self) -> str:
        """What is to be known of a database that was lost within the last hour; may be asked from any thread."""
        renewal = self._renewed
        return renewal.text if self._clock.now() < renewal.at + RENEWAL_TOLD_S else ""

    def run(self) -> None:
        """Write until the backlog is closed and empty, or closed and the disk refuses."""
        try:
            while (batch := self._backlog.take()) is not None:
                if not self._write(batch) and batch.is_closing:
                    break
            with suppress(sqlite3.Error):  # a start without a snapshot folds more, and loses nothing
                self._save_snapshot()
            if self._backlog.is_empty:
                self._return(is_last=True)
        except Exception as error:  # noqa: BLE001  # the top of the thread: whoever waits must hear of it
            self._give_up(InvariantError(f"the store's writer failed: {error!r}", code="store.writer"))
        finally:
            self._connection.close()

    def _write(self, batch: Batch) -> bool:
        try:
            self._renew_if_lost()
            self._write_news(batch)
            self._write_observed(batch)
            self._tidy()
            self._return()
        except sqlite3.Error as error:
            self._refuse(batch, from_sqlite(error, self._home.path))
            return False
        except OSError as error:
            self._refuse(batch, from_os(error, self._home.path))
            return False
        except StoreError as error:  # another server took the folder while its lock was gone
            self._refuse(batch, error)
            return False
        self._retry_s = self._settings.pace.retry_first_s
        if self._backlog.confirm(batch):
            self._tell(Severity.INFO, "the disk takes the state again; everything that waited is written")
        return True

    def _return(self, *, is_last: bool = False) -> None:
        """From memory to the folder that could not be used at the start, if it can be now. Everything is written."""
        every_s = self._settings.pace.return_every_s
        is_due = is_last or time.monotonic() >= self._tried_at + every_s
        if not (self._home.volatile and is_due and every_s < math.inf):
            return
        try:
            set_aside = self._home.move_in(self._clock.now())
        except StoreError:  # it stays as it is, which is an alarm already
            self._tried_at = time.monotonic()
            return
        text = f"{self._home.path} can be written again; it has the state now, with everything since the start"
        text += f"; a damaged one that stood there is {set_aside}" if set_aside else ""
        self._tell(Severity.INFO, text)

    def _renew_if_lost(self) -> None:
        if not self._home.is_lost:
            return
        now = self._clock.now()
        stranger = self._home.renew(now)
        text = (
            f"{self._home.path} was deleted or replaced under the running server; it is written again, nothing is lost"
        )
        text += f"; what stood in its place is {stranger}" if stranger else ""
        self._renewed = Renewal(text, now)
        self._tell(Severity.ALARM, text)

    def _write_news(self, batch: Batch) -> None:
        if batch.entries or batch.events or batch.decisions or batch.versions:
            with transaction(self._connection):
                insert_entries(self._connection, batch.entries)
                insert_events(self._connection, batch.events)
                insert_decisions(self._connection, batch.decisions)
                insert_versions(self._connection, (each for part in batch.versions for each in part.versions))
            if batch.versions:
                self._home.mark.set(newest_number(self._connection))
            self._unpruned += len(batch.events) + len(batch.decisions)
            self._backlog.confirm_written(batch)

    def _write_observed(self, batch: Batch) -> None:
        if batch.observed is None:
            return
        changes = self._ledger.compare(batch.observed)
        if changes.upserts or changes.deletes:
            with transaction(self._connection):
                write_changes(self._connection, changes)
        self._ledger.confirm(changes)
        self._backlog.confirm_observed(batch)

    def _tidy(self) -> None:
        if self._backlog.desired.generation >= self._snapshot_generation + SNAPSHOT_EVERY:
            self._save_snapshot()
        now = time.monotonic()
        if self._unpruned >= PRUNE_EVERY or now >= self._pruned_at + PRUNE_EVERY_S:
            with transaction(self._connection):
                prune(self._connection, self._settings.retention, self._clock.now())
            self._unpruned = 0
            self._pruned_at = now

    def _save_snapshot(self) -> None:
        desired = self._backlog.desired
        if desired.generation > self._snapshot_generation:
            with transaction(self._connection):
                save_snapshot(self._connection, desired)
            self._snapshot_generation = desired.generation

    def _refuse(self, batch: Batch, error: UnderstudyError) -> None:
        retry_s = self._retry_s
        self._retry_s = min(2 * retry_s, self._settings.pace.retry_max_s)
        if batch.versions:
            self._home.mark.clear()  # before anybody goes on and lets them be seen
        if self._backlog.refuse(batch, error, retry_s):
            self._tell(Severity.ALARM, f"state is kept in memory only: {error.message}")

    def _give_up(self, error: UnderstudyError) -> None:
        """A fault of ours: the server goes on without a store that can be written."""
        self._tell(Severity.ALARM, error.message)
        self._home.mark.clear()
        self._backlog.abandon(error)

    def _tell(self, severity: Severity, text: str) -> None:
        kind = EventKind.ALARM if severity is Severity.ALARM else EventKind.SERVICE
        event = Event(self._clock.now(), kind, "store", text, severity)
        with suppress(UnderstudyError):  # a closed backlog takes no event, but whoever listens still hears it
            (event,) = self._backlog.add_events((event,))
        with suppress(RuntimeError):  # an event loop that has ended hears nothing
            self._settings.notify(event)
