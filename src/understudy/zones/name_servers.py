"""Whom a zone itself names as its servers, for NOTIFY."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

import dns.name
import dns.rdatatype

from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget

DNS_PORT = 53  # RFC 1035 4.2


class Rrsets(Protocol):
    """A zone that is asked for single RRsets: (owner, type, ttl, rdata as uncompressed octets)."""

    def rrset(self, owner: str, rtype: int) -> tuple[str, int, int, list[bytes]] | None:
        """The RRset; None: there is none."""
        ...


def secondaries_of(zone: Rrsets, origin: Name) -> Iterator[NotifyTarget]:
    """The name servers at their addresses in the zone, but for the one that the SOA names (RFC 1996 2.1)."""
    primary = _first_name(zone, origin, dns.rdatatype.SOA)
    for rdata in _rdatas(zone, origin.absolute, dns.rdatatype.NS):
        server = _name(rdata)
        if server == primary:
            continue
        for address in host_addresses(zone, server):
            yield NotifyTarget(address, DNS_PORT)


def named_servers(zone: Rrsets, origin: Name) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every name server of the zone by its absolute name, with its addresses as far as they stand in the zone."""
    for rdata in _rdatas(zone, origin.absolute, dns.rdatatype.NS):
        server = _name(rdata)
        yield server, tuple(host_addresses(zone, server))


def _first_name(zone: Rrsets, origin: Name, rtype: int) -> str:
    return next((_name(rdata) for rdata in _rdatas(zone, origin.absolute, rtype)), "")


def host_addresses(zone: Rrsets, server: str) -> Iterator[str]:
    """The addresses that stand in the zone for a host, IPv4 before IPv6."""
    yield from (str(IPv4Address(rdata)) for rdata in _rdatas(zone, server, dns.rdatatype.A))
    yield from (str(IPv6Address(rdata)) for rdata in _rdatas(zone, server, dns.rdatatype.AAAA))


def _rdatas(zone: Rrsets, owner: str, rtype: int) -> list[bytes]:
    found = zone.rrset(owner, rtype)
    return found[3] if found is not None else []


def _name(rdata: bytes) -> str:
    """The name that rdata begins with; the names of a zone have been checked, so case is all that may differ."""
    return dns.name.from_wire(rdata, 0)[0].to_text().lower()
