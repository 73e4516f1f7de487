"""Something that happened, for the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from understudy.model.frozen import frozen
from understudy.model.instant import Instant


class EventKind(StrEnum):
    """The words of `understudy events`."""

    VERDICT = "verdict"  # a monitor changed its mind about an endpoint
    HEALTH = "health"  # an endpoint's health changed
    DECISION = "decision"  # a record answers something else
    OVERRIDE = "override"  # an operator decreed or released
    CONFIGURATION = "configuration"  # a load or reload, applied or refused
    ZONE = "zone"  # a zone was loaded, changed or refused
    SERVICE = "service"  # start, stop, restart of a task
    ALARM = "alarm"  # somebody should look


class Severity(StrEnum):
    """How much an event asks of its reader."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@frozen
class Event:
    """`sequence` is given by the store (0 before that) and only grows; `detail` is plain JSON."""

    at: Instant
    kind: EventKind
    subject: str
    text: str
    severity: Severity = Severity.INFO
    detail: Mapping[str, object] = field(default_factory=dict)
    sequence: int = 0
