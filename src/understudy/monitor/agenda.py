"""What is to be probed when: due times, the queues of what is due, and the budget that lets it start."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from understudy.model.instant import Instant
from understudy.monitor.assignment import Assignment
from understudy.monitor.budget import Limits, TokenBucket

BURST_S = 0.1  # chosen: 200 starts at once at the default rate, so that a wake-up that comes late loses nothing
_GARBAGE_MIN = 64  # chosen: below that, tidying the heap is not worth its cost


class Agenda:
    """Holds each assignment that is not running once: in the heap until it is due, then in a queue until it may start.

    What is gone is skipped when it is met in the heap, and leaves the queues by `compact`. Rechecks are taken before
    routine probes.
    """

    def __init__(self, limits: Limits) -> None:
        self._heap: list[tuple[Instant, int, Assignment]] = []
        self._order = count()
        self._rechecks: deque[Assignment] = deque()
        self._routine: deque[Assignment] = deque()
        self._bucket = TokenBucket(limits.rate_max, BURST_S)

    @property
    def queued(self) -> int:
        """How many are due and wait for budget."""
        return len(self._rechecks) + len(self._routine)

    def put(self, assignment: Assignment) -> None:
        """Have it taken once its `due` has come."""
        heappush(self._heap, (assignment.due, next(self._order), assignment))

    def take(self, now: Instant, room: int) -> Iterator[Assignment]:
        """Those that may start now, at most `room`; start each before asking for the next."""
        self._collect(now)
        for queue in (self._rechecks, self._routine):
            while queue and room > 0 and self._bucket.ready_at() <= now:
                assignment = queue.popleft()
                ready_at = assignment.bucket.ready_at()
                if ready_at > now:  # its `due` stays, so that its delay is seen
                    heappush(self._heap, (ready_at, next(self._order), assignment))
                    continue
                self._bucket.take(now)
                assignment.bucket.take(now)
                room -= 1
                yield assignment

    def next_at(self, *, is_full: bool) -> Instant:
        """When `take` has something again; infinity if only news can change that. `is_full`: there is no room."""
        at = self._heap[0][0] if self._heap else float("inf")
        return min(at, self._bucket.ready_at()) if self.queued and not is_full else at

    def overdue(self, since: Instant) -> list[Assignment]:
        """What was due before `since` and has not been taken."""
        waiting = [*self._rechecks, *self._routine]
        if self._heap and self._heap[0][0] < since:
            waiting.extend(item[2] for item in self._heap)
        return [assignment for assignment in waiting if assignment.due < since and not assignment.is_gone]

    def compact(self) -> None:
        """After something has gone: out of the queues, and out of the heap if it is most of what that holds.

        Frequent reloads must not make the heap grow.
        """
        gone = sum(item[2].is_gone for item in self._heap)
        if gone > _GARBAGE_MIN and gone * 2 > len(self._heap):
            self._heap = [item for item in self._heap if not item[2].is_gone]
            heapify(self._heap)
        for queue in (self._rechecks, self._routine):
            if any(assignment.is_gone for assignment in queue):
                alive = [assignment for assignment in queue if not assignment.is_gone]
                queue.clear()
                queue.extend(alive)

    def _collect(self, now: Instant) -> None:
        """Move what has come due into its queue."""
        while self._heap and self._heap[0][0] <= now:
            assignment = heappop(self._heap)[2]
            if not assignment.is_gone:
                (self._rechecks if assignment.is_hurried else self._routine).append(assignment)
