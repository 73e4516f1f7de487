"""A zone written out as a master file, as any other name server could serve it."""

from __future__ import annotations

from understudy.model.errors import NotFoundError
from understudy.model.name import Name, NameSyntaxError
from understudy.service.name_server import NameServer
from understudy.zones.steered import static_view


def export_zone(server: NameServer, name: str) -> str:
    """The zone's own data, then each steered record as the plain records of this moment. Raises NotFoundError."""
    try:
        origin = Name.parse(name)
    except NameSyntaxError as error:
        raise NotFoundError(str(error), code="zone.name") from None
    loaded = server.zones.get(origin)
    if loaded is None:
        raise NotFoundError(f"no zone {name} is served here", hint="`understudy zone list` names them all")
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
