"""The log that desired state is the fold of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from understudy.model.frozen import frozen
from understudy.model.instant import Instant


class EntryKind(StrEnum):
    """What an entry changes."""

    CONFIGURATION = "configuration"  # a load or reload of the file, whole: body has its text, digest and plan
    OVERRIDE = "override"  # body is the override
    RELEASE = "release"  # body names the overrides that end, or the endpoints that may return
    PROMOTION = "promotion"  # body names a zone from other servers that is the primary here from now on
    DEMOTION = "demotion"  # body names the zone that follows its primaries again


@frozen
class LogEntry:
    """`generation` only grows, by one; `body` is plain JSON."""

    generation: int
    at: Instant
    author: str
    reason: str
    kind: EntryKind
    body: Mapping[str, object]
