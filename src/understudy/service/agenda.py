"""What is due when: one instant per key, the next one at hand."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

from understudy.model.instant import Instant

K = TypeVar("K", bound=Hashable)
SLACK = 64  # chosen: so many outdated entries are cheaper to keep than to sweep


class Agenda(Generic[K]):
    """A heap with one valid entry per key; its size is bounded by the number of keys, however often they move."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, K]] = []
        self._due: dict[K, Instant] = {}
        self._order = count()

    def copy(self) -> Agenda[K]:
        """The same, which goes on by itself."""
        other: Agenda[K] = Agenda()
        other._heap, other._due, other._order = self._heap.copy(), self._due.copy(), self._order
        return other

    def put(self, key: K, due: Instant | None) -> None:
        """Move `key` to `due`; None: it is due no more."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heapq.heappush(self._heap, (due, next(self._order), key))
        if len(self._heap) > 2 * len(self._due) + SLACK:
            self._heap = [(instant, next(self._order), each) for each, instant in self._due.items()]
            heapq.heapify(self._heap)

    def next_due(self) -> Instant | None:
        """When the next key is due; None: none is."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: Instant) -> Iterator[K]:
        """Every key that is due, the earliest first; each is taken off."""
        while (due := self.next_due()) is not None and due <= now:
            key = heapq.heappop(self._heap)[2]
            del self._due[key]
            yield key
