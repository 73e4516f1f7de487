"""Well-formed queries: each name of the zones, below, beside and above it; each type; each variant."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import dns.name

from understudy.testing.side_by_side import messages
from understudy.testing.side_by_side.messages import Case, Opt, Query, Transport

Contents: TypeAlias = Mapping[dns.name.Name, frozenset[int]]
"""Every owner of a zone, with its types."""

Variant: TypeAlias = tuple[Transport, Callable[[Query], Query]]

BASE_TYPES = (1, 2, 5, 43, 16, 6, 15, 255)
"""Asked for at every name: A, NS, CNAME, DS, TXT, SOA, MX, ANY."""
RARE_TYPES = (
    0,
    10,
    24,
    25,
    37,
    43,
    46,
    47,
    48,
    50,
    51,
    52,
    64,
    65,
    99,
    128,
    249,
    253,
    254,
    255,
    256,
    32768,
    65280,
    65535,
)
"""Asked for at some names: NULL, SIG, KEY, RRSIG, NSEC, NXNAME, TKEY, MAILB, MAILA, reserved and private numbers."""

_OPT, _DNAME = 41, 39
_MEASURED = frozenset({1, 15, 16})
_LARGE = b"\x05large\x04test"
_LONG = (b"a" * 61,)
"""A label that makes a name too long that a DNAME makes long."""


def _edns(**fields: object) -> Callable[[Query], Query]:
    opt = replace(Opt(), **fields)  # type: ignore[arg-type]  # the fields of Opt, by name
    return lambda query: replace(query, edns=opt)


def _plain(**fields: object) -> Callable[[Query], Query]:
    return lambda query: replace(query, **fields)  # type: ignore[arg-type]  # the fields of Query, by name


def _in_odd_case(query: Query) -> Query:
    """Every second letter large."""
    octets = query.qname
    upper = octets.upper()
    mixed = bytes(upper[at] if octets[at] >= ord("A") and at % 2 else octets[at] for at in range(len(octets)))
    return replace(query, qname=mixed)


def _options(*options: tuple[int, bytes]) -> Callable[[Query], Query]:
    return _edns(options=options)


_SUBNET = (messages.ECS, bytes.fromhex("00011800c00002"))
_COOKIE = (messages.COOKIE, messages.CLIENT_COOKIE)
_UNKNOWN = (65001, b"unknown")

VARIANTS: Mapping[str, Variant] = {
    "plain": ("udp", _plain()),
    "no EDNS": ("udp", _plain(edns=None)),
    "size 0": ("udp", _edns(udp_size=0)),
    "size 512": ("udp", _edns(udp_size=512)),
    "size 1232": ("udp", _edns(udp_size=1232)),
    "size 65535": ("udp", _edns(udp_size=65535)),
    "DO": ("udp", _edns(flags=messages.DO)),
    "DO, size 512": ("udp", _edns(flags=messages.DO, udp_size=512)),
    "odd case": ("udp", _in_odd_case),
    "TCP": ("tcp", _plain()),
    "TCP, no EDNS": ("tcp", _plain(edns=None)),
    "TCP, DO": ("tcp", _edns(flags=messages.DO)),
    "TCP, NSID": ("tcp", _options((messages.NSID, b""))),
    "NSID": ("udp", _options((messages.NSID, b""))),
    "client cookie": ("udp", _options(_COOKIE)),
    "client subnet": ("udp", _options(_SUBNET)),
    "padding": ("udp", _options((messages.PADDING, bytes(16)))),
    "unknown option": ("udp", _options(_UNKNOWN)),
    "several options": ("udp", _options(_UNKNOWN, (messages.NSID, b""), _SUBNET, _UNKNOWN)),
    "EDNS flags": ("udp", _edns(flags=0x7FFF)),
    "EDNS version 1": ("udp", _edns(version=1)),
    "EDNS version 255, unknown option, DO": ("udp", _edns(version=255, flags=messages.DO, options=(_UNKNOWN,))),
    "EDNS rcode": ("udp", _edns(rcode=1)),
    "RD": ("udp", _plain(flags=messages.RD)),
    "CD": ("udp", _plain(flags=messages.CD)),
    "AD": ("udp", _plain(flags=messages.AD)),
    "RD, CD, AD, no EDNS": ("udp", _plain(flags=messages.RD | messages.CD | messages.AD, edns=None)),
    "reserved flag": ("udp", _plain(flags=messages.Z)),
    "flags of a response": ("udp", _plain(flags=messages.AA | messages.TC | messages.RA)),
}


def case(variant: str, query: Query) -> Case:
    """The query as the variant has it."""
    transport, change = VARIANTS[variant]
    changed = change(query)
    return Case(variant, changed, changed.to_wire(0), transport)


def questions(zones: Mapping[str, Contents]) -> Iterator[Query]:
    """Every name with every type that may matter there, each once."""
    everything = (
        Query(messages.octets_of(name), rtype)
        for contents in zones.values()
        for owner, types in contents.items()
        for name in _around(owner, contents)
        for rtype in _types(name, types, contents)
        if rtype != _OPT
    )
    yield from dict.fromkeys(everything)


def _around(owner: dns.name.Name, contents: Contents) -> Iterator[dns.name.Name]:
    """The name, then its relatives: parent, sibling, children, and the name in other letters."""
    if len(contents) > _MANY:
        if len(owner) <= min(map(len, contents)) + 1:
            yield owner
        return
    yield owner
    yield _swapped(owner)
    if owner.labels[0]:
        yield owner.parent()
        yield dns.name.Name((_beside(owner.labels[0]), *owner.labels[1:]))
    for labels in ((b"x",), (b"y", b"x"), (b"*",), *([_LONG] if _DNAME in contents[owner] else [])):
        try:
            yield dns.name.Name(labels + owner.labels)
        except dns.name.NameTooLong:
            continue


_MANY = 200  # chosen: a zone with so many names has them for the size of a few, and the others tell nothing


def _swapped(name: dns.name.Name) -> dns.name.Name:
    return dns.name.Name([label.swapcase() for label in name.labels])


def _beside(label: bytes) -> bytes:
    """A label that sorts just behind."""
    return label[:62] + b"0"


def _types(name: dns.name.Name, types: frozenset[int], contents: Contents) -> Iterator[int]:
    """The usual ones, and those of the owner that it was made from, or of the wildcard that covers it."""
    yield from BASE_TYPES
    yield from sorted(types)
    if name in contents:
        yield from sorted(contents[name])
    elif name.labels[0]:
        yield from sorted(contents.get(dns.name.Name((b"*", *name.labels[1:])), ()))
    if _drawn(messages.octets_of(name), 4) == 0:
        yield from RARE_TYPES


def _drawn(octets: bytes, sides: int) -> int:
    """A die that falls alike every time."""
    return zlib.crc32(octets) % sides


def short_run(all_questions: Sequence[Query]) -> Iterator[Case]:
    """Every question as it is, and in one variant that is drawn for it; sets made to measure in every variant."""
    others = [variant for variant in VARIANTS if variant != "plain"]
    for query in all_questions:
        yield case("plain", query)
        is_measured = query.qtype in _MEASURED and _LARGE in query.qname
        drawn = others[_drawn(query.question(), len(others))]
        for variant in others if is_measured else [drawn]:
            yield case(variant, query)


def long_run(all_questions: Sequence[Query]) -> Iterator[Case]:
    """Every question in every variant."""
    for variant in VARIANTS:
        for query in all_questions:
            yield case(variant, query)
