"""What happens, told to the store and to whoever follows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

from understudy.model.event import Event, Severity
from understudy.store.store import Store
from understudy.telemetry.logging import Log, log_event

FOLLOWER_QUEUE = 1000  # chosen: a terminal that is this far behind is ended, so it can never hold the server's memory


class Journal:
    """Gives every event its sequence, keeps it, logs it, and hands it to the followers."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._log = log
        self._followers: set[asyncio.Queue[Event | None]] = set()
        self._has_ended = False
        self.counts: Counter[Severity] = Counter()

    def tell(self, event: Event) -> None:
        """Note what happened; returns at once."""
        self.tell_all((event,))

    def tell_all(self, events: Iterable[Event]) -> None:
        """Note what happened together, in this order; returns at once."""
        for kept in self._store.add_events(events):
            self.counts[kept.severity] += 1
            log_event(self._log, kept)
            for queue in list(self._followers):
                self._offer(queue, kept)

    @contextmanager
    def following(self) -> Iterator[AsyncIterator[Event]]:
        """Every event from this very moment on; ends when its reader is FOLLOWER_QUEUE behind or the server leaves."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(FOLLOWER_QUEUE + 1)
        self._followers.add(queue)
        if self._has_ended:
            self._end(queue)
        try:
            yield _drain(queue)
        finally:
            self._followers.discard(queue)

    def end_followers(self) -> None:
        """Tell every follower, also those to come, that there will be no more."""
        self._has_ended = True
        for queue in list(self._followers):
            self._end(queue)

    def _offer(self, queue: asyncio.Queue[Event | None], event: Event) -> None:
        if queue.qsize() < FOLLOWER_QUEUE:
            queue.put_nowait(event)
        else:
            self._end(queue)

    def _end(self, queue: asyncio.Queue[Event | None]) -> None:
        """The last word; there is always room for it, because only events before it are counted."""
        self._followers.discard(queue)
        queue.put_nowait(None)


async def _drain(queue: asyncio.Queue[Event | None]) -> AsyncIterator[Event]:
    while (event := await queue.get()) is not None:
        yield event
