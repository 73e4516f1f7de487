"""The additional section: step 6 of RFC 1034 4.3.2, glue (RFC 9471 3.1 and 3.2), and what SVCB adds (RFC 9460 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import dns.rdtypes.svcbbase
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType

from understudy.testing.reference.match import Outcome, match
from understudy.testing.reference.plain_zone import Node, PlainZone
from understudy.testing.reference.resolve import Findings

ADDRESSES = (RdataType.A, RdataType.AAAA)
SERVICES = (RdataType.SVCB, RdataType.HTTPS)
_TARGETS = {
    RdataType.NS: "target",
    RdataType.MX: "exchange",
    RdataType.SRV: "target",
    RdataType.SVCB: "target",
    RdataType.HTTPS: "target",
}
"""ADR 0011: whose targets get their addresses, and how dnspython calls the field."""


@dataclass(slots=True)
class Addition:
    """`required`: the answer is truncated without it; `useful`: as far as it fits."""

    required: list[dns.rrset.RRset] = field(default_factory=list)
    useful: list[dns.rrset.RRset] = field(default_factory=list)


def add(findings: Findings, *, is_minimal: bool) -> Addition:
    """What saves the client a question: addresses of targets, as the zone of the record has them (ADR 0011).

    `is_minimal`: nothing but glue, which it may be unable to ask for (RFC 9471 2.3).
    """
    addition = Addition()
    seen = {(each.name, each.rdtype) for each in (*findings.answer, *findings.authority)}
    for zone, source in findings.sources:
        for target, rtype in _wanted(source):
            rrset = _local(zone, target, rtype)
            if rrset is None or (target, rtype) in seen:
                continue
            seen.add((target, rtype))
            # RFC 9471 3.1: all glue of name servers in the delegated domain, or TC.
            is_referral = source.rdtype == RdataType.NS and source.name == findings.cut
            if is_referral and target.is_subdomain(source.name):
                addition.required.append(rrset)
            elif not is_minimal or (is_referral and match(zone, target).outcome is Outcome.CUT):
                addition.useful.append(rrset)
    return addition


def _wanted(source: dns.rrset.RRset) -> Iterator[tuple[Name, RdataType]]:
    """(name, type) of what the records of a set point to."""
    for rdata in source if source.rdtype in _TARGETS else ():
        target: Name = getattr(rdata, _TARGETS[source.rdtype])
        types: tuple[RdataType, ...] = (*ADDRESSES, source.rdtype) if source.rdtype in SERVICES else ADDRESSES
        if source.rdtype in SERVICES and len(target) == 1:
            # RFC 9460 2.5: "." is the owner in ServiceMode, and no service at all in AliasMode; the root's owner, too.
            is_alias = cast("dns.rdtypes.svcbbase.SVCBBase", rdata).priority == 0
            target, types = source.name, () if is_alias else ADDRESSES
        elif source.rdtype in SERVICES and target == source.name:
            types = ADDRESSES
        elif len(target) == 1 and source.rdtype != RdataType.NS:
            types = ()  # the root is no host: no mail (RFC 7505 3), no service (RFC 2782)
        yield from ((target, rtype) for rtype in types)


def _local(zone: PlainZone, name: Name, rtype: RdataType) -> dns.rrset.RRset | None:
    """What the zone has of that name, as its own or as glue (RFC 1034 4.3.2 step 3b)."""
    if not name.is_subdomain(zone.origin):
        return None
    place = match(zone, name)
    node: Node = {}
    if place.outcome is Outcome.NODE:
        node = zone.node(place.owner)
    elif place.outcome is Outcome.CUT and rtype in ADDRESSES:
        node = zone.node(name)
    return node[rtype].rrset(name, rtype) if rtype in node and node[rtype].rdatas else None
