"""Asks the servers of the zone above for a delegation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.service.watching.look import ask
from understudy.service.watching.resolving import Resolver
from understudy.zones.name_servers import DNS_PORT
from understudy.zones.survey import Delegation, DsSet, NotAsked, NotDelegated, host_text

PARENTS_MAX = 4  # chosen: servers of the zone above that are tried; all have the same, and one that answers is enough


async def find_delegation(
    origin: Name, resolver: Resolver, parents: Sequence[ServerPlace] = ()
) -> Delegation | NotDelegated | NotAsked:
    """What the first server of the zone above says that answers; `parents` are asked instead of those in the DNS."""
    if not origin.labels:
        return NotAsked("there is no zone above the root")
    places = {str(each): each for each in parents} or await _parents(origin, resolver)
    if not places:
        return NotAsked("the resolver does not tell which zone is above")
    silent = said = ""
    ds: DsSet | None = None
    for label, place in places.items():
        try:
            found = _read(origin, label, await _asked(origin, place, dns.rdatatype.NS))
            if not isinstance(found, NotDelegated):
                found = await _with_ds(origin, found, label, place=place)
        except (OSError, EOFError, dns.exception.DNSException):
            silent = silent or f"{label} does not answer"
            continue
        if not isinstance(found, NotAsked):
            return found
        said, ds = said or found.why, ds or found.ds
    return NotAsked(said or silent, ds)


async def _parents(origin: Name, resolver: Resolver) -> dict[str, ServerPlace]:
    """The servers of the zone above by name."""
    places: dict[str, ServerPlace] = {}
    for name in (await resolver.zone_above(origin))[1][:PARENTS_MAX]:
        host = await resolver.host(name)
        if host.addresses:
            places[name] = ServerPlace(host.addresses[0], DNS_PORT)
    return places


async def _asked(origin: Name, place: ServerPlace, rtype: dns.rdatatype.RdataType) -> dns.message.Message:
    return await ask(dns.name.from_text(origin.absolute), rtype, place)


def _read(origin: Name, label: str, response: dns.message.Message) -> Delegation | NotDelegated | NotAsked:
    """A referral, a denial, or nothing that tells."""
    name = dns.name.from_text(origin.absolute)
    if response.rcode() == dns.rcode.NXDOMAIN:
        return NotDelegated(label, "says that there is no such name")
    if response.rcode() != dns.rcode.NOERROR:
        return NotAsked(f"{label} answers {dns.rcode.to_text(response.rcode())}")
    referral = response.get_rrset(response.authority, name, dns.rdataclass.IN, dns.rdatatype.NS)
    if referral is not None and not response.answer:
        names = tuple(sorted(host_text(rdata.to_text()) for rdata in referral))
        return Delegation(label, names, {each: _glue(response, each) for each in names})
    if response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.NS) is not None:
        return NotAsked(f"{label} has this zone too, and answers from it")
    between = _referred(response, name)
    if between is not None:
        return NotAsked(f"{label} does not have the zone above, and refers to the servers of {between}")
    return NotDelegated(label, "has no NS records for it")


def _referred(response: dns.message.Message, name: dns.name.Name) -> str | None:
    """The zone whose servers are to be asked instead."""
    if response.answer or response.flags & dns.flags.AA:
        return None
    sets = (each for each in response.authority if each.rdtype == dns.rdatatype.NS and name.is_subdomain(each.name))
    return next((host_text(each.name.to_text()) for each in sets), None)


async def _with_ds(
    origin: Name, found: Delegation | NotAsked, label: str, *, place: ServerPlace
) -> Delegation | NotDelegated | NotAsked:
    """And what the zone above says of the zone's keys."""
    try:
        response = await _asked(origin, place, dns.rdatatype.DS)
    except (OSError, EOFError, dns.exception.DNSException):
        return found
    if isinstance(found, NotAsked) and response.rcode() == dns.rcode.NXDOMAIN:
        return NotDelegated(label, "has both zones, and denies the name to whoever asks for its DS")
    return replace(found, ds=_ds(origin, response))


def _ds(origin: Name, response: dns.message.Message) -> DsSet | None:
    """By the authority of the zone above: a server of this zone alone has none to say so of it (RFC 4035 3.1.4.1)."""
    if response.rcode() != dns.rcode.NOERROR or not response.flags & dns.flags.AA:
        return None
    name = dns.name.from_text(origin.absolute)
    rrset = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.DS)
    if rrset is not None:
        return DsSet(tuple(sorted(rdata.to_text() for rdata in rrset)), rrset.ttl)
    is_from_below = response.get_rrset(response.authority, name, dns.rdataclass.IN, dns.rdatatype.SOA) is not None
    return None if is_from_below else DsSet()


def _glue(response: dns.message.Message, host: str) -> tuple[str, ...]:
    name = dns.name.from_text(host)
    found: list[dns.rrset.RRset | None] = [
        response.get_rrset(response.additional, name, dns.rdataclass.IN, rtype)
        for rtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
    ]
    return tuple(rdata.to_text() for rrset in found if rrset is not None for rdata in rrset)
