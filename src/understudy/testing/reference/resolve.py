"""From a question to the answer and authority sections: steps 1 to 4 of RFC 1034 4.3.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import dns.name
import dns.rcode
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.DNAME
import dns.rrset
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from understudy.model.frozen import frozen
from understudy.testing.reference.match import Outcome, Place, match
from understudy.testing.reference.plain_zone import Node, PlainZone, RecordSet

ALIASES_MAX = 11  # ADR 0011
BESIDE_ALIAS = (RdataType.SIG, RdataType.KEY, RdataType.NXT, RdataType.RRSIG, RdataType.NSEC)
"""May stand beside a CNAME, so a question for them is answered there (RFC 2535 2.3.5, RFC 4034 3 and 4)."""


@frozen
class Question:
    """What is looked for now: after an alias, its target. `wants_all`: ANY gets every set, not only one (RFC 8482)."""

    name: Name
    rtype: RdataType
    wants_all: bool


@dataclass(slots=True)
class Findings:
    """The sections as they grow, with the zone of each set, and the cut of a referral."""

    rcode: Rcode = dns.rcode.NOERROR
    is_authoritative: bool = False
    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)
    sources: list[tuple[PlainZone, dns.rrset.RRset]] = field(default_factory=list)
    cut: Name | None = None

    def add(self, zone: PlainZone, rrset: dns.rrset.RRset) -> None:
        """Into the answer section, once (RFC 2181 5)."""
        if not any(each.name == rrset.name and each.rdtype == rrset.rdtype for each in self.answer):
            self.answer.append(rrset)
            self.sources.append((zone, rrset))

    def refer(self, zone: PlainZone, cut: Name) -> None:
        """Step 3b: the NS records of the cut; authoritative only if an alias of ours led here."""
        self.cut = cut
        self.authority.append(zone.node(cut)[RdataType.NS].rrset(cut, RdataType.NS))
        self.sources.append((zone, self.authority[-1]))


def resolve(zones: Sequence[PlainZone], question: Question) -> Findings:
    """Follow aliases through every zone that is served here, until there is no more to follow."""
    findings = Findings()
    asked: set[Name] = set()
    target: Name | None = question.name
    while target is not None and target not in asked and len(asked) < ALIASES_MAX:
        asked.add(target)
        target = _step(zones, replace(question, name=target), findings)
    return findings


def nearest_zone(zones: Sequence[PlainZone], name: Name, rtype: RdataType) -> PlainZone | None:
    """Step 2: the zone that is the nearest ancestor of the name, also one that is missing.

    DS belongs to the parent's side of a cut (RFC 4035 3.1.4.1), so it is asked there if that zone is served here; a
    zone in which the name is below a further cut is not its parent.
    """
    around = sorted(
        (zone for zone in zones if name.is_subdomain(zone.origin)), key=lambda zone: len(zone.origin), reverse=True
    )
    if not around:
        return None
    if rtype == RdataType.DS and around[0].origin == name and len(around) > 1 and not around[1].is_missing:
        place = match(around[1], name)
        if place.outcome is not Outcome.CUT or place.owner == name:
            return around[1]
    return around[0]


def _step(zones: Sequence[PlainZone], question: Question, findings: Findings) -> Name | None:
    """One turn of the algorithm; the name with which the next one begins, if there is one."""
    zone = nearest_zone(zones, question.name, question.rtype)
    if zone is None:
        findings.rcode = findings.rcode if findings.answer else dns.rcode.REFUSED
        return None
    if zone.is_missing:
        # RFC 1034 4.3.5: as for a zone that has expired, nothing can be said; what was found before stands.
        findings.rcode = findings.rcode if findings.answer else dns.rcode.SERVFAIL
        return None
    place = match(zone, question.name)
    if place.outcome is Outcome.CUT:
        if question.rtype == RdataType.DS and place.owner == question.name:
            place = Place(Outcome.NODE, place.owner)
        else:
            findings.refer(zone, place.owner)
            return None
    findings.is_authoritative = True
    if place.outcome is Outcome.REDIRECTED:
        return _redirect(zone, place.owner, question, findings=findings)
    if place.outcome is Outcome.NOTHING:
        # RFC 6604 3: the rcode is that of the last name, also after aliases.
        findings.rcode = dns.rcode.NXDOMAIN
        findings.authority.append(zone.negative_soa())
        return None
    return _answer_from(zone, zone.node(place.owner), question, findings=findings)


def _redirect(zone: PlainZone, owner: Name, question: Question, *, findings: Findings) -> Name | None:
    """Step 3c with a DNAME: the record itself, and the CNAME that it means, with its TTL (RFC 6672 3.1).

    Where CNAME or ANY was asked for, that CNAME is the answer.
    """
    name = question.name
    found = zone.node(owner)[RdataType.DNAME]
    findings.add(zone, found.rrset(owner, RdataType.DNAME))
    prefix = name.relativize(owner)
    try:
        target = prefix + cast("dns.rdtypes.ANY.DNAME.DNAME", found.rdatas[0]).target
    except dns.name.NameTooLong:
        findings.rcode = dns.rcode.YXDOMAIN
        return None
    findings.add(zone, dns.rrset.from_text(name, found.ttl, "IN", "CNAME", target.to_text()))
    return None if question.rtype in {RdataType.CNAME, RdataType.ANY} else target


def _answer_from(zone: PlainZone, node: Node, question: Question, *, findings: Findings) -> Name | None:
    """Steps 3a and 3c at a node, or at the wildcard whose records get the name as owner (RFC 4592 3.3.1)."""
    sets = _matching(node, question)
    found = {rtype: each for rtype, each in sets.items() if each.rdatas}
    for rtype, each in found.items():
        findings.add(zone, each.rrset(question.name, rtype))
    if RdataType.CNAME in found and question.rtype not in {RdataType.CNAME, RdataType.ANY}:
        return cast("dns.rdtypes.ANY.CNAME.CNAME", found[RdataType.CNAME].rdatas[0]).target
    if found:
        return None
    if any(each.is_broken for each in sets.values()):
        # A failure is nobody's authoritative word (ADR 0011).
        findings.rcode, findings.is_authoritative = dns.rcode.SERVFAIL, False
        return None
    soa = zone.negative_soa()
    soa.ttl = min([soa.ttl, *(each.ttl for each in sets.values())])
    findings.authority.append(soa)
    return None


def _matching(node: Node, question: Question) -> dict[RdataType, RecordSet]:
    """The sets that the type means, or the alias that stands for them.

    Of ANY it is all over TCP, and over UDP the first by the type's number that there is (RFC 8482 4.1, ADR 0011).
    """
    if question.rtype == RdataType.ANY:
        filled = {rtype: each for rtype, each in sorted(node.items()) if each.rdatas}
        return (filled if question.wants_all else dict(list(filled.items())[:1])) or node
    for rtype in (question.rtype, RdataType.CNAME):
        if rtype in node and (rtype == question.rtype or question.rtype not in BESIDE_ALIAS):
            return {rtype: node[rtype]}
    return {}
