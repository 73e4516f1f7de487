"""A primary on loopback that gives whatever a test says, over real sockets; messages are dnspython's."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig

from understudy.model.transfer import Primary

ADDRESS = "127.0.0.1"
HOLD_S = 60.0  # chosen: longer than any test; a silent primary keeps its connection for so long

Piece: TypeAlias = bytes | None
"""A message to send; None: nothing more, and the connection stays open."""
Script: TypeAlias = Callable[[dns.message.Message], Iterable[Piece]]
"""What is sent to a query for a transfer; the connection is closed behind it."""
Records: TypeAlias = Sequence[tuple[str, str, str]]
"""(owner, type, rdata) of each record, as text."""


def soa(serial: int, origin: str = "example.com.") -> tuple[str, str, str]:
    """The SOA record of a version: refreshed after an hour."""
    return origin, "SOA", f"ns.{origin} hostmaster.{origin} {serial} 3600 3600 86400 60"


def answers(query: dns.message.Message, parts: Iterable[Records]) -> Iterator[bytes]:
    """The messages of a transfer, one for each part; signed as the query is (RFC 8945 5.3.1)."""
    context: Any = None
    for part in parts:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer = [dns.rrset.from_text(owner, 60, "IN", rtype, rdata) for owner, rtype, rdata in part]
        yield response.to_wire(max_size=65_535, multi=True, tsig_ctx=context)
        context = response.tsig_ctx


def misunderstands(query: dns.message.Message) -> bytes:
    """What a server says to a query with EDNS, of which it does not know (RFC 6891 7)."""
    query.use_edns(-1)  # none
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.FORMERR)
    return response.to_wire()


class PlayedPrimary:
    """Says over UDP that it has `serial`, and gives by `script` over TCP. Entering the context begins it."""

    def __init__(self, serial: int, script: Script, key: dns.tsig.Key | None = None) -> None:
        self.serial = serial
        self.script = script
        self.asked = 0
        self.says_unsigned = False  # what it has, whether or not it was asked with a signature
        self.knows_edns = True
        self.keyring = {} if key is None else {key.name: key}
        self.leave = threading.Event()
        self._servers: list[socketserver.BaseServer] = []
        self._port = 0

    @property
    def primary(self) -> Primary:
        """Where it is."""
        return Primary(ADDRESS, self._port)

    def __enter__(self) -> Self:
        for _ in range(100):
            stream = _Stream((ADDRESS, 0), _Give)
            try:
                self._port = int(stream.socket.getsockname()[1])
                datagrams = _Datagrams((ADDRESS, self._port), _Tell)
            except OSError:
                stream.server_close()
                continue
            break
        self._servers = [stream, datagrams]
        for server in (stream, datagrams):
            server.played = self
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Stream(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    played: PlayedPrimary


class _Datagrams(socketserver.UDPServer):
    played: PlayedPrimary


class _Tell(socketserver.BaseRequestHandler):
    """SOA over UDP."""

    def handle(self) -> None:
        """One datagram."""
        octets, sender = self.request
        played: PlayedPrimary = self.server.played  # type: ignore[attr-defined]  # the server is _Datagrams
        query = dns.message.from_wire(octets, keyring=played.keyring or None)
        played.asked += 1
        if query.edns >= 0 and not played.knows_edns:
            sender.sendto(misunderstands(query), self.client_address)
            return
        origin = query.question[0].name.to_text()
        if played.says_unsigned:
            query = dns.message.make_query(origin, dns.rdatatype.SOA, id=query.id)
        message = next(answers(query, [[soa(played.serial, origin)]]))
        sender.sendto(message, self.client_address)


class _Give(socketserver.BaseRequestHandler):
    """A transfer over TCP."""

    def handle(self) -> None:
        """One connection."""
        played: PlayedPrimary = self.server.played  # type: ignore[attr-defined]  # the server is _Stream
        head = self.request.recv(2, 0x100)  # MSG_WAITALL
        if len(head) < 2:  # noqa: PLR2004  # the length of a length
            return
        octets = self.request.recv(struct.unpack(">H", head)[0], 0x100)
        query = dns.message.from_wire(octets, keyring=played.keyring or None)
        is_misunderstood = query.edns >= 0 and not played.knows_edns
        try:
            for piece in [misunderstands(query)] if is_misunderstood else played.script(query):
                if piece is None:
                    played.leave.wait(HOLD_S)
                    return
                self.request.sendall(struct.pack(">H", len(piece)) + piece)
        except OSError:
            return
