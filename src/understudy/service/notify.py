"""Tells secondaries of new versions (NOTIFY, RFC 1996) and hears their answers.

What reads and writes messages is imported with the first of them: a server that tells nobody starts without it.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

from understudy.clock.clock import Clock
from understudy.model.event import Event, EventKind, Severity
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget, TransferOut
from understudy.model.watch import ServerPlace
from understudy.service.journal import Journal
from understudy.service.key_refusals import key_refusal
from understudy.service.own_address import is_own
from understudy.service.zone_table import LoadedZone
from understudy.zones.name_servers import secondaries_of
from understudy.zones.notices import Notice, Notices

if TYPE_CHECKING:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.opcode
    import dns.rcode
    import dns.rdatatype
    import dns.tsig

_ID_COUNT = 65_536  # RFC 1035 4.1.1: 16 bits
_NO_FAMILY = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL))
_ANY_ADDRESS = {4: "0.0.0.0", 6: "::"}  # noqa: S104  # the system chooses; only answers to what was sent are heard

Keys: TypeAlias = Mapping[Name, tuple[Key, bytes]]
"""The keys that there are, with their secrets."""

OnAcknowledged: TypeAlias = Callable[[Name, NotifyTarget, int], None]
"""Told (zone, server, serial) when a server says that it has heard."""

_Place: TypeAlias = tuple[str, int, int]
"""(address, port, message id) that an answer has to come from."""


class Notifier:
    """The conversation with all secondaries; `keys` are those that messages are signed with."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self.notices = Notices()
        self.keys: Keys = {}
        self.on_acknowledged: OnAcknowledged = lambda _origin, _target, _serial: None
        self._clock = clock
        self._journal = journal
        self._news = asyncio.Event()
        self._awaited: dict[_Place, tuple[Notice, dns.message.Message]] = {}

    def announce(self, loaded: LoadedZone, transfer: TransferOut, serial: int) -> None:
        """A version can be fetched from now on."""
        origin = loaded.definition.name
        targets = transfer.notify
        if targets is None:
            found = dict.fromkeys(secondaries_of(loaded.zone, origin))
            targets = tuple(target for target in found if not is_own(target.address))
        self.notices.announce(origin, serial, targets, now=self._clock.now())
        self._news.set()

    def forget(self, origin: Name) -> None:
        """A zone is handed on no more."""
        self.notices.forget(origin)

    def heed_sight(self, origin: Name, server: ServerPlace) -> None:
        """A server answers for the zone; if it said before that it would not hear of it, it may now."""
        if self.notices.seen(origin, server, self._clock.now()):
            self._news.set()

    async def run(self) -> None:
        """Send what is due until cancelled; the sockets are closed with it."""
        with ExitStack() as stack:
            transports: dict[int, asyncio.DatagramTransport] = {}
            while True:
                self._news.clear()
                due, given_up = self.notices.take(self._clock.now())
                for notice in given_up:
                    self._tell(notice, "was told ten minutes long and does not answer", Severity.WARNING)
                for family in {_family(notice) for notice in due} - transports.keys():
                    transports.update((family, stack.enter_context(closing(each))) for each in await self._open(family))
                for notice in due:
                    self._send(notice, transports.get(_family(notice)))
                await self._wait()

    async def _open(self, family: int) -> list[asyncio.DatagramTransport]:
        """None where this host does not speak that: no reason to keep the others waiting."""
        make, local = partial(_Ear, self._hear), (_ANY_ADDRESS[family], 0)
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(make, local_addr=local)
        except OSError as error:
            if error.errno in _NO_FAMILY:
                return []
            raise
        return [transport]

    async def _wait(self) -> None:
        due = self.notices.next_due()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.now())):
                await self._news.wait()

    def _send(self, notice: Notice, transport: asyncio.DatagramTransport | None) -> None:
        target = notice.target
        if transport is None:
            self._refused(notice, f"is not told: this host has no IPv{_family(notice)}")
            return
        message = make_notify(notice.origin, secrets.randbelow(_ID_COUNT))
        if target.key is not None:
            entry = self.keys.get(target.key)
            if entry is None:
                self._refused(notice, f"is not told: the secret of the key {target.key} cannot be read")
                return
            message.use_tsig(_key(*entry))
        octets = message.to_wire()
        for place in [place for place, (waiting, _) in self._awaited.items() if _is_about(waiting, notice)]:
            del self._awaited[place]
        self._awaited[target.address, target.port, message.id] = (notice, message)
        transport.sendto(octets, (target.address, target.port))

    def _hear(self, octets: bytes, source: tuple[str, int]) -> None:
        """An answer from where it was waited for; everything else is dropped."""
        import dns.message  # which brings what else is used of it

        place = (source[0], source[1], int.from_bytes(octets[:2], "big"))
        if place not in self._awaited:
            return
        notice, sent = self._awaited[place]
        try:
            answer = dns.message.from_wire(octets, keyring=sent.keyring or None, request_mac=sent.mac)
        except dns.exception.DNSException as error:
            if isinstance(error, dns.tsig.PeerError):  # signed or not, it says what is wrong with our key or clock
                del self._awaited[place]
                self._refused(notice, f"does not take the key {notice.target.key}: {key_refusal(error)}")
            return
        is_answer = answer.flags & dns.flags.QR and answer.opcode() == dns.opcode.NOTIFY
        if not is_answer or (notice.target.key is not None and not answer.had_tsig):
            return
        del self._awaited[place]
        if answer.rcode() == dns.rcode.NOERROR:
            self.notices.acknowledge(notice, self._clock.now())
            self._tell(notice, f"knows of serial {notice.serial}", Severity.INFO)
            self.on_acknowledged(notice.origin, notice.target, notice.serial)
        else:
            self._refused(notice, f"answers {dns.rcode.to_text(answer.rcode())} to NOTIFY")

    def _refused(self, notice: Notice, text: str) -> None:
        self.notices.refuse(notice, text)
        self._tell(notice, text, Severity.WARNING)

    def _tell(self, notice: Notice, text: str, severity: Severity) -> None:
        detail = {"server": str(notice.target), "serial": notice.serial}
        text = f"the secondary {notice.target} {text}"
        self._journal.tell(Event(self._clock.now(), EventKind.ZONE, str(notice.origin), text, severity, detail))


class _Ear(asyncio.DatagramProtocol):
    """Hands on what comes; what the system says of one packet says nothing of the others."""

    def __init__(self, hear: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Also of IPv6, whose addresses have a flow and a scope behind them."""
        self._hear(data, (addr[0], addr[1]))


def make_notify(origin: Name, message_id: int) -> dns.message.QueryMessage:
    """The message of RFC 1996 3.7, without the SOA, which nobody may trust."""
    import dns.message  # as above

    message = dns.message.make_query(origin.absolute, dns.rdatatype.SOA, flags=dns.flags.AA, id=message_id)
    message.set_opcode(dns.opcode.NOTIFY)
    return message


def _key(key: Key, secret: bytes) -> dns.tsig.Key:
    import dns.tsig  # as above

    return dns.tsig.Key(key.name.absolute, secret, key.algorithm)


def _family(notice: Notice) -> int:
    """4 or 6."""
    return ip_address(notice.target.address).version


def _is_about(waiting: Notice, notice: Notice) -> bool:
    return (waiting.origin, waiting.target) == (notice.origin, notice.target)
