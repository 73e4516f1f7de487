"""One (endpoint, check) as the scheduler holds it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from understudy.model.check import Check
from understudy.model.instant import Instant
from understudy.model.observation import Observation
from understudy.model.verdict import ProbeKey, Verdict
from understudy.monitor.budget import TokenBucket

HISTORY_LENGTH = 5  # chosen: enough for a status page to show the last change, small enough for 10,000 endpoints


@dataclass(slots=True, eq=False)
class Assignment:
    """Mutable, compared by identity, owned by its Monitor. It is in one place: waiting for `due`, queued, or running.

    `seed` places it on the grid, `bucket` is shared by all checks of the endpoint. `stale_at` is when its verdict goes
    stale unless there is evidence before; for a loaded verdict it counts from the loading, because its age is not our
    checker's silence. `began_at` is when `task` began; `task` None: nothing runs. `is_overrun`: cancelled for its
    length.
    """

    key: ProbeKey
    check: Check
    verdict: Verdict
    seed: int
    bucket: TokenBucket
    stale_at: Instant
    due: Instant = 0.0
    is_hurried: bool = False
    task: asyncio.Task[None] | None = None
    began_at: Instant = 0.0
    is_overrun: bool = False
    is_gone: bool = False
    history: deque[Observation] = field(default_factory=lambda: deque(maxlen=HISTORY_LENGTH))
