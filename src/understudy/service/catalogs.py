"""Catalogs from other servers (RFC 9432): the zones that they list come and go with them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from understudy.config.zones import copy_file
from understudy.model.configuration import Configuration
from understudy.model.event import Event, EventKind, Severity
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.name_server import NameServer
from understudy.service.zone_table import LoadedZone
from understudy.zones.catalog import BrokenCatalogError, read_catalog
from understudy.zones.members import MemberChange

_TOLD = 5  # chosen: so many names tell what a change is about


def take_up_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Know the zones of a catalog that an earlier run left; before the server begins."""
    _follow(server, server.candidate.configuration, loaded)


def follow_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Do what a new version of a catalog says; one that breaks a rule changes nothing (RFC 9432 5.1)."""
    change = _follow(server, server.candidate.configuration, loaded)
    if change is None:
        return
    for origin in (*change.removed, *change.reset):
        _drop(server, origin)
    server.use_peers()
    _tell(server, loaded.definition.name, change)


def follow_configuration(server: NameServer, configuration: Configuration) -> None:
    """Another configuration: its catalogs alone are followed, and what it has itself comes from none of them.

    What is kept of the zones that go stays on disk, for whoever takes the change back.
    """
    catalogs = [name for name, each in configuration.zones.items() if each.members is not None]
    server.members.configure(catalogs, configuration.zones.keys())
    _define(server, configuration)
    for origin in server.candidate.configuration.zones.keys() - set(catalogs):
        server.alarms.clear(f"catalog/{origin}", server.clock.now())
    for loaded in [server.zones[origin] for origin in catalogs if origin in server.zones]:
        _follow(server, configuration, loaded)


def _follow(server: NameServer, configuration: Configuration, loaded: LoadedZone) -> MemberChange | None:
    origin = loaded.definition.name
    try:
        listed = read_catalog(origin, loaded.zone.rrsets())
    except BrokenCatalogError as error:
        text = f"serial {loaded.zone.serial} of the catalog {origin} is not followed, its zones stay: {error}"
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text, Severity.WARNING))
        _alarm(server, origin, text)
        return None
    change = server.members.follow(origin, listed, configuration.zones.keys())
    _define(server, configuration)
    _alarm(server, origin, "")
    return change


def _define(server: NameServer, configuration: Configuration) -> None:
    """Each member as if the configuration had it."""
    catalogs = {name: each.members for name, each in configuration.zones.items() if each.members is not None}
    state_dir = configuration.node.state_dir
    server.member_zones = {
        zone: ZoneDefinition(
            zone,
            ZoneSource.TRANSFER,
            copy_file(state_dir, zone),
            primaries=catalogs[membership.catalog].primaries,
            zonemd=catalogs[membership.catalog].zonemd,
        )
        for zone, membership in server.members.table.items()
    }


def _drop(server: NameServer, origin: Name) -> None:
    """Forget a zone with all that is kept of it: gone from its catalog, or to begin anew (RFC 9432 5.3, 5.4)."""
    now = server.clock.now()
    if not server.is_promoted(origin):  # then the file is all that there is of it
        server.leftovers.append(copy_file(server.candidate.configuration.node.state_dir, origin))
    server.fetched.pop(origin, None)
    if server.zones.pop(origin, None) is not None:
        server.decider.publisher.withdraw_zone(origin)
        server.versions.note_whole((origin,))
    for key in (f"zone/{origin}", f"copy/{origin}"):
        server.alarms.clear(key, now)


async def sweep(server: NameServer) -> None:
    """Delete the copies of zones that went with their catalogs.

    Before one of them is taken up anew, and before the catalog that says so is on disk (ADR 0027).
    """
    async with server.sweeping:
        if not server.leftovers:
            return
        text = ""
        try:
            await asyncio.to_thread(_delete, server.leftovers)
        except OSError as error:
            text = f"the copy of a zone that went cannot be deleted: {error}"
        server.alarms.set_alarm("copy", text, server.clock.now())


def _delete(leftovers: list[Path]) -> None:
    while leftovers:
        file = leftovers.pop()  # others may be added meanwhile
        try:
            file.unlink(missing_ok=True)
        except OSError:
            leftovers.append(file)
            raise


def _alarm(server: NameServer, origin: Name, broken: str) -> None:
    """What of a catalog is not followed, or nothing."""
    clashes = server.members.clashes(origin)
    clash = f"{_names(clashes)} of the catalog {origin} are not taken from it: they are here already" if clashes else ""
    server.alarms.set_alarm(f"catalog/{origin}", broken or clash, server.clock.now())


def _tell(server: NameServer, origin: Name, change: MemberChange) -> None:
    parts = (("came", change.added), ("went", change.removed), ("begin anew", change.reset))
    text = "; ".join(f"{_names(zones)} {word}" for word, zones in parts if zones)
    if text:
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), f"zones of the catalog: {text}"))


def _names(zones: list[Name] | tuple[Name, ...]) -> str:
    more = f" and {len(zones) - _TOLD} more" if len(zones) > _TOLD else ""
    return ", ".join(map(str, zones[:_TOLD])) + more
