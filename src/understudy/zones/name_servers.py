"""Whom a zone itself names as its servers, for NOTIFY."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget

DNS_PORT = 53  # RFC 1035 4.2
_A, _NS, _SOA, _AAAA = 1, 2, 6, 28  # RFC 1035 3.2.2, RFC 3596 2.1
_PLAIN = re.compile(rb"[a-z0-9_-]+")


class Rrsets(Protocol):
    """A zone that is asked for single RRsets: (owner, type, ttl, rdata as uncompressed octets)."""

    def rrset(self, owner: str, rtype: int) -> tuple[str, int, int, list[bytes]] | None:
        """The RRset; None: there is none."""
        ...


def secondaries_of(zone: Rrsets, origin: Name) -> Iterator[NotifyTarget]:
    """The name servers at their addresses in the zone, but for the one that the SOA names (RFC 1996 2.1)."""
    for _, addresses in _others(zone, origin):
        for address in addresses:
            yield NotifyTarget(address, DNS_PORT)


def secondaries_without_address(zone: Rrsets, origin: Name) -> Iterator[str]:
    """Those of whom the zone has no address, by their absolute names."""
    return (server for server, addresses in _others(zone, origin) if not addresses)


def _others(zone: Rrsets, origin: Name) -> Iterator[tuple[str, tuple[str, ...]]]:
    """All but the one that the SOA names."""
    primary = _first_name(zone, origin, _SOA)
    return (named for named in named_servers(zone, origin) if named[0] != primary)


def named_servers(zone: Rrsets, origin: Name) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every name server of the zone by its absolute name, with its addresses as far as they stand in the zone."""
    for rdata in _rdatas(zone, origin.absolute, _NS):
        server = _name(rdata)
        yield server, tuple(host_addresses(zone, server))


def _first_name(zone: Rrsets, origin: Name, rtype: int) -> str:
    return next((_name(rdata) for rdata in _rdatas(zone, origin.absolute, rtype)), "")


def host_addresses(zone: Rrsets, server: str) -> Iterator[str]:
    """The addresses that stand in the zone for a host, IPv4 before IPv6."""
    yield from (str(IPv4Address(rdata)) for rdata in _rdatas(zone, server, _A))
    yield from (str(IPv6Address(rdata)) for rdata in _rdatas(zone, server, _AAAA))


def _rdatas(zone: Rrsets, owner: str, rtype: int) -> list[bytes]:
    found = zone.rrset(owner, rtype)
    return found[3] if found is not None else []


def _name(rdata: bytes) -> str:
    """The name that rdata begins with; the names of a zone have been checked, so case is all that may differ."""
    labels: list[str] = []
    at = 0
    while rdata[at]:
        label = rdata[at + 1 : at + 1 + rdata[at]].lower()
        if not _PLAIN.fullmatch(label):
            return _odd_name(rdata)
        labels.append(label.decode("ascii"))
        at += 1 + len(label)
    return ".".join((*labels, "")) or "."


def _odd_name(rdata: bytes) -> str:
    """One that has to be written with escapes, which hardly any has."""
    from dns.name import from_wire  # a server answers sooner without

    return from_wire(rdata, 0)[0].to_text().lower()
