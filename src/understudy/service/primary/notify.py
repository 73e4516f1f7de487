"""Tells secondaries of new versions (NOTIFY, RFC 1996) and hears their answers."""

from __future__ import annotations

import asyncio
import errno
import secrets
import struct
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeAlias

from understudy.checks.transport.own import is_own
from understudy.clock.clock import Clock
from understudy.engine import TsigError, TsigKey, TsigVerifier, Zone
from understudy.model.event import Event, EventKind, Severity
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import KeyedNetwork, NotifyTarget, TransferOut, default_via
from understudy.model.watch import ServerPlace
from understudy.service.journal import Journal
from understudy.service.key_refusals import key_refusal
from understudy.service.own_address import no_such_address
from understudy.service.zone_table import LoadedZone
from understudy.zones.name_servers import DNS_PORT, secondaries_of, secondaries_without_address
from understudy.zones.notices import Notice, Notices

BURST = 50  # chosen: so many messages take a few milliseconds
PACE_S = 0.02  # chosen: 2,500 in a second, which neither other work here nor the queues of those who are told notice
_ID_COUNT = 65_536  # RFC 1035 4.1.1: 16 bits
_HEADER = struct.Struct(">HHHHHH")
_HEADER_OCTETS, _RCODE, _NOERROR = _HEADER.size, 0x0F, 0
_NOTIFY_QUERY = 0x2400  # RFC 1996 3.7: opcode 4, AA
_QR_OPCODE, _NOTIFY_RESPONSE = 0xF8, 0xA0
_SOA = 6  # RFC 1035 3.2.2
_SOA_IN = bytes((0, _SOA, 0, 1))
_AT_QUESTION = bytes((0xC0, _HEADER_OCTETS))  # RFC 1035 4.1.4
_NUMBERS_OCTETS = 20  # RFC 1035 3.3.13: the serial is the first of five
_ROOM_OCTETS = 512 - _HEADER_OCTETS  # RFC 1035 4.2.1; a signature comes on top
_NO_FAMILY = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL))
_ANY_ADDRESS = {4: "0.0.0.0", 6: "::"}  # noqa: S104  # the system chooses; only answers to what was sent are heard

Keys: TypeAlias = Mapping[Name, tuple[Key, bytes]]
"""The keys that there are, with their secrets."""

AddressesOf: TypeAlias = Callable[[str], Collection[str]]
"""What is known of the addresses of a host, by its absolute name; nobody is asked for them."""

OnAcknowledged: TypeAlias = Callable[[Name, NotifyTarget, int], None]
"""Told (zone, server, serial) when a server says that it has heard."""


class _Place(NamedTuple):
    """What an answer has to come from, and the message id that it has to have."""

    address: str
    port: int
    message_id: bytes


_Admitted: TypeAlias = tuple[tuple[str, ...], tuple[Name, ...], tuple[KeyedNetwork, ...]]
"""Who may fetch a zone."""


class Notifier:
    """The conversation with all secondaries; `keys` are those that messages are signed with.

    `vias` are the addresses that servers see of whom nothing is written but that they are the zone's. `elsewhere`
    knows the addresses of those that have none in their zone.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self.notices = Notices()
        self.keys: Keys = {}
        self.vias: Sequence[str] = ()
        self.elsewhere: AddressesOf = lambda _host: ()
        self.on_acknowledged: OnAcknowledged = lambda _origin, _target, _serial: None
        self._clock = clock
        self._journal = journal
        self._soas: dict[Name, bytes] = {}
        self._admitted: dict[Name, _Admitted] = {}
        self._news = asyncio.Event()
        self._awaited: dict[_Place, tuple[Notice, TsigVerifier | None]] = {}
        self._places: dict[tuple[Name, NotifyTarget], _Place] = {}

    def announce(self, loaded: LoadedZone, transfer: TransferOut, serial: int) -> None:
        """A version can be fetched from now on."""
        origin = loaded.definition.name
        self.notices.announce(origin, serial, self._targets(loaded, transfer), now=self._clock.now())
        self._soas[origin] = _soa(loaded.zone, serial)
        self._admitted[origin] = _admitted(transfer)
        self._news.set()

    def heed_servers(self, loaded: LoadedZone) -> None:
        """Others may be named for a zone, or known `elsewhere`, than when its version was announced: they are told.

        If others may fetch it than before, everybody is told once more: who was refused may wait long for its retry.
        """
        origin, transfer, now = loaded.definition.name, loaded.definition.transfer, self._clock.now()
        if transfer is None:
            return
        is_told = self.notices.amend(origin, self._targets(loaded, transfer), now=now)
        admitted = _admitted(transfer)
        if self._admitted.get(origin, admitted) != admitted:
            self._admitted[origin] = admitted
            is_told |= self.notices.repeat(origin, now)
        if is_told:
            self._news.set()

    def _targets(self, loaded: LoadedZone, transfer: TransferOut) -> tuple[NotifyTarget, ...]:
        """Those that are written, else the servers that the zone names, as nobody has written anything of them."""
        if transfer.notify is not None:
            return transfer.notify
        found = (replace(each, via=default_via(each.address, self.vias)) for each in self._found(loaded))
        return tuple(each for each in dict.fromkeys(found) if not is_own(each.address))

    def _found(self, loaded: LoadedZone) -> Iterator[NotifyTarget]:
        origin = loaded.definition.name
        yield from secondaries_of(loaded.zone, origin)
        for host in secondaries_without_address(loaded.zone, origin):
            yield from (NotifyTarget(address, DNS_PORT) for address in self.elsewhere(host))

    def forget(self, origin: Name) -> None:
        """A zone is handed on no more."""
        self.notices.forget(origin)
        self._soas.pop(origin, None)
        self._admitted.pop(origin, None)

    def heed_sight(self, origin: Name, server: ServerPlace) -> None:
        """A server answers for the zone; if it said before that it would not hear of it, it may now."""
        if self.notices.seen(origin, server, self._clock.now()):
            self._news.set()

    def heed_lack(self, origin: Name, server: ServerPlace, serial: int | None) -> None:
        """A server has no more than this serial, None without the zone: what it has acknowledged it may not follow."""
        if self.notices.lacking(origin, server, serial, now=self._clock.now()):
            self._news.set()

    def heed_visit(self, origin: Name, address: str) -> None:
        """A server was sent the zone; likewise, also where nobody watches it."""
        if self.notices.fetched(origin, address, self._clock.now()):
            self._news.set()

    async def run(self) -> None:
        """Send what is due until cancelled; the sockets are closed with it."""
        with ExitStack() as stack:
            transports: dict[str, asyncio.DatagramTransport] = {}
            while True:
                self._news.clear()
                now = self._clock.now()
                due, given_up = self.notices.take(now, BURST)
                for notice in given_up:
                    self._tell(notice, "was told ten minutes long and does not answer", Severity.WARNING)
                ways = {_way(notice) for notice in due}
                for way in ways - transports.keys():
                    transports.update((way, stack.enter_context(closing(each))) for each in await self._open(way))
                there = {way: transport for way, transport in transports.items() if way in ways and is_own(way)}
                for notice in due:
                    self._send(notice, there.get(_way(notice)))
                if len(due) == BURST:
                    await self._clock.sleep_until(now + PACE_S)
                else:
                    await self._wait()

    async def _open(self, way: str) -> list[asyncio.DatagramTransport]:
        """None where this host does not speak that, or has not that address: no reason to keep the others waiting."""
        make, local = partial(_Ear, self._hear), (way, 0)
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
        if transport is None and target.via:
            self._hindered(notice, f"is not told: {no_such_address(target.via)}")
            return
        if transport is None:
            self._refused(notice, f"is not told: this host has no IPv{_family(notice)}")
            return
        message, verifier = (
            make_notify(notice.origin, secrets.randbelow(_ID_COUNT), self._soas.get(notice.origin, b"")),
            None,
        )
        if target.key is not None:
            entry = self.keys.get(target.key)
            if entry is None:
                self._refused(notice, f"is not told: the secret of the key {target.key} cannot be read")
                return
            message, verifier = _key(*entry).sign(message, int(time.time()))
        self._await(notice, _Place(target.address, target.port, message[:2]), verifier)
        transport.sendto(message, (target.address, target.port))

    def _await(self, notice: Notice, place: _Place, verifier: TsigVerifier | None) -> None:
        """One answer is waited for from each server and zone: that to the last message."""
        key = notice.origin, notice.target
        self._awaited.pop(self._places.get(key, place), None)
        self._places[key] = place
        self._awaited[place] = (notice, verifier)

    def _hear(self, octets: bytes, source: tuple[str, int]) -> None:
        """An answer from where it was waited for; everything else is dropped."""
        place = _Place(*source, octets[:2])
        if place not in self._awaited or len(octets) < _HEADER_OCTETS or octets[2] & _QR_OPCODE != _NOTIFY_RESPONSE:
            return
        notice, verifier = self._awaited[place]
        try:
            if verifier is not None:
                verifier.take(octets, int(time.time()))
                verifier.finish()
        except TsigError as error:
            if error.reason != "told":
                return
            problem = f"does not take the key {notice.target.key}: {key_refusal(error.told or 0)}"
        else:
            problem = _complaint(octets[3] & _RCODE)
        del self._awaited[place]
        if problem:
            self._refused(notice, problem)
            return
        self.notices.acknowledge(notice, self._clock.now())
        self._tell(notice, f"knows of serial {notice.serial}", Severity.INFO)
        self.on_acknowledged(notice.origin, notice.target, notice.serial)

    def _refused(self, notice: Notice, text: str) -> None:
        self.notices.refuse(notice, text)
        self._tell(notice, text, Severity.WARNING)

    def _hindered(self, notice: Notice, text: str) -> None:
        if self.notices.hinder(notice, text):
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


def make_notify(origin: Name, message_id: int, soa: bytes = b"") -> bytes:
    """The message of RFC 1996 3.7, with the SOA of the version as a hint (RFC 1996 3.7), where there is room for it.

    Whoever has the version already, or has heard of it from another server, need not ask.
    """
    question = origin.to_wire() + _SOA_IN
    if len(question) + len(soa) > _ROOM_OCTETS:
        soa = b""
    return _HEADER.pack(message_id, _NOTIFY_QUERY, 1, int(bool(soa)), 0, 0) + question + soa


def _soa(zone: Zone, serial: int) -> bytes:
    """The SOA record of the version with this serial, its owner a pointer to the question."""
    found = zone.rrset(zone.origin, _SOA)
    if found is None:
        return b""
    _, _, ttl, (rdata, *_) = found
    rdata = rdata[:-_NUMBERS_OCTETS] + serial.to_bytes(4) + rdata[4 - _NUMBERS_OCTETS :]
    return _AT_QUESTION + _SOA_IN + ttl.to_bytes(4) + len(rdata).to_bytes(2) + rdata


def _complaint(rcode: int) -> str:
    """What is wrong by the code of an answer; empty where nothing is."""
    if rcode == _NOERROR:
        return ""
    import dns.rcode  # with the first refusal, as nothing else here needs it

    return f"answers {dns.rcode.to_text(dns.rcode.Rcode(rcode))} to NOTIFY"


def _admitted(transfer: TransferOut) -> _Admitted:
    return transfer.networks, transfer.keys, transfer.keyed_networks


def _key(key: Key, secret: bytes) -> TsigKey:
    return TsigKey(key.name.absolute, key.algorithm, secret)


def _way(notice: Notice) -> str:
    """The address that it is sent from."""
    return notice.target.via or _ANY_ADDRESS[_family(notice)]


def _family(notice: Notice) -> int:
    """4 or 6."""
    return ip_address(notice.target.address).version
