"""What waits for the disk: filled by the event loop, emptied by the writer's thread."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from understudy.model.decision import Decision
from understudy.model.errors import StoreError, UnderstudyError
from understudy.model.event import Event
from understudy.model.frozen import frozen
from understudy.model.log import LogEntry
from understudy.model.version import ZoneVersion
from understudy.store.desired import Desired, apply
from understudy.store.draft import Draft
from understudy.store.history import NumberedDecision
from understudy.store.intake import admit_decision, admit_draft, admit_event
from understudy.store.observed import Observed
from understudy.store.store import NotDurableError, StaleGenerationError, StoreStatistics
from understudy.store.versions import HISTORY_OCTETS, WaitingVersions

_BATCH_MAX = 5000  # chosen: history written in one transaction, some 50 ms of work


@frozen
class Pace:
    """When the writer writes. Entries of the log are written at once, together with all that waits.

    Chosen: history may wait for company since readers see it while it waits; tables are saved every couple of seconds
    so that a quiet and a busy day cost the same; retries are slow enough to cost nothing, and an operator's change
    retries at once. A folder that could not be used at the start is tried again often enough for somebody who waits
    for it, and `math.inf` is never.
    """

    linger_s: float = 0.05
    observed_every_s: float = 2.0
    retry_first_s: float = 1.0
    retry_max_s: float = 30.0
    return_every_s: float = 5.0
    history_max: int = 10_000


@dataclass(slots=True)
class WaitingEntry:
    """An entry that is not on disk, and whoever waits for it."""

    entry: LogEntry
    since: float
    outcome: Future[LogEntry] = field(default_factory=Future)


@frozen
class Position:
    """Where the numbering stands: the newest event's sequence, the newest decision's number."""

    sequence: int
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Flush:
    """Somebody waits until everything up to here is on disk."""

    generation: int
    position: Position
    since: float
    outcome: Future[None] = field(default_factory=Future)


@frozen
class Batch:
    """What the writer is to write now. `observed` None: not now."""

    entries: tuple[LogEntry, ...]
    events: tuple[Event, ...]
    decisions: tuple[NumberedDecision, ...]
    versions: tuple[WaitingVersions, ...]
    observed: Observed | None
    flushes: tuple[Flush, ...]
    is_closing: bool


class Backlog:
    """Entries are never dropped. When more history waits than `Pace.history_max`, the oldest events go first."""

    def __init__(self, desired: Desired, position: Position, pace: Pace) -> None:
        self._pace = pace
        self._desired = desired
        self._head = desired.generation
        self._position = position
        self._changed = threading.Condition()
        self._entries: deque[WaitingEntry] = deque()
        self._events: deque[Event] = deque()
        self._decisions: deque[NumberedDecision] = deque()
        self._versions: deque[WaitingVersions] = deque()
        self._history_since = 0.0
        self._observed: Observed | None = None
        self._observed_since = 0.0
        self._observed_at = -math.inf
        self._flushes: list[Flush] = []
        self._retry_at = -math.inf
        self._failure: UnderstudyError | None = None
        self._failed_writes = 0
        self._dropped_events = self._dropped_decisions = 0
        self._is_closing = False
        self._is_abandoned = False

    # --- the event loop's side

    @property
    def desired(self) -> Desired:
        """With every entry that is on disk or was reported as not durable."""
        return self._desired

    def add_entry(self, draft: Draft, expected_generation: int) -> Future[LogEntry]:
        """Give the draft its place; the future ends when the disk has it or refuses. Raises as `Store.append`."""
        admitted = admit_draft(draft)
        with self._changed:
            self._check_written()
            if expected_generation != self._head:
                raise StaleGenerationError(expected_generation, self._head)
            self._head += 1
            waiting = WaitingEntry(admitted.numbered(self._head), time.monotonic())
            waiting.outcome.set_running_or_notify_cancel()  # a caller who gives up does not undo the entry
            self._entries.append(waiting)
            self._changed.notify()
        return waiting.outcome

    def add_events(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """The events with their sequences."""
        with self._changed:
            self._check_open()
            first = self._position.sequence + 1
            admitted = tuple(admit_event(event, sequence) for sequence, event in enumerate(events, first))
            self._position = Position(self._position.sequence + len(admitted), self._position.number)
            self._note_history()
            self._events.extend(admitted)
            self._bound()
        return admitted

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Number the decisions and let them wait."""
        with self._changed:
            self._check_open()
            first = self._position.number + 1
            admitted = [NumberedDecision(number, admit_decision(item)) for number, item in enumerate(decisions, first)]
            self._position = Position(self._position.sequence, self._position.number + len(admitted))
            self._note_history()
            self._decisions.extend(admitted)
            self._bound()

    def add_versions(self, versions: Iterable[ZoneVersion]) -> Future[None]:
        """Ends when the disk has them or refuses; refused ones go on waiting, the oldest only while there is room."""
        with self._changed:
            self._check_written()
            waiting = WaitingVersions(tuple(versions), time.monotonic())
            waiting.outcome.set_running_or_notify_cancel()
            self._versions.append(waiting)
            while self._versions[0].outcome.done() and sum(each.octets for each in self._versions) > HISTORY_OCTETS:
                self._versions.popleft()
            self._changed.notify()
        return waiting.outcome

    def observe(self, observed: Observed) -> None:
        """Only the newest tables wait."""
        with self._changed:
            self._check_open()
            if self._observed is None:
                self._observed_since = time.monotonic()
                self._changed.notify()
            self._observed = observed

    def flush(self) -> Future[None]:
        """Ends when everything that waits now is on disk, or with what the disk says."""
        with self._changed:
            self._check_written()
            flush = Flush(self._head, self._position, time.monotonic())
            flush.outcome.set_running_or_notify_cancel()
            self._flushes.append(flush)
            self._changed.notify()
        return flush.outcome

    def waiting_entries(self) -> tuple[LogEntry, ...]:
        """Entries in force that may not be on disk."""
        with self._changed:
            return tuple(item.entry for item in self._entries if item.entry.generation <= self._desired.generation)

    def waiting_events(self) -> tuple[Event, ...]:
        """Events that may not be on disk."""
        with self._changed:
            return tuple(self._events)

    def waiting_decisions(self) -> tuple[NumberedDecision, ...]:
        """Decisions that may not be on disk."""
        with self._changed:
            return tuple(self._decisions)

    def waiting_versions(self) -> tuple[ZoneVersion, ...]:
        """Versions that may not be on disk."""
        with self._changed:
            return tuple(version for waiting in self._versions for version in waiting.versions)

    def statistics(self) -> StoreStatistics:
        """How the writing goes."""
        with self._changed:
            starts = [self._entries[0].since] if self._entries else []
            starts += [self._versions[0].since] if self._versions else []
            starts += [self._history_since] if self._events or self._decisions else []
            starts += [self._observed_since] if self._observed is not None else []
            return StoreStatistics(
                lag_s=max(0.0, time.monotonic() - min(starts)) if starts else 0.0,
                queued_entries=len(self._entries),
                queued_history=len(self._events) + len(self._decisions),
                dropped_events=self._dropped_events,
                dropped_decisions=self._dropped_decisions,
                failed_writes=self._failed_writes,
                error=str(self._failure or ""),
            )

    def close(self) -> None:
        """Nothing more comes in; the writer takes what waits, and then nothing."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    # --- the writer's side

    def take(self) -> Batch | None:
        """Wait until something is due. What is taken stays here until it is confirmed. None: closed, and empty."""
        with self._changed:
            while (wait_s := self._due() - time.monotonic()) > 0:
                self._changed.wait(None if wait_s == math.inf else wait_s)
            observed = self._observed if self._is_observed_due() else None
            batch = Batch(
                tuple(item.entry for item in self._entries),
                tuple(self._events)[:_BATCH_MAX],
                tuple(self._decisions)[:_BATCH_MAX],
                tuple(self._versions),
                observed,
                tuple(self._flushes),
                self._is_closing,
            )
            news = (batch.entries, batch.events, batch.decisions, batch.versions, batch.observed, batch.flushes)
            is_empty = not any(news)
            return None if self._is_closing and is_empty else batch

    def confirm_written(self, batch: Batch) -> None:
        """The entries and the history of `batch` are on disk."""
        with self._changed:
            for entry in batch.entries:
                waiting = self._entries.popleft()
                self._enforce(entry)
                if not waiting.outcome.done():
                    waiting.outcome.set_result(entry)
            while batch.events and self._events and self._events[0].sequence <= batch.events[-1].sequence:
                self._events.popleft()
            while batch.decisions and self._decisions and self._decisions[0].number <= batch.decisions[-1].number:
                self._decisions.popleft()
            for written in batch.versions:
                if self._versions and self._versions[0] is written:
                    self._versions.popleft()
                if not written.outcome.done():
                    written.outcome.set_result(None)
            self._history_since = time.monotonic()

    def confirm_observed(self, batch: Batch) -> None:
        """The tables of `batch` are on disk."""
        with self._changed:
            self._observed_at = self._observed_since = time.monotonic()
            if self._observed is batch.observed:
                self._observed = None

    def confirm(self, batch: Batch) -> bool:
        """All of `batch` is on disk. True if that ends a time in which the disk refused."""
        with self._changed:
            is_recovery = self._failure is not None
            self._failure = None
            self._retry_at = -math.inf
            done = [flush for flush in batch.flushes if self._is_flushed(flush)]
            self._flushes = [flush for flush in self._flushes if flush not in done]
            for flush in done:
                flush.outcome.set_result(None)
            return is_recovery

    def refuse(self, batch: Batch, error: UnderstudyError, retry_after_s: float) -> bool:
        """The disk refuses: everything keeps waiting, and whoever waited for this batch is told.

        What came meanwhile gets an attempt of its own. True if the disk did not refuse before.
        """
        with self._changed:
            is_first = self._failure is None
            self._failure = error
            self._failed_writes += 1
            self._retry_at = time.monotonic() + retry_after_s
            last = batch.entries[-1].generation if batch.entries else 0
            self._release([item for item in self._entries if item.entry.generation <= last], batch.flushes, error)
            _disappoint(batch.versions, error)
            return is_first

    def abandon(self, error: UnderstudyError) -> None:
        """Nothing will be written any more: whoever waits is told, and changes are refused.

        History and tables are still taken, because the server goes on: they cost no more than the bound.
        """
        with self._changed:
            self._is_abandoned = True
            self._failure = error
            self._failed_writes += 1
            self._release(self._entries, tuple(self._flushes), error)
            _disappoint(self._versions, error)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._entries or self._events or self._decisions or self._versions or self._observed)

    def _due(self) -> float:
        """When the writer should write next (monotonic)."""
        has_news = any(queue and not queue[-1].outcome.done() for queue in (self._entries, self._versions))
        if self._is_closing or self._flushes or has_news:
            return -math.inf
        due = math.inf
        if self._entries or self._events or self._decisions or self._versions:
            due = self._history_since + self._pace.linger_s
        if self._observed is not None:
            due = min(due, self._observed_at + self._pace.observed_every_s)
        return max(due, self._retry_at)

    def _is_observed_due(self) -> bool:
        is_asked = self._is_closing or bool(self._flushes)
        return is_asked or time.monotonic() >= self._observed_at + self._pace.observed_every_s

    def _release(self, entries: Iterable[WaitingEntry], flushes: tuple[Flush, ...], error: UnderstudyError) -> None:
        """The entries are in force without being on disk; the flushes have failed."""
        for waiting in entries:
            self._enforce(waiting.entry)
            if not waiting.outcome.done():
                waiting.outcome.set_exception(NotDurableError(waiting.entry, error.message))
        self._flushes = [flush for flush in self._flushes if flush not in flushes]
        for flush in flushes:
            if not flush.outcome.done():
                flush.outcome.set_exception(error)

    def _is_flushed(self, flush: Flush) -> bool:
        """Whether only later things wait; tables were in the batch that first had the flush."""
        return (
            (not self._entries or self._entries[0].entry.generation > flush.generation)
            and (not self._events or self._events[0].sequence > flush.position.sequence)
            and (not self._decisions or self._decisions[0].number > flush.position.number)
            and (not self._versions or self._versions[0].since > flush.since)
        )

    def _note_history(self) -> None:
        if not self._events and not self._decisions:
            self._history_since = time.monotonic()
            self._changed.notify()

    def _bound(self) -> None:
        while len(self._events) + len(self._decisions) > self._pace.history_max:
            if self._events:
                self._events.popleft()
                self._dropped_events += 1
            else:
                self._decisions.popleft()
                self._dropped_decisions += 1

    def _enforce(self, entry: LogEntry) -> None:
        if entry.generation > self._desired.generation:
            self._desired = apply(self._desired, entry)

    def _check_written(self) -> None:
        self._check_open()
        if self._is_abandoned:
            raise StoreError(f"nothing is written any more: {self._failure}", code="store.writer")

    def _check_open(self) -> None:
        if self._is_closing:
            raise StoreError("the store is closed", code="store.closed")


def _disappoint(waiting: Iterable[WaitingVersions], error: UnderstudyError) -> None:
    """Whoever waits hears that the disk refuses; the versions go on waiting."""
    for each in waiting:
        if not each.outcome.done():
            each.outcome.set_exception(error)
