"""Zones from other servers that no primary has confirmed for too long: they are answered no more."""

from __future__ import annotations

from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.fetched import FetchedZone
from understudy.service.name_server import NameServer
from understudy.zones.secondary import Standing


class Expiry:
    """Ends them some at a time, each portion in one step: all zones of a primary that is gone may expire together."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._over: dict[Name, FetchedZone] = {}

    def note(self, care: FetchedZone, now: Instant) -> None:
        """Whether it is over with a zone is known now; until `end` it is answered."""
        care.secondary = care.secondary.at(now)
        if care.secondary.standing is Standing.EXPIRED and care.definition.name in self._server.zones:
            self._over[care.definition.name] = care

    def end(self, now: Instant) -> None:
        """Answer no more from those that were noted."""
        if not self._over:
            return
        over, self._over = self._over, {}
        for origin, care in over.items():
            del self._server.zones[origin]
            text = f"{origin} has expired: no primary has confirmed serial {care.serial} for too long"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))
            self._server.alarms.raise_alarm(f"zone/{origin}", text, now)
        self._server.decider.publisher.withdraw_zones(over)
        self._server.versions.note_whole(over)
