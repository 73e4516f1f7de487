"""Tells of secondaries that are refused a zone: the operator of one of both sides has something to mend."""

from __future__ import annotations

from collections import deque
from ipaddress import ip_address, ip_network

from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import TransferOut
from understudy.service.name_server import NameServer
from understudy.service.primary.refused import Refusal

LOOK_S = 1.0  # chosen: an operator who tries it sees what happened at once
AGAIN_S = 3600.0  # chosen: a secondary that retries every few minutes is one line in an hour
MOST = 20  # chosen: so many lines in a minute; whoever asks from many addresses must not fill the history
MINUTE_S = 60.0

_CROWDED = 0  # RFC 1035 4.1.1: NOERROR, as nothing is wrong with who asked
_NOT_PERMITTED = 5  # RFC 1035 4.1.1: REFUSED
_WORDS = {
    _CROWDED: "put off, because `server.transfers` zones are being sent already",
    1: "its signature cannot be read",
    _NOT_PERMITTED: "`transfer.to` does not permit it",
    16: "BADSIG, it has another secret",
    17: "BADKEY, no key of this name and algorithm is known here",
    18: "BADTIME, its clock and ours differ too much",
    22: "BADTRUNC, its signature is cut short",
}
"""By the number of the error (RFC 8945 3)."""

_CROWD = ("", "", _WORDS[_CROWDED])


def _is_permitted(transfer: TransferOut, client: str, key: str | None) -> bool:
    """Whether the configuration permits it: for the first moments of a start nobody may fetch anything."""
    address, name = ip_address(client), Name.parse(key) if key else None

    def is_from(network: str) -> bool:
        return address in ip_network(network)

    if name in transfer.keys or any(is_from(network) for network in transfer.networks):
        return True
    return any(each.key == name and is_from(each.network) for each in transfer.keyed_networks)


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
            self._server.refused.keep(self._server.zones)
            self._told = {key: at for key, at in self._told.items() if at > now - AGAIN_S}
        for origin, client, key, error in refused:
            transfer = self._handed_on(origin)
            if transfer is None:  # all the world tries that with zones of servers in public
                continue
            if error == _NOT_PERMITTED and _is_permitted(transfer, client, key):  # nothing could be fetched yet
                continue
            refusal = Refusal(client, key and key.rstrip("."), _WORDS.get(error, f"error {error}"), now)
            self._server.refused.note(Name.parse(origin), refusal)
            if error == _CROWDED:
                self._tell_crowd(origin, refusal)
            elif (origin, refusal.who, refusal.why) not in self._told:
                self._tell(origin, refusal, {"client": client, "key": key, "error": error})

    def _handed_on(self, origin: str) -> TransferOut | None:
        loaded = self._server.zones.get(Name.parse(origin))
        return loaded.definition.transfer if loaded is not None else None

    def _tell_crowd(self, origin: str, refusal: Refusal) -> None:
        """It is the server that has no room, for whatever zone and client."""
        if _CROWD in self._told:
            return
        self._told[_CROWD] = refusal.at
        most = self._server.candidate.configuration.node.transfers
        text = (
            f"{most} zones are being sent to secondaries, and no more go out at once (`server.transfers`):"
            f" {Name.parse(origin)} is not sent to {refusal.client} until that asks again"
        )
        self._server.journal.tell(Event(refusal.at, EventKind.SERVICE, "transfers", text, Severity.WARNING))

    def _tell(self, origin: str, refusal: Refusal, detail: dict[str, object]) -> None:
        now = refusal.at
        if len(self._lately) >= MOST:
            self._unsaid += 1
            return
        self._lately.append(now)
        self._told[origin, refusal.who, refusal.why] = now
        more = f"; {self._unsaid} more were not told of" if self._unsaid else ""
        self._unsaid = 0
        text = f"a transfer to {refusal.who} was refused: {refusal.why}{more}"
        event = Event(now, EventKind.ZONE, str(Name.parse(origin)), text, Severity.WARNING, detail)
        self._server.journal.tell(event)
