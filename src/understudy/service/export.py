"""A zone written out as a master file, as any other name server could serve it."""

from __future__ import annotations

from understudy.model.name import Name
from understudy.model.record import Record
from understudy.service.name_server import NameServer
from understudy.service.subjects import find_zone
from understudy.service.zone_table import LoadedZone
from understudy.zones.steered import PLACEHOLDER, needs_placeholder, static_view


def export_zone(server: NameServer, name: str, *, has_records: bool = True) -> str:
    """The zone's own data, then each steered record as the plain records of this moment. Raises NotFoundError.

    Without the records it is what this program could read in their place.
    """
    origin = find_zone(server.zones, name)
    loaded = server.zones[origin]
    lines = [loaded.zone.to_master_file().rstrip("\n")]
    for record in server.pipeline.configuration.records.values():
        if record.zone == origin and has_records:
            lines.append(f"; {record.name} is steered; these are its answers of this moment")
            lines.extend(_lines(server, record) or _placeholder(loaded, record))
    return "\n".join(lines) + "\n"


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
