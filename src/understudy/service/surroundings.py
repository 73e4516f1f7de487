"""What a server needs from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import TypeAlias

from understudy.clock.clock import Clock
from understudy.model.frozen import frozen
from understudy.service.name_server import NameServer
from understudy.service.secondary.head_start import HeadStart
from understudy.telemetry.logging import Log

Sides: TypeAlias = Callable[[NameServer], Awaitable[Mapping[str, Callable[[], Awaitable[None]]]]]
"""The side tasks of a server by name: what listens for people, and may fail without harm to answers."""


@frozen
class Surroundings:
    """`sides` are made once it answers; `on_ready` is called when they have begun. `head_start` comes meanwhile."""

    clock: Clock
    log: Log
    sides: Sides
    on_ready: Callable[[NameServer], None]
    head_start: HeadStart = field(default_factory=HeadStart)
