"""A response as it came, in a form that can be compared: no order of records, no case of names, no compression.

Written here and not taken from a library, because a library hides what has to be seen: a record that is there twice,
octets behind the last record, a name compressed where it must not be.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TypeAlias

import dns.rcode

from understudy.model.frozen import frozen

Record: TypeAlias = tuple[bytes, int, int, int, bytes]
"""(owner in lower case, type, class, TTL, rdata with its names whole and in lower case)."""

OPT, TSIG, SOA, NS = 41, 250, 6, 2
_POINTER, _NAME_OCTETS = 0xC0, 255  # RFC 1035 sections 4.1.4 and 2.3.4

_FLAGS = {0x8000: "QR", 0x0400: "AA", 0x0200: "TC", 0x0100: "RD", 0x0080: "RA", 0x0040: "Z", 0x0020: "AD", 0x0010: "CD"}

_FORMS = {
    **dict.fromkeys((2, 3, 4, 5, 7, 8, 9, 12, 39), "n"),
    SOA: "nn",
    14: "nn",
    15: "2n",
    17: "nn",
    18: "2n",
    21: "2n",
    26: "2nn",
    33: "6n",
    35: "4sssn",
    36: "2n",
    64: "2n",
    65: "2n",
    107: "2n",
}
"""Where the names of a type are: octets, character-strings, names; what follows stays as it is (RFC 3597 section 4)."""

MAY_COMPRESS = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15})
"""The types of RFC 1035: in the rdata of all others a name must stand whole (RFC 3597 section 4)."""


class UnreadableError(Exception):
    """The octets are no DNS message."""


@frozen
class Edns:
    """What the OPT record of a response says."""

    version: int
    udp_size: int
    flags: int
    options: tuple[tuple[int, bytes], ...]


@frozen
class Response:
    """A response.

    `tsig_error` is the code of its TSIG record, -1 without one; `wrongly_compressed` the types of records that had a
    pointer where none may be.
    """

    octets: bytes
    flags: frozenset[str]
    opcode: int
    rcode: str
    questions: bytes
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    edns: Edns | None
    tsig_error: int
    wrongly_compressed: frozenset[int]

    @property
    def is_truncated(self) -> bool:
        """TC is set."""
        return "TC" in self.flags

    @property
    def is_referral(self) -> bool:
        """It sends the client to other name servers."""
        has_ns = any(record[1] == NS for record in self.authority)
        return self.rcode == "NOERROR" and "AA" not in self.flags and not self.answer and has_ns


@lru_cache(maxsize=65536)
def read(octets: bytes) -> Response:
    """The parts of a response. Raises UnreadableError."""
    try:
        return _Reader(octets).response()
    except (IndexError, struct.error) as error:
        raise UnreadableError(f"it ends too early: {error}") from error


class _Reader:
    """Walks through one message."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 12
        self._edns: Edns | None = None
        self._tsig_error = -1
        self._extended = 0
        self._wrongly_compressed: set[int] = set()

    def response(self) -> Response:
        _, flags, questions, *counts = struct.unpack_from("!6H", self._octets)
        begin = self._at
        for _ in range(questions):
            self._name()
            self._take(4)
        asked = self._octets[begin : self._at]
        answer, authority, additional = (self._section(count) for count in counts)
        if self._at != len(self._octets):
            raise UnreadableError(f"{len(self._octets) - self._at} octets behind the last record")
        return Response(
            octets=self._octets,
            flags=frozenset(name for bit, name in _FLAGS.items() if flags & bit),
            opcode=flags >> 11 & 15,
            rcode=dns.rcode.to_text(dns.rcode.Rcode.make(self._extended << 4 | flags & 15)),
            questions=asked,
            answer=answer,
            authority=authority,
            additional=additional,
            edns=self._edns,
            tsig_error=self._tsig_error,
            wrongly_compressed=frozenset(self._wrongly_compressed),
        )

    def _section(self, count: int) -> tuple[Record, ...]:
        records = []
        for _ in range(count):
            owner = self._name()
            rtype, rclass, ttl, length = struct.unpack("!HHIH", self._take(10))
            end = self._at + length
            if rtype == OPT:
                self._opt(rclass, ttl, end)
            elif rtype == TSIG:
                self._tsig(end)
            else:
                records.append((owner.lower(), rtype, rclass, ttl, self._rdata(rtype, end)))
        return tuple(sorted(records))

    def _opt(self, udp_size: int, ttl: int, end: int) -> None:
        """OPT speaks of the message and stands in a field of its own."""
        if self._edns is not None:
            raise UnreadableError("two OPT records")
        self._extended = ttl >> 24
        options = []
        while self._at < end:
            code, length = struct.unpack("!HH", self._take(4))
            options.append((code, self._take(length)))
        self._edns = Edns(ttl >> 16 & 255, udp_size, ttl & 0xFFFF, tuple(sorted(options)))

    def _tsig(self, end: int) -> None:
        """So does TSIG, of which only the error is kept."""
        self._name()
        self._take(8)
        (length,) = struct.unpack("!H", self._take(2))
        self._take(length + 2)
        (self._tsig_error,) = struct.unpack("!H", self._take(2))
        self._take(end - self._at)

    def _rdata(self, rtype: int, end: int) -> bytes:
        parts = []
        for step in _FORMS.get(rtype, "") if self._at < end else "":
            if step == "n":
                begin = self._at
                name = self._name()
                if len(name) != self._at - begin and rtype not in MAY_COMPRESS:
                    self._wrongly_compressed.add(rtype)
                parts.append(name.lower())
            elif step == "s":
                parts.append(self._take(1 + self._octets[self._at]))
            else:
                parts.append(self._take(int(step)))
        if self._at > end:
            raise UnreadableError(f"rdata of type {rtype} is longer than it says")
        return b"".join([*parts, self._take(end - self._at)])

    def _take(self, count: int) -> bytes:
        taken = self._octets[self._at : self._at + count]
        if len(taken) != count:
            raise UnreadableError("it ends too early")
        self._at += count
        return taken

    def _name(self) -> bytes:
        """The name that begins here, whole and in its own case."""
        labels, at, end = [], self._at, 0
        while True:
            length = self._octets[at]
            if length >= _POINTER:
                end = end or at + 2
                target = (length & 0x3F) << 8 | self._octets[at + 1]
                if target >= at:
                    raise UnreadableError("a pointer that leads forward")
                at = target
                continue
            labels.append(self._octets[at : at + 1 + length])
            at += 1 + length
            if length == 0:
                break
        self._at = end or at
        name = b"".join(labels)
        if len(name) > _NAME_OCTETS or self._at > len(self._octets):
            raise UnreadableError("a name that is too long")
        return name
