"""What keeps the state: the shape that SQLite has now and a cluster's log can have later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from understudy.model.decision import Decision
from understudy.model.errors import StoreError, UnderstudyError
from understudy.model.event import Event, EventKind
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.log import LogEntry
from understudy.model.name import Name
from understudy.model.version import ZoneVersion
from understudy.store.desired import Desired
from understudy.store.draft import Draft
from understudy.store.encoding import RecordKey
from understudy.store.observed import Observed
from understudy.store.versions import VersionsKept

EVENTS_LIMIT = 1000
ENTRIES_LIMIT = 1000


class StaleGenerationError(UnderstudyError):
    """Somebody else changed the desired state first: look again, then decide again."""

    code = "store.stale-generation"

    def __init__(self, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"the change expects generation {expected}, the state is at {actual}",
            hint="look at the present state and repeat the change",
        )


class NotDurableError(StoreError):
    """The disk refuses: `entry` is in force and held in memory, and lost if the process ends before it is written."""

    code = "store.not-durable"

    def __init__(self, entry: LogEntry, cause: str) -> None:
        self.entry = entry
        super().__init__(
            f"generation {entry.generation} is in force but not on disk: {cause}",
            hint="free space or repair the disk; it is written as soon as the disk allows",
        )


@frozen
class Start:
    """What the store held when it was opened.

    `releases` are the entries of kind RELEASE that `observed` does not reflect yet, oldest first: a release that was
    acknowledged counts even if the process was killed before the tables were saved. `unreadable` counts the rows that
    were skipped, `alarms` are what somebody should look at; they are in the history too. `versions` says what to think
    of those that the store has, `latest` is the last one of each zone, without its difference. `lost` is how many later
    ones went out before the store was restored from a backup; 0: none, or nobody knows.
    """

    desired: Desired = field(default_factory=Desired)
    observed: Observed = field(default_factory=Observed)
    releases: tuple[LogEntry, ...] = ()
    unreadable: int = 0
    alarms: tuple[Event, ...] = ()
    versions: VersionsKept = VersionsKept.NONE
    latest: Mapping[Name, ZoneVersion] = field(default_factory=dict)
    lost: int = 0


@frozen
class EventFilter:
    """Which events: sequences after `after` and before `before`; empty `kinds` and `subject` are any."""

    after: int | None = None
    before: int | None = None
    kinds: frozenset[EventKind] = frozenset()
    subject: str = ""

    def admits(self, event: Event) -> bool:
        """Whether `event` is asked for."""
        return (
            (self.after is None or event.sequence > self.after)
            and (self.before is None or event.sequence < self.before)
            and (not self.kinds or event.kind in self.kinds)
            and self.subject in {"", event.subject}
        )


@frozen
class StoreStatistics:
    """How the writing goes. `lag_s` is the age of the oldest thing that is not on disk yet (0: nothing waits).

    `error` is why the last write failed, empty while writing works. Events are dropped only when the queue is full.
    `volatile` says why there is no disk at all and what that costs; empty where there is one. `renewed` says for an
    hour that the database was lost while the server ran and is written again.
    """

    lag_s: float = 0.0
    queued_entries: int = 0
    queued_history: int = 0
    dropped_events: int = 0
    dropped_decisions: int = 0
    failed_writes: int = 0
    error: str = ""
    volatile: str = ""
    renewed: str = ""


class Store(Protocol):
    """Desired state, observed state and history. Its methods are called from one thread, the event loop's."""

    @property
    def start(self) -> Start:
        """What was there when it was opened; never changes."""
        ...

    @property
    def desired(self) -> Desired:
        """The desired state now, with every entry that `append` has returned (or raised NotDurableError for)."""
        ...

    async def append(self, draft: Draft, *, expected_generation: int) -> LogEntry:
        """Add to the log; on disk when it returns, whatever happens to the process or the machine afterwards.

        `expected_generation` is `desired.generation` when the change was decided. Raises StaleGenerationError (nothing
        happened), NotDurableError (it happened, but is not on disk yet), StoreError with code `store.closed`.
        """
        ...

    async def entries(self, *, after: int = 0, limit: int = ENTRIES_LIMIT) -> tuple[LogEntry, ...]:
        """Entries with a generation above `after`, oldest first."""
        ...

    def add_events(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Note what happened and return at once: the same events with their sequences; written within moments."""
        ...

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Keep the changes of answers for `decision_at`, as `add_events` does."""
        ...

    def observe(self, observed: Observed) -> None:
        """Take over the tables and return at once; what changed is saved within a couple of seconds and at `close`."""
        ...

    async def events(self, wanted: EventFilter | None = None, *, limit: int = EVENTS_LIMIT) -> tuple[Event, ...]:
        """Events by sequence, the oldest first: the first `limit` after `after`, or without it the newest `limit`."""
        ...

    async def decision_at(self, key: RecordKey, instant: Instant) -> Decision | None:
        """The decision that held at `instant`: the latest one made by then, None if none is known."""
        ...

    async def add_versions(self, versions: Sequence[ZoneVersion]) -> None:
        """Keep versions of zones, in their order; on disk when it returns, so that they may be seen.

        Raises StoreError: they are written as soon as the disk allows, and until then the next start is in doubt.
        """
        ...

    async def versions(self, origin: Name) -> tuple[ZoneVersion, ...]:
        """What is kept of a zone's versions, the oldest first."""
        ...

    async def flush(self) -> None:
        """Return when everything handed over so far is on disk. Raises StoreError if the disk refuses."""
        ...

    def statistics(self) -> StoreStatistics:
        """How the writing goes."""
        ...

    def close(self) -> None:
        """Write what waits, end the threads, unlock the folder. Idempotent. Raises StoreError if anything is lost."""
        ...
