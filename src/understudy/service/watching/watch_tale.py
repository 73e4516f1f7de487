"""What is told of the name servers that are watched: events of the history, and alarms."""

from __future__ import annotations

from collections import OrderedDict

from understudy.model.event import Event, EventKind, Severity
from understudy.model.name import Name
from understudy.model.watch import NamedServer, ServerState
from understudy.service.alarms import Cause
from understudy.service.name_server import NameServer
from understudy.zones.watched import Watched

_SILENT = frozenset((ServerState.UNREACHABLE, ServerState.NO_UDP, ServerState.NO_TCP))
"""What concerns a server, however many zones name it."""


class WatchTale:
    """One alarm for each server that is not heard, however many zones name it, or that is at fault for many of them.

    Else one for each zone and server.
    """

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._silent: dict[str, OrderedDict[Name, str]] = {}

    def tell(self, origin: Name, named: NamedServer, before: Watched, *, after: Watched) -> None:
        """A look is over: an event where the state changed, and the alarms as they are now."""
        place = _place(named)
        is_first = place not in self._silent
        self._note_silence(origin, named, after.text if after.state in _SILENT else "")
        is_last = place not in self._silent
        concerns_all = {before.state, after.state} <= _SILENT | {ServerState.OK, ServerState.UNKNOWN}
        if after.state is not before.state and (not concerns_all or is_first or is_last):
            self._tell_change(origin, named, before, after=after)
        key, now = f"server/{origin}/{place}", self._server.clock.now()
        if after.is_faulty and after.state not in _SILENT:
            cause = Cause(f"servers/{place}", f"{after.state.value} at {named}", after.text)
            self._server.alarms.raise_alarm(key, f"{named} of {origin} {after.text}", now, cause=cause)
        else:
            self._server.alarms.clear(key, now)

    def tell_resolver(self, text: str) -> None:
        """What is wrong with our resolver, which is no server's fault; empty: nothing is."""
        self._server.alarms.set_alarm("resolver", text, self._server.clock.now())

    def forget(self, origin: Name, named: NamedServer) -> None:
        """It is not watched for this zone any more."""
        self._note_silence(origin, named, "")
        self._server.alarms.clear(f"server/{origin}/{_place(named)}", self._server.clock.now())

    def _note_silence(self, origin: Name, named: NamedServer, text: str) -> None:
        place = _place(named)
        zones = self._silent.setdefault(place, OrderedDict())
        zones.pop(origin, None)
        if text:
            zones[origin] = text
        if not zones:
            del self._silent[place]
        text = next(iter(zones.values()), "")
        count = f" ({len(zones)} zones)" if len(zones) > 1 else ""
        self._server.alarms.set_alarm(f"server/{place}", text and f"{named} {text}{count}", self._server.clock.now())

    def _tell_change(self, origin: Name, named: NamedServer, before: Watched, *, after: Watched) -> None:
        if after.is_faulty:
            text, severity = f"{named} {after.text}", Severity.WARNING
        elif before.is_faulty:
            text, severity = f"{named} is well again: serial {after.serial}", Severity.INFO
        else:
            return
        detail = {"server": _place(named), "state": after.state.value, "serial": after.serial}
        at = after.looked_at or self._server.clock.now()
        self._server.journal.tell(Event(at, EventKind.ZONE, str(origin), text, severity, detail))


def _place(named: NamedServer) -> str:
    """Its address; its name where none is known."""
    return str(named.place or named.name)
