"""A store without a disk, for stories in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from understudy.model.decision import Decision
from understudy.model.errors import StoreError
from understudy.model.event import Event
from understudy.model.instant import Instant
from understudy.model.log import EntryKind, LogEntry
from understudy.model.name import Name
from understudy.model.version import ZoneVersion
from understudy.store.desired import Desired, apply, fold
from understudy.store.draft import Draft
from understudy.store.encoding import RecordKey, decode_health, encode_health
from understudy.store.history import NumberedDecision, latest_decision, merge_events
from understudy.store.intake import admit_decision, admit_draft, admit_event
from understudy.store.observed import Observed
from understudy.store.store import (
    ENTRIES_LIMIT,
    EVENTS_LIMIT,
    EventFilter,
    NotDurableError,
    StaleGenerationError,
    Start,
    StoreStatistics,
)
from understudy.store.versions import VersionsKept

_FULL = "the disk is full"
_HISTORY_MAX = 100_000


@dataclass(slots=True)
class _Content:
    """What a disk holds, or what waits for one. `observed` None: no tables."""

    entries: list[LogEntry] = field(default_factory=list)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_HISTORY_MAX))
    decisions: deque[NumberedDecision] = field(default_factory=lambda: deque(maxlen=_HISTORY_MAX))
    versions: list[ZoneVersion] = field(default_factory=list)
    observed: Observed | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.entries or self.events or self.decisions or self.versions or self.observed)

    def take(self, other: _Content) -> None:
        self.entries.extend(other.entries)
        self.events.extend(other.events)
        self.decisions.extend(other.decisions)
        for version in other.versions:
            if version.before is None:
                self.versions = [kept for kept in self.versions if kept.origin != version.origin]
            self.versions.append(version)
        self.observed = other.observed or self.observed


@dataclass(slots=True)
class MemoryDisk:
    """What outlives a MemoryStore: the next one on the same disk finds it. `is_full`: nothing more can be written."""

    content: _Content = field(default_factory=_Content)
    is_full: bool = False
    is_open: bool = False
    sequence: int = 0
    number: int = 0
    versions: VersionsKept = VersionsKept.NONE
    lost: int = 0


class MemoryStore:
    """`Store` on a MemoryDisk. Everything is written at once, or waits until the disk is no longer full."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        """Open the disk. Raises StoreError if another store has it open."""
        self._disk = disk or MemoryDisk()
        if self._disk.is_open:
            raise StoreError("the disk belongs to a running server", code="store.locked")
        self._disk.is_open = True
        self._late = _Content()
        self._is_closed = False
        entries = self._disk.content.entries
        observed = _as_read_back(self._disk.content.observed or Observed())
        self._desired = fold(entries)
        releases = tuple(
            entry for entry in entries if entry.kind is EntryKind.RELEASE and entry.generation > observed.generation
        )
        latest = {
            version.origin: replace(version, before=None, difference=b"") for version in self._disk.content.versions
        }
        self._start = Start(
            self._desired,
            observed,
            releases,
            self._desired.unreadable,
            versions=self._disk.versions,
            latest=latest,
            lost=self._disk.lost,
        )

    @property
    def start(self) -> Start:
        """What the disk held."""
        return self._start

    @property
    def desired(self) -> Desired:
        """The desired state now."""
        return self._desired

    async def append(self, draft: Draft, *, expected_generation: int) -> LogEntry:
        """As `Store.append`."""
        self._check_open()
        if expected_generation != self._desired.generation:
            raise StaleGenerationError(expected_generation, self._desired.generation)
        entry = admit_draft(draft).numbered(expected_generation + 1)
        self._desired = apply(self._desired, entry)
        self._late.entries.append(entry)
        self._write()
        if self._late.entries:
            raise NotDurableError(entry, _FULL)
        return entry

    async def entries(self, *, after: int = 0, limit: int = ENTRIES_LIMIT) -> tuple[LogEntry, ...]:
        """As `Store.entries`."""
        self._check_open()
        kept = (*self._disk.content.entries, *self._late.entries)
        return tuple([entry for entry in kept if entry.generation > after][:limit])

    def add_events(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """As `Store.add_events`."""
        self._check_open()
        admitted = tuple(admit_event(event, number) for number, event in enumerate(events, self._disk.sequence + 1))
        self._disk.sequence += len(admitted)
        self._late.events.extend(admitted)
        self._write()
        return admitted

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """As `Store.add_decisions`."""
        self._check_open()
        admitted = [admit_decision(decision) for decision in decisions]
        self._late.decisions.extend(map(NumberedDecision, range(self._disk.number + 1, 2**63), admitted))
        self._disk.number += len(admitted)
        self._write()

    def observe(self, observed: Observed) -> None:
        """As `Store.observe`."""
        self._check_open()
        self._late.observed = observed
        self._write()

    async def events(self, wanted: EventFilter | None = None, *, limit: int = EVENTS_LIMIT) -> tuple[Event, ...]:
        """As `Store.events`."""
        self._check_open()
        kept = (*self._disk.content.events, *self._late.events)
        return merge_events((), kept, wanted or EventFilter(), limit=limit)

    async def decision_at(self, key: RecordKey, instant: Instant) -> Decision | None:
        """As `Store.decision_at`."""
        self._check_open()
        return latest_decision((*self._disk.content.decisions, *self._late.decisions), key, instant)

    async def add_versions(self, versions: Sequence[ZoneVersion]) -> None:
        """As `Store.add_versions`."""
        self._check_open()
        self._late.versions.extend(versions)
        self._write()
        if self._late.versions:
            self._disk.versions = VersionsKept.DOUBTFUL
            raise StoreError(_FULL, code="store.full")

    async def versions(self, origin: Name) -> tuple[ZoneVersion, ...]:
        """As `Store.versions`."""
        self._check_open()
        kept = (*self._disk.content.versions, *self._late.versions)
        return tuple(version for version in kept if version.origin == origin)

    async def flush(self) -> None:
        """As `Store.flush`."""
        self._check_open()
        self._write()
        if not self._late.is_empty:
            raise StoreError(_FULL, code="store.full")

    def statistics(self) -> StoreStatistics:
        """How the writing goes; the lag is always 0, because nothing here takes time."""
        self._write()
        return StoreStatistics(
            queued_entries=len(self._late.entries),
            queued_history=len(self._late.events) + len(self._late.decisions),
            error="" if self._late.is_empty else _FULL,
        )

    def close(self) -> None:
        """As `Store.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        self._disk.is_open = False
        self._write()
        if not self._late.is_empty:
            raise StoreError(_FULL, code="store.lost")

    def _write(self) -> None:
        if not self._disk.is_full:
            if self._late.versions:
                self._disk.versions = VersionsKept.WHOLE
            self._disk.content.take(self._late)
            self._late = _Content()

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("the store is closed", code="store.closed")


def _as_read_back(observed: Observed) -> Observed:
    """Only what a file keeps of a health is kept."""
    healths = {key: decode_health(encode_health(health)) for key, health in observed.healths.items()}
    return replace(observed, healths=healths)
