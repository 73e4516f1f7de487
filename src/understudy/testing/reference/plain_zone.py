"""A zone as a mapping of names to record sets, read by dnspython and not by the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import floor
from typing import Literal, Self, TypeAlias, cast

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import dns.zone
from dns.name import Name
from dns.rdatatype import RdataType

from understudy.model.frozen import frozen

Steered: TypeAlias = tuple[
    str,
    int,
    Literal["answer", "nodata", "servfail", "remove"],
    int,
    float | None,
    Literal["one", "chance", "rotate"],
    list[tuple[int, list[bytes]]],
]
"""As in `understudy.engine`; here with the selector `one`, whose answer does not depend on chance."""


@frozen
class RecordSet:
    """The records of one name and type; without any it is the NODATA of a steered name.

    `is_broken`: it is answered with SERVFAIL.
    """

    ttl: int
    rdatas: tuple[dns.rdata.Rdata, ...]
    is_broken: bool = False

    def rrset(self, owner: Name, rtype: RdataType) -> dns.rrset.RRset:
        """As it stands in a section."""
        return (
            dns.rrset.from_rdata_list(owner, self.ttl, self.rdatas, idna_codec=None)
            if self.rdatas
            else (dns.rrset.RRset(owner, dns.rdataclass.IN, rtype))
        )


Node: TypeAlias = dict[RdataType, RecordSet]


class PlainZone:
    """Names and their record sets, whatever they mean: cuts, wildcards and aliases are the look-up's business.

    `is_missing`: the server should have it, and does not (yet): nothing can be said of what it has.
    """

    def __init__(self, origin: Name, nodes: Mapping[Name, Node], *, is_missing: bool = False) -> None:
        self.origin = origin
        self.is_missing = is_missing
        self.nodes = {name: dict(sets) for name, sets in nodes.items()}
        # RFC 4592 2.2.2, RFC 8020 2: a name exists if it, or a name below it, owns records.
        self._existing = {above for name in self.nodes for above in _up_to(name, origin)}

    @classmethod
    def read(cls, origin: str, text: str) -> Self:
        """From a master file's text. Raises what dnspython raises."""
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        nodes: dict[Name, Node] = {}
        for name, rdataset in zone.iterate_rdatasets():
            nodes.setdefault(name, {})[rdataset.rdtype] = RecordSet(rdataset.ttl, tuple(rdataset))
        return cls(dns.name.from_text(origin), nodes)

    def laid_over(self, steered: Iterable[Steered], now: float) -> PlainZone:
        """This zone with steered sets in place of its own of the same name and type, as they are answered at `now`.

        No answer is kept beyond the instant at which it is due to change (ADR 0011).
        """
        nodes = {name: dict(sets) for name, sets in self.nodes.items()}
        for owner, rtype, kind, ttl, due, _, variants in steered:
            rdatas = [_rdata(rtype, octets) for _, records in variants[:1] for octets in records]
            left = ttl if due is None else max(0, min(ttl, floor(due - now)))
            sets = nodes.setdefault(dns.name.from_text(owner), {})
            sets[RdataType.make(rtype)] = RecordSet(left, tuple(rdatas), is_broken=kind == "servfail")
        return PlainZone(self.origin, nodes)

    def has(self, name: Name) -> bool:
        """Whether the name exists, with records or as an empty non-terminal."""
        return name in self._existing

    def node(self, name: Name) -> Node:
        """Its record sets; none for an empty non-terminal."""
        return self.nodes.get(name, {})

    def negative_soa(self) -> dns.rrset.RRset:
        """The SOA of a negative answer: its TTL is the lower of its own and its MINIMUM (RFC 2308 3 and 5)."""
        found = self.nodes[self.origin][RdataType.SOA]
        minimum = cast("dns.rdtypes.ANY.SOA.SOA", found.rdatas[0]).minimum
        return RecordSet(min(found.ttl, minimum), found.rdatas).rrset(self.origin, RdataType.SOA)


def _up_to(name: Name, origin: Name) -> Iterable[Name]:
    """The name and those above it, as far as the zone's own."""
    while name != origin:
        yield name
        name = name.parent()
    yield origin


def _rdata(rtype: int, octets: bytes) -> dns.rdata.Rdata:
    return dns.rdata.from_wire(dns.rdataclass.IN, RdataType.make(rtype), octets, 0, len(octets))
