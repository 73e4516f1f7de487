"""A zone written out as a master file, as any other name server could serve it."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable
from typing import Literal

from dns import rdatatype

from understudy.engine import Zone
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.service.name_server import NameServer
from understudy.service.zone_orders import find_answered
from understudy.service.zone_table import LoadedZone
from understudy.zones.steered import PLACEHOLDER, needs_placeholder, static_view

_ADDRESSES = frozenset(("A", "AAAA"))
_FIELDS = 5  # owner, TTL, class, type, data
_SCHEME_AT, _HASH_AT, _SIMPLE = 4, 5, 1  # RFC 8976 2.2: behind the serial; the only scheme there is
_HASHES: dict[int, Literal["sha384", "sha512"]] = {1: "sha384", 2: "sha512"}  # RFC 8976 5.3
_NUMBERS = {kind: number for number, kind in _HASHES.items()}


async def export_zone(server: NameServer, name: str, *, has_records: bool = True) -> str:
    """The zone's own data, then each steered record as the plain records of this moment.

    Without the records it is what this program could read in their place. Addresses that a record hides (ADR 0024) are
    comments either way: no file may have both, and whoever gives the zone back to its primary finds them. A message
    digest (RFC 8976) is that of what is written here. Raises NotFoundError, ZoneOrderRefusedError.
    """
    loaded = find_answered(server, name)
    origin = loaded.definition.name
    records = server.pipeline.configuration.records_in(origin)
    serial = server.versions.serial_of(origin)
    lines = []
    for record in records:
        if has_records:
            lines.append(f"; {record.name} is steered; these are its answers of this moment")
            lines.extend(_lines(server, record) or _placeholder(loaded, record))
    own = await asyncio.to_thread(loaded.zone.to_master_file)
    own = _with_serial(_without_hidden(loaded, records, own), serial).rstrip("\n")
    text = "\n".join([own, *lines]) + "\n"
    if serial in {None, loaded.zone.serial} and not records:
        return text
    return await asyncio.to_thread(_with_digests, loaded, text)


def _with_digests(loaded: LoadedZone, text: str) -> str:
    """The digests that the zone has, or that its versions get, made anew; one of an unknown kind is left out."""
    origin, transfer = loaded.definition.name, loaded.definition.transfer
    had = loaded.zone.rrset(origin.absolute, rdatatype.ZONEMD)
    hashes = {rdata[_HASH_AT] for rdata in had[3] if rdata[_SCHEME_AT] == _SIMPLE} if had is not None else set()
    kinds = [kind for number, kind in _HASHES.items() if number in hashes or (transfer and transfer.zonemd == kind)]
    if had is not None:
        text = "\n".join(line for line in text.split("\n") if not _is_digest(line))
    if not kinds:
        return text
    zone = Zone.parse(origin.absolute, text.encode("ascii"), "the export")
    _, _, ttl, _ = zone.rrset(origin.absolute, rdatatype.SOA) or ("", 0, 0, [])
    digests = (f"{zone.serial} {_SIMPLE} {_NUMBERS[kind]} {zone.zonemd(kind).hex()}" for kind in kinds)
    return text + "".join(f"{origin.absolute}\t{ttl}\tIN\tZONEMD\t{digest}\n" for digest in digests)


def _is_digest(line: str) -> bool:
    fields = line.split(maxsplit=4)
    return len(fields) == _FIELDS and fields[0] == "@" and fields[3] == "ZONEMD"


def _without_hidden(loaded: LoadedZone, records: Iterable[Record], text: str) -> str:
    """The zone's own data, which has one record a line."""
    hidden = {record.name for record in records if not _ADDRESSES.isdisjoint(_types_at(loaded, record.name))}
    if not hidden:
        return text
    origin = loaded.definition.name
    lines = (f"; hidden by a record: {line}" if _is_hidden(line, origin, hidden) else line for line in text.split("\n"))
    return "\n".join(lines)


def _with_serial(text: str, serial: int | None) -> str:
    """The SOA, which comes first, with the serial that secondaries have seen: another primary has to go on from it."""
    before, _, rest = text.partition(" SOA ")
    mname, rname, _, others = rest.split(maxsplit=3)
    return text if serial is None else f"{before} SOA     {mname} {rname} {serial} {others}"


def _is_hidden(line: str, origin: Name, hidden: Container[Name]) -> bool:
    fields = line.split(maxsplit=4)
    if len(fields) != _FIELDS or fields[3] not in _ADDRESSES:
        return False
    below = origin.absolute if origin.labels else ""
    owner = origin if fields[0] == "@" else Name.parse(f"{fields[0]}.{below}")
    return owner in hidden


def _types_at(loaded: LoadedZone, name: Name) -> Iterable[str]:
    return (rdatatype.to_text(rdatatype.RdataType.make(rtype)) for rtype in loaded.zone.types_at(name.absolute))


def _lines(server: NameServer, record: Record) -> list[str]:
    """What the record answers."""
    return [
        f"{record.name.absolute}\t{record.ttl_s}\tIN\t{endpoint.family}\t"
        + (f"{endpoint}." if isinstance(endpoint.target, Name) else str(endpoint))
        for decision in server.pipeline.past[record.name].decisions.values()
        for endpoint in static_view(decision)
    ]


def _placeholder(loaded: LoadedZone, record: Record) -> list[str]:
    """What keeps a name alive that answers nothing and has nothing else."""
    if not needs_placeholder(loaded.zone.types_at(record.name.absolute)):
        return []
    return [f'{record.name.absolute}\t{record.ttl_s}\tIN\tTXT\t"{PLACEHOLDER}"']
