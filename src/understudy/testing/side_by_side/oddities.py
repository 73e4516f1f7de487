"""Messages that no client should send: odd headers, classes, opcodes, records out of place, octets cut off."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import replace

from understudy.testing.side_by_side.messages import (
    CLIENT_COOKIE,
    COOKIE,
    NSID,
    QR,
    RD,
    Case,
    Opt,
    Query,
    Transport,
    octets_of,
)

_NAME = octets_of("www.child.test.")
_QUERY = Query(_NAME, 1)
_QUESTIONS = tuple(
    Query(octets_of(name), rtype)
    for name in ("www.child.test.", "nothing.child.test.", "x.away.test.", "elsewhere.invalid.", "child.test.")
    for rtype in (1, 2, 6, 16, 43, 255)
)
_CLASSES = {"ANY": 255, "HS": 4, "NONE": 254, "0": 0, "2": 2, "65280": 65280}
_OPCODES = {"IQUERY": 1, "STATUS": 2, "3": 3, "NOTIFY": 4, "UPDATE": 5, "DSO": 6, "15": 15}
_A_RECORD = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
_TSIG = (
    octets_of("nobody.test.")
    + struct.pack("!HHIH", 250, 255, 0, 61)
    + octets_of("hmac-sha256.")
    + struct.pack("!HIHH", 0, 1, 300, 32)
    + bytes(32)
    + struct.pack("!HHH", 0, 0, 0)
)
_SIG_0 = b"\0" + struct.pack("!HHIH", 24, 255, 0, 22) + struct.pack("!HBBIIIH", 0, 13, 0, 0, 1, 0, 1) + b"\0\1\2\3"


def oddities() -> Iterator[Case]:
    """All of them, over UDP, and what may be sent on a connection with others over TCP too."""
    for case in (*_headers(), *_questions(), *_records(), *_edns()):
        yield case
        yield replace(case, transport="tcp")
    yield from _cut()
    yield from _transfers()
    yield from _noise()


def _message(query: Query, counts: tuple[int, int, int, int], rest: bytes = b"") -> bytes:
    """A header that counts what it likes, the question, and what follows."""
    return struct.pack("!6H", 0, 0, *counts) + query.question() + rest


def _case(variant: str, octets: bytes, query: Query = _QUERY) -> Case:
    return Case(variant, query, octets)


def _headers() -> Iterator[Case]:
    for query in _QUESTIONS:
        for name, number in _CLASSES.items():
            yield _case(f"class {name}", replace(query, qclass=number).to_wire(0), replace(query, qclass=number))
        yield _case("rcode", replace(query, flags=5).to_wire(0), query)
    for name, number in _OPCODES.items():
        for query in (_QUERY, replace(_QUERY, edns=None), replace(_QUERY, qtype=6, flags=RD)):
            yield _case(f"opcode {name}", replace(query, opcode=number).to_wire(0), query)
        header_only = struct.pack("!6H", 0, number << 11, 0, 0, 0, 0)
        yield _case(f"opcode {name}, header only", header_only)


def _questions() -> Iterator[Case]:
    """Counts that are not one, and names that are none."""
    opt = Opt().to_wire()
    nothing = struct.pack("!6H", 0, 0, 0, 0, 0, 0)
    yield _case("no question", nothing)
    yield _case("no question, OPT", struct.pack("!6H", 0, 0, 0, 0, 0, 1) + opt)
    cookie = Opt(options=((COOKIE, CLIENT_COOKIE),)).to_wire()
    yield _case("no question, cookie", struct.pack("!6H", 0, 0, 0, 0, 0, 1) + cookie)
    yield _case("two questions", _message(_QUERY, (2, 0, 0, 0), _QUERY.question()))
    yield _case("two questions, OPT", _message(_QUERY, (2, 0, 0, 1), _QUERY.question() + opt))
    yield _case("two questions, one there", _message(_QUERY, (2, 0, 0, 0)))
    yield _case("no question, one there", _message(_QUERY, (0, 0, 0, 0)))
    for title, name in (
        ("label of 64", b"\x40" + b"a" * 64 + b"\0"),
        ("reserved label type", b"\x80a\0"),
        ("name of 256", b"\x3f" + (b"a" * 63 + b"\x3f") * 3 + b"a" * 63 + b"\0"),
        ("pointer to itself", b"\xc0\x0c"),
        ("pointer into the header", b"\xc0\x00"),
        ("pointer to the end", b"\xc0\x12"),
        ("name without end", b"\x03www"),
    ):
        yield _case(title, struct.pack("!6H", 0, 0, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1))


def _records() -> Iterator[Case]:
    """Records beside the question."""
    opt = Opt().to_wire()
    yield _case("octets behind", _QUERY.to_wire(0) + b"behind")
    yield _case("record in the answer", _message(_QUERY, (1, 1, 0, 0), _A_RECORD))
    yield _case("record in the authority", _message(_QUERY, (1, 0, 1, 0), _A_RECORD))
    yield _case("record in the additional", _message(_QUERY, (1, 0, 0, 1), _A_RECORD))
    yield _case("record before OPT", _message(_QUERY, (1, 0, 0, 2), _A_RECORD + opt))
    yield _case("record behind OPT", _message(_QUERY, (1, 0, 0, 2), opt + _A_RECORD))
    yield _case("record that is missing", _message(_QUERY, (1, 0, 0, 1)))
    yield _case("record without its rdata", _message(_QUERY, (1, 0, 0, 1), _A_RECORD[:-2]))
    yield _case("signed with an unknown key", _message(_QUERY, (1, 0, 0, 1), _TSIG))
    yield _case("signed with an unknown key, OPT", _message(_QUERY, (1, 0, 0, 2), opt + _TSIG))
    yield _case("TSIG before OPT", _message(_QUERY, (1, 0, 0, 2), _TSIG + opt))
    yield _case("two TSIG", _message(_QUERY, (1, 0, 0, 2), _TSIG * 2))
    yield _case("TSIG in the answer", _message(_QUERY, (1, 1, 0, 0), _TSIG))
    yield _case("TSIG cut short", _message(_QUERY, (1, 0, 0, 1), _TSIG[:14] + struct.pack("!HHIH", 250, 255, 0, 0)))
    yield _case("SIG(0)", _message(_QUERY, (1, 0, 0, 1), _SIG_0))


def _edns() -> Iterator[Case]:
    """OPT records that RFC 6891 does not know."""
    opt = Opt().to_wire()
    yield _case("two OPT", _message(_QUERY, (1, 0, 0, 2), opt * 2))
    yield _case("OPT in the answer", _message(_QUERY, (1, 1, 0, 0), opt))
    yield _case("OPT in the authority", _message(_QUERY, (1, 0, 1, 0), opt))
    yield _case("OPT with an owner", _message(_QUERY, (1, 0, 0, 1), b"\x01a" + opt))
    yield _case("OPT with a pointer as owner", _message(_QUERY, (1, 0, 0, 1), b"\xc0\x0c" + opt[1:]))
    yield _case("OPT cut short", _message(_QUERY, (1, 0, 0, 1), opt[:-3]))
    for title, options in (
        ("option longer than OPT", b"\x00\x03\x00\x09"),
        ("option without length", b"\x00\x03\x00"),
        ("empty options", b"\xfd\xe9\x00\x00" * 5),
    ):
        record = opt[:-2] + struct.pack("!H", len(options)) + options
        yield _case(title, _message(_QUERY, (1, 0, 0, 1), record))
    for length in (0, 1, 7, 9, 15, 16, 24, 32, 33, 40, 41, 60):
        wire = replace(_QUERY, edns=Opt(options=((COOKIE, bytes(range(length))),))).to_wire(0)
        yield _case(f"cookie of {length}", wire)
    twice = replace(_QUERY, edns=Opt(options=((COOKIE, CLIENT_COOKIE), (COOKIE, CLIENT_COOKIE[::-1]))))
    yield _case("two cookies", twice.to_wire(0))
    yield _case("NSID with octets", replace(_QUERY, edns=Opt(options=((NSID, b"me"),))).to_wire(0))
    yield _case("NSID twice", replace(_QUERY, edns=Opt(options=((NSID, b""), (NSID, b"")))).to_wire(0))
    for code in (1, 2, 5, 6, 7, 9, 13, 14, 15, 16, 17, 18, 26946, 65535):
        yield _case("known option out of place", replace(_QUERY, edns=Opt(options=((code, b""),))).to_wire(0))
    for subnet in (
        "00011800c0",
        "0001180ac00002",
        "000118",
        "0000",
        "00032000c0000201",
        "0001ff00c0000201",
        "00011800c0000201",
    ):
        wire = replace(_QUERY, edns=Opt(options=((8, bytes.fromhex(subnet)),))).to_wire(0)
        yield _case("subnet that is wrong", wire)


def _cut() -> Iterator[Case]:
    """The first octets of a query, and responses: most get silence, and nothing crosses their connection."""
    whole = replace(_QUERY, edns=Opt(options=((COOKIE, CLIENT_COOKIE), (65001, b"abc")))).to_wire(0)
    for length in range(2, len(whole)):
        yield _case("cut off", whole[:length])
    for flags in (QR, QR | RD, QR | 0x0400):
        yield _case("response", replace(_QUERY, flags=flags).to_wire(0))


def _transfers() -> Iterator[Case]:
    transports: tuple[Transport, Transport] = ("udp", "tcp")
    for transport in transports:
        for rtype in (251, 252):
            for name in ("child.test.", "www.child.test.", "elsewhere.invalid.", "x.away.test."):
                query = Query(octets_of(name), rtype)
                yield Case("transfer", query, query.to_wire(0), transport)
        soa = b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 0, 22) + bytes(22)
        query = Query(octets_of("child.test."), 251)
        yield Case("transfer", query, _message(query, (1, 0, 1, 0), soa), transport)


def _noise() -> Iterator[Case]:
    """Random octets, and queries with a few octets changed; the same ones every time."""
    dice = random.Random(20261122)  # noqa: S311  # repeatable, not secret
    for _ in range(60):
        header = struct.pack("!6H", 0, dice.getrandbits(16) & 0x7FFF, 1, 0, 0, dice.choice((0, 1)))
        yield _case("random octets", header + dice.randbytes(dice.randrange(60)))
    whole = replace(_QUERY, edns=Opt(options=((COOKIE, CLIENT_COOKIE),))).to_wire(0)
    for _ in range(150):
        octets = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            octets[dice.randrange(4, len(octets))] = dice.randrange(256)
        yield _case("changed octets", bytes(octets))
