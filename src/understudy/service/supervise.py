"""Owns every task of the process; no task is made elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from understudy.clock.clock import Clock

RESTART_FIRST_S = 0.5  # chosen: a passing fault is over by then
RESTART_MAX_S = 60.0  # chosen: a lasting fault costs one log line a minute

OnFault: TypeAlias = Callable[[str, BaseException], None]


class Supervisor:
    """Runs stages and side tasks in one TaskGroup.

    A stage that fails ends the process, non-zero: what it did cannot be done without. A side task (notifier, API) that
    fails is restarted with back-off, and `on_fault` is told its name and the error; the rest goes on.
    """

    def __init__(self, group: asyncio.TaskGroup, clock: Clock, on_fault: OnFault) -> None:
        self._group = group
        self._clock = clock
        self._on_fault = on_fault
        self._tasks: set[asyncio.Task[None]] = set()

    def stage(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task whose failure ends everything."""
        return self._own(coroutine, name)

    def side(self, start: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        """Start a task that is begun anew whenever it fails; returning ends it for good."""
        return self._own(self._keep_up(start, name), name)

    def end(self) -> None:
        """Cancel every task; the group ends when they have."""
        for task in self._tasks:
            task.cancel()

    def _own(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = self._group.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _keep_up(self, start: Callable[[], Awaitable[None]], name: str) -> None:
        pause_s = RESTART_FIRST_S
        while True:
            begun = self._clock.now()
            try:
                await start()
            except Exception as error:  # noqa: BLE001  # the one catch at the top of a side task
                self._on_fault(name, error)
                if _is_to_end():
                    return
            else:
                return
            if self._clock.now() - begun > RESTART_MAX_S:
                pause_s = RESTART_FIRST_S
            await self._clock.sleep_until(self._clock.now() + pause_s)
            pause_s = min(pause_s * 2, RESTART_MAX_S)


def _is_to_end() -> bool:
    """Whether the task was cancelled: a fault while it tidied up behind itself must not give it a new life."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
