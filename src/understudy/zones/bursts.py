"""When a zone's next version is made: the first change after a pause at once, those of a burst together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from understudy.model.instant import Instant
from understudy.model.name import Name


@dataclass(slots=True)
class Stale:
    """What of a zone is to be looked at again: some names, or all of it."""

    owners: dict[Name, None] = field(default_factory=dict)
    is_whole: bool = False


class Bursts:
    """Knows what has changed since the last version of each zone, and when the next one may come.

    ```text
    RESTING  -- change -->  DUE        at once
    DUE      -- version --> WAITING    for merge_s
    WAITING  -- change -->  WAITING    the changes are collected
    WAITING  -- time -->    DUE if there were changes, else RESTING
    ```
    """

    def __init__(self) -> None:
        self._stale: dict[Name, Stale] = {}
        self._earliest: dict[Name, Instant] = {}

    def note(self, origin: Name, owners: Iterable[Name]) -> None:
        """Something changed at these names."""
        self._stale.setdefault(origin, Stale()).owners.update(dict.fromkeys(owners))

    def note_whole(self, origin: Name) -> None:
        """Anything in the zone may have changed."""
        self._stale.setdefault(origin, Stale()).is_whole = True

    def take(self, now: Instant) -> Mapping[Name, Stale]:
        """The zones of which a version is due, with what changed; each is given once."""
        due = [origin for origin in self._stale if self._earliest.get(origin, now) <= now]
        return {origin: self._stale.pop(origin) for origin in due}

    def made(self, origin: Name, now: Instant, merge_s: float) -> None:
        """A version was made; what looked like a change and was none starts no pause."""
        self._earliest[origin] = now + merge_s

    def next_due(self) -> Instant | None:
        """When there is something to take; None: only news can bring it."""
        return min((self._earliest.get(origin, 0.0) for origin in self._stale), default=None)
