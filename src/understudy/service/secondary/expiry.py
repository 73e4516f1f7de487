"""For how long zones from other servers are answered: told to whoever asks, and ended when it is over."""

from __future__ import annotations

from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.name_server import NameServer
from understudy.service.secondary.fetched import FetchedZone
from understudy.zones.secondary import Standing


class Expiry:
    """Ends them some at a time, each portion in one step: all zones of a primary that is gone may expire together."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._over: dict[Name, FetchedZone] = {}
        self._changed: dict[str, Instant | None] = {}

    def note(self, care: FetchedZone, now: Instant) -> None:
        """Whether it is over with a zone is known now; until `end` it is answered."""
        care.secondary = care.secondary.at(now)
        expires_at = care.secondary.expires_at
        if care.secondary.standing is not Standing.EMPTY and care.told_expires_at != expires_at:
            care.told_expires_at = expires_at
            self._changed[care.definition.name.absolute] = expires_at
        if care.secondary.standing is Standing.EXPIRED and care.definition.name in self._server.zones:
            self._over[care.definition.name] = care

    def end(self, now: Instant) -> None:
        """Answer no more from those that were noted; of the others it is known for how long (RFC 7314)."""
        if self._changed:
            self._server.engine.set_expiry([(origin, self._monotonic(at)) for origin, at in self._changed.items()])
            self._changed.clear()
        if not self._over:
            return
        over, self._over = self._over, {}
        for origin, care in over.items():
            del self._server.zones[origin]
            text = f"{origin} has expired: no primary has confirmed serial {care.serial} for too long"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))
            cause = care.cause("not served", "expired: no primary has confirmed them for too long")
            self._server.alarms.raise_alarm(f"zone/{origin}", text, now, cause=cause)
        self._server.decider.publisher.withdraw_zones(over)
        self._server.versions.note_whole(over)

    def _monotonic(self, instant: Instant | None) -> float | None:
        """That clock has no instants before this host was started."""
        return None if instant is None else max(0.0, self._server.clock.to_monotonic(instant))
