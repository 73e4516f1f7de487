"""What happens, told to the store and to whoever follows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
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
        self.counts: Counter[Severity] = Counter()

    def tell(self, event: Event) -> None:
        """Note what happened; returns at once."""
        (kept,) = self._store.add_events((event,))
        self.counts[kept.severity] += 1
        log_event(self._log, kept)
        for queue in list(self._followers):
            self._offer(queue, kept)

    async def follow(self) -> AsyncIterator[Event]:
        """Events from now on; ends when the reader falls behind by FOLLOWER_QUEUE or the server leaves."""
        with self._queue() as queue:
            while (event := await queue.get()) is not None:
                yield event

    def end_followers(self) -> None:
        """Tell every follower that there will be no more."""
        for queue in list(self._followers):
            self._followers.discard(queue)
            self._end(queue)

    @contextmanager
    def _queue(self) -> Iterator[asyncio.Queue[Event | None]]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue(FOLLOWER_QUEUE + 1)
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)

    def _offer(self, queue: asyncio.Queue[Event | None], event: Event) -> None:
        if queue.qsize() < FOLLOWER_QUEUE:
            queue.put_nowait(event)
        else:
            self._followers.discard(queue)
            self._end(queue)

    @staticmethod
    def _end(queue: asyncio.Queue[Event | None]) -> None:
        if not queue.full():
            queue.put_nowait(None)
