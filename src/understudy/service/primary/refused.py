"""Clients that were refused a zone and have not got it since, for whoever looks at the zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name

MOST = 5  # chosen: of each zone; its secondaries are few, and strangers must not fill the page


@frozen
class Refusal:
    """A transfer that was refused to a client, with the key that it claimed to have, and what it has to mend."""

    client: str
    key: str | None
    why: str
    at: Instant

    @property
    def who(self) -> str:
        """The client and its key."""
        return f"{self.client} with the key {self.key}" if self.key else f"{self.client} without a key"


class Refused:
    """The last refusal of each client, of the last few clients of each zone."""

    def __init__(self) -> None:
        self._by_zone: defaultdict[Name, dict[str, Refusal]] = defaultdict(dict)

    def note(self, origin: Name, refusal: Refusal) -> None:
        """A client was refused a zone."""
        found = self._by_zone[origin]
        found.pop(refusal.client, None)
        found[refusal.client] = refusal
        if len(found) > MOST:
            del found[next(iter(found))]

    def forget(self, origin: Name, client: str) -> None:
        """It was given the zone."""
        found = self._by_zone.get(origin)
        if found is not None:
            found.pop(client, None)

    def keep(self, origins: Container[Name]) -> None:
        """Forget all zones but these."""
        for origin in [origin for origin in self._by_zone if origin not in origins]:
            del self._by_zone[origin]

    def of(self, origin: Name) -> list[Refusal]:
        """Those of a zone, the newest first."""
        return list(self._by_zone.get(origin, {}).values())[::-1]
