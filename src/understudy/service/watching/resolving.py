"""Questions to a resolver, for looking at a zone as the world sees it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.zones.survey import Host, host_text

LIFETIME_S = 6.0  # chosen: two servers get two attempts


class Resolver:
    """The system's resolver, or the one at `place`. A dead one is told from a name that is none."""

    def __init__(self, place: ServerPlace | None = None) -> None:
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=place is None)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.asyncresolver.Resolver(configure=False)
        if place is not None:
            self._resolver.nameservers = [place.address]
            self._resolver.port = place.port
        self._resolver.lifetime = LIFETIME_S

    async def host(self, name: str) -> Host:
        """Its addresses, IPv4 first, and whether it is an alias."""
        addresses: list[str] = []
        alias = ""
        told = await asyncio.gather(*(self._told(name, each) for each in (dns.rdatatype.A, dns.rdatatype.AAAA)))
        for answer in itertools.chain.from_iterable(each for each in told if each is not None):
            canonical = host_text(answer.canonical_name.to_text())
            alias = canonical if canonical != name else alias
            addresses += [rdata.to_text() for rdata in answer.rrset or ()]
        return Host(tuple(addresses), alias, is_known=None not in told or bool(addresses or alias))

    async def name_servers(self, name: str) -> tuple[str, ...]:
        """The names in the NS records at a name; none also where the resolver says nothing."""
        told = await self._told(name, dns.rdatatype.NS) or ()
        return tuple(host_text(rdata.to_text()) for answer in told for rdata in answer.rrset or ())

    async def zone_above(self, origin: Name) -> tuple[str, tuple[str, ...]]:
        """The next zone above, with its name servers; none where the resolver says nothing."""
        zones = list(_above(origin))
        named = await asyncio.gather(*(self.name_servers(zone.absolute) for zone in zones))
        return next(((str(zone), names) for zone, names in zip(zones, named, strict=True) if names), ("", ()))

    async def _told(self, name: str, rtype: dns.rdatatype.RdataType) -> tuple[dns.resolver.Answer, ...] | None:
        """The answer, none where there is no such name; None: the resolver has none, neither yes nor no."""
        try:
            absolute = dns.name.from_text(name)
            return (await self._resolver.resolve(absolute, rtype, raise_on_no_answer=False),)
        except dns.resolver.NXDOMAIN:
            return ()
        except (OSError, dns.exception.DNSException):
            return None


def _above(origin: Name) -> Iterator[Name]:
    zone = origin
    while zone.labels:
        zone = zone.parent
        yield zone
