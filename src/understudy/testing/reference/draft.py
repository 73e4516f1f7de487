"""Zones in the making: lines of a master file and steered sets, as far as they can stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dns.name import Name
from dns.rdatatype import RdataType

from understudy.testing.reference.plain_zone import PlainZone, Steered

Kind: TypeAlias = Literal["answer", "nodata", "servfail"]

HOSTS_NAMED = frozenset({"NS", "MX", "SRV", "SVCB", "HTTPS"})
NAME_OCTETS = 255  # RFC 1035 2.3.4

_RDATA = {
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
TYPES = tuple(_RDATA)


@dataclass
class Draft:
    """One zone. What a loader refuses is left out: that is the loader's own tests' business.

    `is_missing`: the server should have it, and does not.
    """

    origin: Name
    is_missing: bool = False
    types: dict[Name, set[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    steered: list[Steered] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As a master file."""
        return "\n".join([f"$ORIGIN {self.origin.to_text()}", *self.lines, ""])

    def plain_zone(self, now: float) -> PlainZone:
        """As the reference reads it, with what is steered."""
        zone = PlainZone.read(self.origin.to_text(), self.text).laid_over(self.steered, now)
        return PlainZone(zone.origin, zone.nodes, is_missing=self.is_missing)

    def add(self, owner: Name, rtype: str, rdata: str, *, ttl: int) -> None:
        """A record, unless it may not be there."""
        if owner.is_subdomain(self.origin) and self._is_possible(owner, rtype):
            self.types.setdefault(owner, set()).add(rtype)
            self.lines.append(f"{owner.to_text()} {ttl} IN {rtype} {rdata}")

    def steer(self, owner: Name, rtype: str, kind: Kind, *, ttl: int, due: float | None) -> None:
        """A steered set, where a record of that type may be, or already is."""
        present = self.types.get(owner, set())
        if not owner.is_subdomain(self.origin) or not (rtype in present or self._is_possible(owner, rtype)):
            return
        self.types.setdefault(owner, set()).add(rtype)
        rdata = {"A": bytes((192, 0, 2, 77)), "AAAA": bytes(15) + b"\x01", "CNAME": self._alias_octets()}[rtype]
        variants = [(1, [rdata])] if kind == "answer" else []
        steered: Steered = (owner.to_text(), int(RdataType.make(rtype)), kind, ttl, due, "one", variants)
        self.steered = [each for each in self.steered if each[:2] != steered[:2]]
        self.steered.append(steered)

    def _alias_octets(self) -> bytes:
        target = max(self.types, key=lambda name: (len(name), name), default=self.origin)
        return target.to_wire() or b""

    def _is_possible(self, owner: Name, rtype: str) -> bool:
        present = self.types.get(owner, set())
        if any("DNAME" in types and is_below(owner, other) for other, types in self.types.items()):
            return False
        if rtype == "CNAME" or "CNAME" in present:
            return not present
        if owner.is_wild() and rtype in {"NS", "DNAME", "DS"}:
            return False  # RFC 4592 4.2 to 4.4: what these mean there is not defined
        if rtype in {"NS", "DNAME"} and owner != self.origin and present & ({"NS", "DNAME"} - {rtype}):
            return False
        return rtype != "DNAME" or not ("DNAME" in present or any(is_below(other, owner) for other in self.types))


@dataclass(frozen=True)
class Line:
    """A record to be; its owner, its target and its zone are given as numbers among those of a world."""

    owner: int
    target: int
    above: int
    ttl: int
    rtype: str
    number: int
    is_inside: bool
    has_hosts: bool

    def add_to(self, draft: Draft, owner: Name, target: Name) -> None:
        """Into the zone, perhaps with a target below the owner itself, and perhaps with what the target has."""
        host = target
        if self.is_inside and self.rtype in HOSTS_NAMED and octets_of(owner) + len(b"\x02ns") <= NAME_OCTETS:
            # Some hosts have what they have from a wildcard.
            target = Name((b"ns" if self.number % 3 else b"w", *owner.labels))
            host = target if self.number % 3 else Name((b"*", *owner.labels))
        draft.add(owner, self.rtype, self._rdata(target), ttl=self.ttl)
        if self.has_hosts and self.rtype in HOSTS_NAMED:
            draft.add(host, "A", f"192.0.2.{self.number}", ttl=60)
            draft.add(host, "AAAA", f"2001:db8::{self.number}", ttl=90)
        if self.has_hosts and self.rtype in {"SVCB", "HTTPS"}:
            draft.add(host, self.rtype, "1 .", ttl=120)

    def _rdata(self, target: Name) -> str:
        return _RDATA[self.rtype].format(
            target=target.to_text(),
            number=self.number,
            priority=self.number % 3,
            text=chr(97 + self.number % 26) * 6 * self.number,
        )


@dataclass(frozen=True)
class Crowd:
    """A delegation to be, with so many name servers below the cut that their glue may not fit (RFC 9471 3.1)."""

    owner: int
    above: int
    servers: int

    def add_to(self, draft: Draft, owner: Name) -> None:
        """Into the zone, unless the owner is its apex or too long."""
        if owner == draft.origin or octets_of(owner) + len(b"\x03n99") > NAME_OCTETS:
            return
        for number in range(self.servers):
            server = Name((b"n%d" % number, *owner.labels))
            draft.add(owner, "NS", server.to_text(), ttl=60)
            draft.add(server, "A", f"192.0.2.{number}", ttl=60)
            draft.add(server, "AAAA", f"2001:db8::{number}", ttl=60)


@dataclass
class Pair:
    """Two delegations to be, of which each has its name server below the other (RFC 9471 2.3)."""

    owner: int
    other: int
    above: int

    def add_to(self, draft: Draft, owner: Name, other: Name) -> None:
        """Into the zone, unless one is its apex, outside of it, or at or below the other."""
        if owner.is_subdomain(other) or other.is_subdomain(owner):
            return
        for cut, host in ((owner, other), (other, owner)):
            if is_below(cut, draft.origin) and octets_of(host) + len(b"\x02ns") <= NAME_OCTETS:
                server = Name((b"ns", *host.labels))
                draft.add(cut, "NS", server.to_text(), ttl=60)
                draft.add(server, "A", "192.0.2.98", ttl=60)


def around(drafts: Sequence[Draft], name: Name) -> list[Draft]:
    """The zones that the name is in or below, the nearest first."""
    found = [draft for draft in drafts if name.is_subdomain(draft.origin)]
    return sorted(found, key=lambda draft: len(draft.origin), reverse=True)


def delegate(drafts: Sequence[Draft], child: Draft, server: Name) -> None:
    """A cut for the child in each zone above it, with an address of its name server where it may be glue."""
    for draft in drafts:
        if is_below(child.origin, draft.origin):
            draft.add(child.origin, "NS", server.to_text(), ttl=60)
            draft.add(server, "A", "192.0.2.99", ttl=60)


def is_below(name: Name, above: Name) -> bool:
    """Whether it is a name below, not the same."""
    return name != above and name.is_subdomain(above)


def octets_of(name: Name) -> int:
    """Its length in a message, uncompressed."""
    return len(name.to_wire() or b"")
