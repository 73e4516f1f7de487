"""Messages as octets, also such as no library would write."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Literal, TypeAlias

import dns.name

from understudy.model.frozen import frozen

UDP_OCTETS = 4096
"""What the client says that it takes, and all servers are told to send."""

RD, CD, AD, Z, TC, AA, RA, QR = 0x0100, 0x0010, 0x0020, 0x0040, 0x0200, 0x0400, 0x0080, 0x8000
DO = 0x8000
CLIENT_COOKIE = bytes.fromhex("2464c4abcf10c957")
NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, EXTENDED_ERROR = 3, 8, 9, 10, 11, 12, 15

Transport: TypeAlias = Literal["udp", "tcp"]


def octets_of(name: str | dns.name.Name) -> bytes:
    """A name as it stands in a message, in its own case."""
    absolute = dns.name.from_text(name) if isinstance(name, str) else name
    return b"".join(bytes([len(label)]) + label for label in absolute.labels)


@frozen
class Opt:
    """An OPT record to send."""

    udp_size: int = UDP_OCTETS
    version: int = 0
    flags: int = 0
    options: tuple[tuple[int, bytes], ...] = ()
    rcode: int = 0

    def to_wire(self) -> bytes:
        """The record."""
        options = b"".join(struct.pack("!HH", code, len(octets)) + octets for code, octets in self.options)
        ttl = self.rcode << 24 | self.version << 16 | self.flags
        return b"\0" + struct.pack("!HHIH", 41, self.udp_size, ttl, len(options)) + options


@frozen
class Query:
    """A question and what goes with it. `edns` None: without OPT."""

    qname: bytes
    qtype: int
    qclass: int = 1
    flags: int = 0
    opcode: int = 0
    edns: Opt | None = Opt()

    def to_wire(self, number: int) -> bytes:
        """The message with this id."""
        header = struct.pack("!6H", number, self.flags | self.opcode << 11, 1, 0, 0, int(self.edns is not None))
        return header + self.question() + (self.edns.to_wire() if self.edns else b"")

    def question(self) -> bytes:
        """Name, type, class."""
        return self.qname + struct.pack("!HH", self.qtype, self.qclass)


@frozen
class Case:
    """Something to send, and how the table of differences speaks of it: the variant, and what was asked."""

    variant: str
    query: Query
    octets: bytes
    transport: Transport = "udp"

    @property
    def name(self) -> str:
        """What was asked for, as text."""
        return dns.name.from_wire(self.query.qname, 0)[0].to_text()

    def __str__(self) -> str:
        """For people."""
        query = self.query
        return f"{self.name} type {query.qtype} class {query.qclass} ({self.variant}, {self.transport})"

    def numbered(self, number: int) -> Case:
        """The same with another id."""
        return replace(self, octets=struct.pack("!H", number) + self.octets[2:])
