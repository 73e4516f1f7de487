"""Catalog zones (RFC 9432): lists of zones that are themselves zones, written and read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import dns.exception
import dns.name
import dns.rdatatype

from understudy.model.name import Name

RRset: TypeAlias = tuple[str, int, int, list[bytes]]
"""(owner as absolute text, type, ttl in seconds, rdata as uncompressed octets)."""

VERSION = b"\x012"
"""The schema version as TXT rdata (RFC 9432 4.2.1)."""
_VERSION_LABELS = (b"version",)
_MEMBERS = b"zones"
_LABEL_DIGITS = 32  # chosen: 128 bits of a hash, so that no two zones share a label

_APEX = """\
$TTL 0
@ SOA invalid. invalid. 1 60 10 2147483646 0
@ NS invalid.
"""
"""Refresh and retry (chosen): a minute, so that a lost NOTIFY costs no more; the rest as in RFC 9432 appendix A."""


class BrokenCatalogError(Exception):
    """A zone that breaks a rule of catalogs, and must not be processed (RFC 9432 5.1)."""


def member_label(zone: Name) -> str:
    """The label that a member has for as long as it is one: the same in every run and on every server."""
    return hashlib.sha256(zone.to_wire()).hexdigest()[:_LABEL_DIGITS]


def catalog_text(members: Mapping[Name, str]) -> str:
    """The master file of a catalog with these members and their groups; an empty group is none."""
    return _APEX + 'version TXT "2"\n' + "".join(_member_lines(members))


def _member_lines(members: Mapping[Name, str]) -> Iterator[str]:
    for zone, group in members.items():
        label = member_label(zone)
        yield f"{label}.zones PTR {zone.absolute}\n"
        if group:
            yield f"group.{label}.zones TXT {_quoted(group)}\n"


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\{octet:03}" if octet in b'"\\' else chr(octet) for octet in text.encode("ascii")) + '"'


def read_catalog(origin: Name, rrsets: Iterable[RRset]) -> dict[Name, str]:
    """The members of a catalog, each with its label. What is not known here is left out (RFC 9432 4.4, 5.1).

    Raises BrokenCatalogError.
    """
    apex = dns.name.from_text(origin.absolute)
    version: list[bytes] = []
    members: dict[Name, str] = {}
    for owner, rtype, _, rdatas in rrsets:
        if rtype not in {dns.rdatatype.TXT, dns.rdatatype.PTR}:
            continue
        labels = dns.name.from_text(owner).relativize(apex).labels
        if rtype == dns.rdatatype.TXT and labels == _VERSION_LABELS:
            version = rdatas
        elif rtype == dns.rdatatype.PTR and len(labels) == len((_MEMBERS, b"label")) and labels[-1] == _MEMBERS:
            _add(members, labels[0].hex(), rdatas)
    _require_version(version)
    return members


def _require_version(version: list[bytes]) -> None:
    if len(version) != 1:
        raise BrokenCatalogError(f"it has {len(version) or 'no'} versions in its TXT record, and needs one")
    if version != [VERSION]:
        raise BrokenCatalogError(f"its version is {version[0][1:].decode('ascii', 'replace')!r}, and 2 is known here")


def _add(members: dict[Name, str], label: str, rdatas: list[bytes]) -> None:
    if len(rdatas) != 1:
        raise BrokenCatalogError(f"a member has {len(rdatas)} names")
    try:
        name, _ = dns.name.from_wire(rdatas[0], 0)
    except dns.exception.DNSException as error:
        raise BrokenCatalogError("a member has no name that can be read") from error
    zone = Name.parse(name.to_text())
    if zone in members:
        raise BrokenCatalogError(f"{zone} is a member twice")
    members[zone] = label
