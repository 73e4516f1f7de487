"""Tells of secondaries that are refused a zone: the operator of one of both sides has something to mend."""

from __future__ import annotations

from collections import deque

from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.name_server import NameServer

LOOK_S = 1.0  # chosen: an operator who tries it sees what happened at once
AGAIN_S = 3600.0  # chosen: a secondary that retries every few minutes is one line in an hour
MOST = 20  # chosen: so many lines in a minute; whoever asks from many addresses must not fill the history
MINUTE_S = 60.0

_WORDS = {
    1: "its signature cannot be read",
    5: "`transfer.to` does not permit it",
    16: "BADSIG, it has another secret",
    17: "BADKEY, no key of this name and algorithm is known here",
    18: "BADTIME, its clock and ours differ too much",
    22: "BADTRUNC, its signature is cut short",
}
"""By the number of the error (RFC 8945 3)."""


class Refusals:
    """Each zone, client and reason once in an hour, and only so many in a minute."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._told: dict[tuple[str, str, str], Instant] = {}
        self._lately: deque[Instant] = deque()
        self._unsaid = 0

    async def run(self) -> None:
        """Until cancelled."""
        clock = self._server.clock
        while True:
            await clock.sleep_until(clock.now() + LOOK_S)
            self.heed(clock.now())

    def heed(self, now: Instant) -> None:
        """What the engine has refused since the last look."""
        while self._lately and self._lately[0] <= now - MINUTE_S:
            self._lately.popleft()
        refused = self._server.engine.take_refusals()
        if refused:
            self._told = {key: at for key, at in self._told.items() if at > now - AGAIN_S}
        for origin, client, key, error in refused:
            if not self._is_handed_on(origin):  # all the world tries that with zones of servers in public
                continue
            who = f"{client} with the key {key.rstrip('.')}" if key else f"{client} without a key"
            why = _WORDS.get(error, f"error {error}")
            if (origin, who, why) not in self._told:
                self._tell(now, (origin, who, why), {"client": client, "key": key, "error": error})

    def _is_handed_on(self, origin: str) -> bool:
        loaded = self._server.zones.get(Name.parse(origin))
        return loaded is not None and loaded.definition.transfer is not None

    def _tell(self, now: Instant, what: tuple[str, str, str], detail: dict[str, object]) -> None:
        if len(self._lately) >= MOST:
            self._unsaid += 1
            return
        self._lately.append(now)
        self._told[what] = now
        origin, who, why = what
        more = f"; {self._unsaid} more were not told of" if self._unsaid else ""
        self._unsaid = 0
        text = f"a transfer to {who} was refused: {why}{more}"
        event = Event(now, EventKind.ZONE, str(Name.parse(origin)), text, Severity.WARNING, detail)
        self._server.journal.tell(event)
