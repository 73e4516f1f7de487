"""Questions to a resolver, for looking at a zone as the world sees it."""

from __future__ import annotations

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
        alias, is_known = "", True
        for rtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                answer = await self._ask(name, rtype)
            except _SilentError:
                is_known = False
                continue
            if answer is None:
                continue
            canonical = host_text(answer.canonical_name.to_text())
            alias = canonical if canonical != name else alias
            addresses += [rdata.to_text() for rdata in answer.rrset or ()]
        return Host(tuple(addresses), alias, is_known=is_known or bool(addresses or alias))

    async def name_servers(self, name: str) -> tuple[str, ...]:
        """The names in the NS records at a name; none also where the resolver says nothing."""
        try:
            answer = await self._ask(name, dns.rdatatype.NS)
        except _SilentError:
            return ()
        return tuple(host_text(rdata.to_text()) for rdata in (answer.rrset if answer is not None else None) or ())

    async def zone_above(self, origin: Name) -> tuple[str, tuple[str, ...]]:
        """The next zone above, with its name servers; none where the resolver says nothing."""
        for zone in _above(origin):
            names = await self.name_servers(zone.absolute)
            if names:
                return str(zone), names
        return "", ()

    async def _ask(self, name: str, rtype: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        """None: there is no such name. Raises _SilentError."""
        try:
            absolute = dns.name.from_text(name)
            return await self._resolver.resolve(absolute, rtype, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return None
        except (OSError, dns.exception.DNSException) as error:
            raise _SilentError from error


class _SilentError(Exception):
    """The resolver has no answer, neither yes nor no."""


def _above(origin: Name) -> Iterator[Name]:
    zone = origin
    while zone.labels:
        zone = zone.parent
        yield zone
