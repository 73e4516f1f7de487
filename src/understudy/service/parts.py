"""What a name server is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from understudy.clock.clock import Clock
from understudy.engine import Engine
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.observation import Observation
from understudy.store.store import Store
from understudy.telemetry.logging import Log


@frozen
class Parts:
    """Each opened already, and closed by whoever opened it."""

    clock: Clock
    engine: Engine
    store: Store
    log: Log
    probe: Callable[[Check, Endpoint], Awaitable[Observation]]
