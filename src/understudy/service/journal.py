"""What happens, told to the store and to whoever follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import structlog

from understudy.model.event import Event, Severity
from understudy.store.store import Store

FOLLOWER_QUEUE = 1000  # chosen: a terminal that is this far behind is ended, so it can never hold the server's memory

_log = structlog.get_logger("understudy")


class Journal:
    """Gives every event its sequence, keeps it, logs it, and hands it to the followers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._followers: set[asyncio.Queue[Event | None]] = set()
        self.counts: dict[tuple[str, str], int] = {}
        """How many events so far, by (kind, severity)."""

    def tell(self, event: Event) -> None:
        """Note what happened; returns at once."""
        (kept,) = self._store.add_events((event,))
        key = (kept.kind.value, kept.severity.value)
        self.counts[key] = self.counts.get(key, 0) + 1
        log = _log.info if kept.severity is Severity.INFO else _log.warning
        log(kept.text, kind=kept.kind.value, subject=kept.subject, severity=kept.severity.value)
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
