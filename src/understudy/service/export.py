"""A zone written out as a master file, as any other name server could serve it."""

from __future__ import annotations

from understudy.model.name import Name
from understudy.service.name_server import NameServer
from understudy.service.subjects import find_zone
from understudy.zones.steered import static_view


def export_zone(server: NameServer, name: str) -> str:
    """The zone's own data, then each steered record as the plain records of this moment. Raises NotFoundError."""
    origin = find_zone(server.zones, name)
    loaded = server.zones[origin]
    lines = [loaded.zone.to_master_file().rstrip("\n")]
    for record in server.pipeline.configuration.records.values():
        if record.zone != origin:
            continue
        lines.append(f"; {record.name} is steered; these are its answers of this moment")
        for decision in server.pipeline.past[record.name].decisions.values():
            lines.extend(
                f"{record.name.absolute}\t{record.ttl_s}\tIN\t{endpoint.family}\t"
                + (f"{endpoint}." if isinstance(endpoint.target, Name) else str(endpoint))
                for endpoint in static_view(decision)
            )
    return "\n".join(lines) + "\n"
