"""Asks the servers of the zone above for a delegation."""

from __future__ import annotations

from collections.abc import Sequence

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
from understudy.service.look import ask
from understudy.service.resolving import Resolver
from understudy.zones.name_servers import DNS_PORT
from understudy.zones.survey import Delegation, NotAsked, NotDelegated, host_text

_DENIED = dns.rcode.NXDOMAIN
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
    for label, place in places.items():
        try:
            found = _read(origin, label, await _asked(origin, place, dns.rdatatype.NS))
            if isinstance(found, NotAsked) and (await _asked(origin, place, dns.rdatatype.DS)).rcode() == _DENIED:
                found = NotDelegated(label, "has both zones, and denies the name to whoever asks for its DS")
        except (OSError, EOFError, dns.exception.DNSException):
            silent = silent or f"{label} does not answer"
            continue
        if not isinstance(found, NotAsked):
            return found
        said = said or found.why
    return NotAsked(said or silent)


async def _parents(origin: Name, resolver: Resolver) -> dict[str, ServerPlace]:
    """The servers of the zone above by name."""
    places: dict[str, ServerPlace] = {}
    for name in (await resolver.zone_above(origin))[1][:PARENTS_MAX]:
        host = await resolver.host(name)
        if host.addresses:
            places[name] = ServerPlace(host.addresses[0], DNS_PORT)
    return places


async def _asked(origin: Name, place: ServerPlace, rtype: dns.rdatatype.RdataType) -> dns.message.Message:
    name = dns.name.from_text(origin.absolute)
    response = await ask(name, rtype, place)
    if response.flags & dns.flags.TC:
        return await ask(name, rtype, place, is_tcp=True)
    return response


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
    return NotDelegated(label, "has no NS records for it")


def _glue(response: dns.message.Message, host: str) -> tuple[str, ...]:
    name = dns.name.from_text(host)
    found: list[dns.rrset.RRset | None] = [
        response.get_rrset(response.additional, name, dns.rdataclass.IN, rtype)
        for rtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
    ]
    return tuple(rdata.to_text() for rrset in found if rrset is not None for rdata in rrset)
