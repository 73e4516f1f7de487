"""Catalog zones (RFC 9432): lists of zones that are themselves zones, written and read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from understudy.model.name import Name, NameSyntaxError
from understudy.zones.members import Listed

RRset: TypeAlias = tuple[str, int, int, list[bytes]]
"""(owner as absolute text, type, ttl in seconds, rdata as uncompressed octets)."""

_PTR, _TXT = 12, 16  # RFC 1035 3.2.2

VERSION = b"\x012"
"""The schema version as TXT rdata (RFC 9432 4.2.1)."""
_VERSION_LABELS = (b"version",)
_MEMBERS, _GROUP, _COO = (b"zones",), (b"group",), (b"coo",)
_LABEL_DIGITS = 32  # chosen: 128 bits of a hash, so that no two zones share a label

_APEX = """\
$TTL 0
@ SOA invalid. invalid. 1 60 10 2147483646 0
@ NS invalid.
"""
"""Refresh a minute and retry ten seconds (chosen), so that a lost NOTIFY costs no more; else as RFC 9432 appendix A."""


class BrokenCatalogError(Exception):
    """A zone that breaks a rule of catalogs, and must not be processed (RFC 9432 5.1)."""


def member_label(zone: Name) -> str:
    """The label that a member has for as long as it is one: the same in every run and on every server."""
    return hashlib.sha256(zone.to_wire()).hexdigest()[:_LABEL_DIGITS]


class Member(NamedTuple):
    """What is written of a zone: its group, and the catalog that it is given to; an empty group is none."""

    group: str = ""
    heir: Name | None = None


def catalog_text(members: Mapping[Name, Member]) -> str:
    """The master file of a catalog with these members."""
    return _APEX + 'version TXT "2"\n' + "".join(_member_lines(members))


def _member_lines(members: Mapping[Name, Member]) -> Iterator[str]:
    for zone, (group, heir) in members.items():
        label = member_label(zone)
        yield f"{label}.zones PTR {zone.absolute}\n"
        if group:
            yield f"group.{label}.zones TXT {_quoted(group)}\n"
        if heir is not None:  # RFC 9432 4.3.1
            yield f"coo.{label}.zones PTR {heir.absolute}\n"


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\{octet:03}" if octet in b'"\\' else chr(octet) for octet in text.encode("ascii")) + '"'


def read_catalog(origin: Name, rrsets: Iterable[RRset]) -> dict[Name, Listed]:
    """What a catalog says of its members. What is not known here is left out (RFC 9432 4.4, 5.1).

    Raises BrokenCatalogError.
    """
    version: list[bytes] = []
    members: dict[bytes, list[bytes]] = {}
    groups: dict[bytes, list[bytes]] = {}
    heirs: dict[bytes, list[bytes]] = {}
    tables: dict[tuple[int, tuple[bytes, ...]], dict[bytes, list[bytes]]]
    tables = {(_PTR, ()): members, (_TXT, _GROUP): groups, (_PTR, _COO): heirs}
    for owner, rtype, _, rdatas in rrsets:
        if rtype not in {_TXT, _PTR}:
            continue
        labels = _labels_above(owner, origin)
        if rtype == _TXT and labels == _VERSION_LABELS:
            version = rdatas
        elif labels[-1:] == _MEMBERS and (table := tables.get((rtype, labels[:-2]))) is not None and labels != _MEMBERS:
            table[labels[-2]] = rdatas
    _require_version(version)
    return _listed(members, groups, heirs)


def _labels_above(owner: str, origin: Name) -> tuple[bytes, ...]:
    """The labels that a name has more than its catalog, in lower case."""
    labels = owner.encode().split(b".") if "\\" not in owner else _odd_labels(owner)
    return tuple(label.lower() for label in labels[: len(labels) - len(origin.labels) - 1])


def _odd_labels(owner: str) -> Sequence[bytes]:
    """Those of a name that is written with escapes."""
    from dns.name import from_text  # a server answers sooner without

    return from_text(owner).labels


def _require_version(version: list[bytes]) -> None:
    if len(version) != 1:
        raise BrokenCatalogError(f"it has {len(version) or 'no'} versions in its TXT record, and needs one")
    if version != [VERSION]:
        raise BrokenCatalogError(f"its version is {version[0][1:].decode('ascii', 'replace')!r}, and 2 is known here")


def _listed(
    members: Mapping[bytes, list[bytes]], groups: Mapping[bytes, list[bytes]], heirs: Mapping[bytes, list[bytes]]
) -> dict[Name, Listed]:
    found: dict[Name, Listed] = {}
    for label, rdatas in members.items():
        zone = _one_name(rdatas, "a member")
        if zone in found:
            raise BrokenCatalogError(f"{zone} is a member twice")
        heir = _one_name(heirs[label], f"the coo property of {zone}") if label in heirs else None
        found[zone] = Listed(label.hex(), tuple(_texts(groups.get(label, ()))), heir)
    return found


def _one_name(rdatas: list[bytes], what: str) -> Name:
    if len(rdatas) != 1:
        raise BrokenCatalogError(f"{what} has {len(rdatas)} names")
    try:
        return Name.from_wire(rdatas[0])
    except NameSyntaxError as error:
        raise BrokenCatalogError(f"{what} has a name that cannot be used: {error}") from error


def _texts(rdatas: Iterable[bytes]) -> Iterator[str]:
    """The groups: TXT records of one string each, which is what can be written in a configuration."""
    for rdata in rdatas:
        if rdata[0] == len(rdata) - 1:
            yield "".join(map(_visible, rdata[1:].decode("latin-1")))


def _visible(char: str) -> str:
    """What is no printable ASCII is written out: a terminal would obey it where groups are told of."""
    return char if char.isascii() and char.isprintable() else f"\\x{ord(char):02x}"
