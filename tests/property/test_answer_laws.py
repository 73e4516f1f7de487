"""The engine answers as the reference answerer does, which was written only from the RFCs (`testing/reference`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

import dns.flags
import dns.message
import dns.name
import pytest
from dns.name import Name
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from understudy.engine import Engine, Zone
from understudy.testing.reference import PlainZone, Transport, answer, differences

WORLDS = int(os.environ.get("CONFORMANCE_WORLDS", "150"))
"""How many sets of zones are drawn; `make conformance` draws more."""

QUERIES_PER_WORLD = 150

ORIGINS = (".", "test.", "sub.test.", "a.sub.test.", "b.test.", "other.", "deep.a.b.other.")
LABELS = (b"a", b"a", b"a", b"b", b"b", b"*", b"*", b"sub", b"Mixed", b"d.t\x00\xff\\ ", b"l" * 60)
TYPES = ("A", "AAAA", "NS", "CNAME", "DNAME", "MX", "SRV", "TXT", "SVCB", "HTTPS", "DS", "TYPE65280", "PTR")
ASKED = (*TYPES, *TYPES, *TYPES, "SOA", "ANY", "ANY", "ANY", "NSEC", "RRSIG", "TYPE1000")
NEVER_FOUND = ("AXFR", "IXFR", "MAILB", "OPT", "TSIG", "TYPE0")
SIZES = (0, 512, 513, 700, 1232, 4096, 65535)


def names_below(origins: list[str]) -> st.SearchStrategy[Name]:
    return st.tuples(st.lists(st.sampled_from(LABELS), max_size=3), st.sampled_from(origins)).map(
        lambda drawn: Name((*drawn[0], *dns.name.from_text(drawn[1]).labels))
    )


@dataclass
class Draft:
    """The lines of one zone, as far as they can stand beside each other in a master file."""

    origin: Name
    types: dict[Name, set[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, owner: Name, ttl: int, rtype: str, rdata: str) -> None:
        """A record, unless it may not be there: what a loader refuses is its own tests' business."""
        if owner.is_subdomain(self.origin) and self._is_possible(owner, rtype):
            self.types.setdefault(owner, set()).add(rtype)
            self.lines.append(f"{owner.to_text()} {ttl} IN {rtype} {rdata}")

    def _is_possible(self, owner: Name, rtype: str) -> bool:
        present = self.types.get(owner, set())
        if any("DNAME" in types and _is_below(owner, other) for other, types in self.types.items()):
            return False
        if rtype == "CNAME" or "CNAME" in present:
            return not present
        if owner.is_wild() and rtype in {"NS", "DNAME", "DS"}:
            return False  # RFC 4592 4.2 to 4.4: what these mean there is not defined
        if rtype in {"NS", "DNAME"} and owner != self.origin and present & ({"NS", "DNAME"} - {rtype}):
            return False
        return rtype != "DNAME" or not ("DNAME" in present or any(_is_below(other, owner) for other in self.types))


def _is_below(name: Name, above: Name) -> bool:
    return name != above and name.is_subdomain(above)


RDATA = {
    "A": "192.0.2.{number}",
    "AAAA": "2001:db8::{number}",
    "NS": "{target}",
    "CNAME": "{target}",
    "DNAME": "{target}",
    "PTR": "{target}",
    "MX": "{number} {target}",
    "SRV": "{number} 0 53 {target}",
    "TXT": '"{text}" "{text}" "{text}" "{text}"',
    "SVCB": "{priority} {target}",
    "HTTPS": "{priority} {target}",
    "DS": "{number} 8 200 00ff{number:02d}",
    "TYPE65280": "\\# 3 0000{number:02d}",
}


@dataclass(frozen=True)
class Line:
    """A record to be: whose name and target are two of the world's few names, so that they meet."""

    owner: int
    target: int
    above: int
    ttl: int
    rtype: str
    number: int
    is_inside: bool
    has_hosts: bool

    def add_to(self, draft: Draft, owner: Name, target: Name) -> None:
        """Into the zone, where drawn with a target below the owner itself, and with what the target has."""
        if self.is_inside and self.rtype not in {"CNAME", "DNAME"}:
            target = Name((b"ns", *owner.labels)) if len(owner.to_wire() or b"") < 250 else target
        draft.add(owner, self.ttl, self.rtype, self.rdata(target))
        if self.has_hosts and self.rtype in {"NS", "MX", "SRV", "SVCB", "HTTPS"}:
            draft.add(target, 60, "A", f"192.0.2.{self.number}")
            draft.add(target, 90, "AAAA", f"2001:db8::{self.number}")
        if self.has_hosts and self.rtype in {"SVCB", "HTTPS"}:
            draft.add(target, 120, self.rtype, "1 .")

    def rdata(self, target: Name) -> str:
        return RDATA[self.rtype].format(
            target=target.to_text(),
            number=self.number,
            priority=self.number % 3,
            text=chr(97 + self.number % 26) * 6 * self.number,
        )


lines = st.builds(
    Line,
    owner=st.integers(0, 13),
    target=st.integers(0, 13),
    above=st.integers(0, 2),
    ttl=st.sampled_from([0, 30, 300, 86400]),
    rtype=st.sampled_from((*TYPES, "A", "NS", "TXT", "MX")),
    number=st.integers(1, 40),
    is_inside=st.booleans(),
    has_hosts=st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> list[str]:
    """Zones as master files, some above others, with and without a delegation between them."""
    origins = draw(st.lists(st.sampled_from(ORIGINS), min_size=1, max_size=4, unique=True) | st.permutations(ORIGINS))
    drafts = [Draft(dns.name.from_text(origin)) for origin in origins]
    pool = draw(st.lists(names_below(origins), min_size=6, max_size=14))
    for draft in drafts:
        soa_ttl, minimum = draw(st.sampled_from([(300, 60), (60, 300), (0, 0)]))
        draft.add(draft.origin, soa_ttl, "SOA", f"ns.test. h.test. 1 2 3 4 {minimum}")
        draft.add(draft.origin, 300, "NS", draw(st.sampled_from(pool)).to_text())
    for child in drafts:
        if draw(st.booleans()):
            _delegate(drafts, child, draw(st.sampled_from(pool)))
    aliases = draw(st.lists(st.builds(replace, lines, rtype=st.sampled_from(("CNAME", "CNAME", "DNAME"))), max_size=8))
    for line in (*aliases, *draw(st.lists(lines, min_size=6, max_size=40))):
        owner, target = pool[line.owner % len(pool)], pool[line.target % len(pool)]
        around = [each for each in drafts if owner.is_subdomain(each.origin)]
        around.sort(key=lambda each: len(each.origin), reverse=True)
        line.add_to(around[line.above % len(around)], owner, target)
    return [f"$ORIGIN {draft.origin.to_text()}\n" + "\n".join(draft.lines) + "\n" for draft in drafts]


def _delegate(drafts: list[Draft], child: Draft, server: Name) -> None:
    """A cut for the child in each zone above it."""
    for draft in drafts:
        if _is_below(child.origin, draft.origin):
            draft.add(child.origin, 60, "NS", server.to_text())
            draft.add(server, 60, "A", "192.0.2.99")


@dataclass(frozen=True)
class Curiosity:
    """Names worth asking for in a world: those that are there or pointed to, and those above, below and beside them."""

    there: list[Name]
    around: list[Name]

    @classmethod
    def about(cls, zones: list[PlainZone]) -> Self:
        there: set[Name] = set()
        for zone in zones:
            there |= set(zone.nodes)
            for node in zone.nodes.values():
                there |= {getattr(rdata, "target", zone.origin) for each in node.values() for rdata in each.rdatas}
        around = {dns.name.root, dns.name.from_text("nowhere."), *(name.parent() for name in there if len(name) > 1)}
        for name in there:
            for label in (b"a", b"*", b"none", b"l" * 60):
                if len(name.to_wire() or b"") + len(label) < 255:
                    around.add(Name((label, *name.labels)))
        return cls(sorted(there), sorted(around))


def query(curiosity: Curiosity, chance: Random) -> dns.message.Message:
    """One question with one of the many headers and OPT records that it may have."""
    name = chance.choice(curiosity.there if chance.random() < 0.6 else curiosity.around)
    labels = [bytes(chance.choice((octet, *bytes([octet]).swapcase())) for octet in label) for label in name.labels]
    asked = dns.message.make_query(Name(labels), chance.choice(ASKED if chance.random() < 0.97 else NEVER_FOUND))
    asked.id = chance.randrange(65536)
    asked.flags = chance.choice((0, dns.flags.RD, dns.flags.RD | dns.flags.AD, dns.flags.CD, 0x0040 | dns.flags.TC))
    size = chance.choice(SIZES)
    if size:
        version = 1 if chance.random() < 0.02 else 0
        asked.use_edns(version, chance.choice((0, dns.flags.DO, 0x4000)), size)
    return asked


def queries(zones: list[PlainZone], chance: Random) -> Iterator[tuple[bytes, Transport]]:
    """Questions for this world."""
    curiosity = Curiosity.about(zones)
    for _ in range(QUERIES_PER_WORLD):
        yield query(curiosity, chance).to_wire(), chance.choice(("udp", "udp", "tcp"))


@given(texts=worlds(), seed=st.integers(0, 1 << 32))
@settings(max_examples=WORLDS, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@pytest.mark.timeout(3600)
def test_the_engine_answers_as_the_reference_does(texts: list[str], seed: int) -> None:
    origins = [text.split()[1] for text in texts]
    engine = Engine([])
    zones = [PlainZone.read(origin, text) for origin, text in zip(origins, texts, strict=True)]
    for origin, text in zip(origins, texts, strict=True):
        engine.publish_zone(Zone.parse(origin, text.encode()), [])
    note("\n".join(texts))
    for octets, transport in queries(zones, Random(seed)):
        found = differences(answer(zones, octets, transport), engine.answer(octets, transport=transport))
        assert not found, "\n".join([transport, dns.message.from_wire(octets).to_text(), *found])
