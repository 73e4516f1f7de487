"""Catalogs from other servers (RFC 9432): the zones that they list come and go with them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from understudy.config.zones import copy_file
from understudy.model.configuration import Configuration
from understudy.model.event import Event, EventKind, Severity
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.catalog_owners import write_owners
from understudy.service.copy_files import disk_text
from understudy.service.name_server import NameServer
from understudy.service.zone_table import LoadedZone
from understudy.zones.catalog import BrokenCatalogError, read_catalog
from understudy.zones.members import Listed, MemberChange, Members

_ALARM = "catalog/"
_TOLD = 5  # chosen: so many names tell what a change is about


def take_up_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Know the zones of a catalog that an earlier run left; before the server begins."""
    configuration = server.candidate.configuration
    _take_up(server, configuration, loaded)
    _define(server, configuration, server.members.table)


def follow_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Do what a new version of a catalog says; one that breaks a rule changes nothing (RFC 9432 5.1)."""
    origin, zones, clashes = loaded.definition.name, server.candidate.configuration.zones, _clashes(server)
    listed = _read(server, loaded)
    if listed is None:
        return
    members = _members(server)
    orphans = members.orphans()
    strange = _strange_groups(server, origin)
    _do(server, str(origin), members.follow(origin, listed, zones.keys()))
    _tell_clashes(server, clashes)
    if unknown := _strange_groups(server, origin) - strange:
        text = f"groups of the catalog that are not known here: {', '.join(sorted(unknown)[:_TOLD])}"
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text))
    for zone in members.orphans():
        if zone not in orphans:
            text = f"{zone} stays because it is promoted, although the catalog {origin} lists it no more"
            server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(zone), text, Severity.WARNING))


def _strange_groups(server: NameServer, origin: Name) -> set[str]:
    """Groups that are ignored (RFC 9432 4.3.2), where the configuration knows any."""
    template = server.candidate.configuration.zones[origin].members
    known = {group for group, _ in template.groups} if template is not None else set()
    return server.members.groups(origin) - known if known else set()


def catch_up(server: NameServer) -> None:
    """A zone is promoted no more: what its catalog has said meanwhile counts."""
    change = _members(server).catch_up(server.candidate.configuration.zones.keys())
    _do(server, "catalogs", change)


def _do(server: NameServer, subject: str, change: MemberChange) -> None:
    for origin in (*change.removed, *change.reset):
        _drop(server, origin)
    _define(server, server.candidate.configuration, (*change.added, *change.reset, *change.moved, *change.regrouped))
    for origin in (*change.moved, *change.regrouped):
        _redefine(server, origin)
    _note_disputed(server)
    if change != MemberChange():
        server.use_primaries()
    _tell(server, subject, change)


def _members(server: NameServer) -> Members:
    server.members.promoted = server.store.desired.promotions.keys()
    return server.members


def _note_disputed(server: NameServer) -> None:
    """On disk before the versions that it is about, so that the next start does not give a zone to somebody else."""
    disputed = server.members.disputed()
    if disputed != server.members.owners:
        server.members.owners, server.members.is_unsaved = disputed, True


def follow_configuration(server: NameServer, configuration: Configuration) -> bool:
    """Another configuration: its catalogs alone are followed, and what it has itself comes from none of them.

    What is kept of the zones that go stays on disk, for whoever takes the change back. True: other zones come from
    catalogs now, or otherwise.
    """
    before, catalogs = server.candidate.configuration, _catalogs(configuration)
    if before.zones.keys() == configuration.zones.keys() and _catalogs(before) == catalogs:
        return False
    clashes, known = _clashes(server), set(server.members.catalogs)
    _members(server).configure(catalogs.keys(), configuration.zones.keys())
    server.members.broken = {name: text for name, text in server.members.broken.items() if name in catalogs}
    for key in server.alarms.keys(_ALARM):
        if Name.parse(key.removeprefix(_ALARM)) not in catalogs:
            server.alarms.clear(key, server.clock.now())
    for loaded in [server.zones[origin] for origin in catalogs if origin in server.zones and origin not in known]:
        _take_up(server, configuration, loaded)
    _define(server, configuration, server.members.table)
    _note_disputed(server)
    _tell_clashes(server, clashes)
    return bool(catalogs or known)


def _catalogs(configuration: Configuration) -> dict[Name, ZoneDefinition]:
    """Those from other servers."""
    return {name: each for name, each in configuration.zones.items() if each.members is not None}


def _take_up(server: NameServer, configuration: Configuration, loaded: LoadedZone) -> None:
    listed = _read(server, loaded)
    if listed is not None:
        _members(server).take_up(loaded.definition.name, listed, configuration.zones.keys())
        _show_alarms(server)


def _read(server: NameServer, loaded: LoadedZone) -> Mapping[Name, Listed] | None:
    """What a version lists; None: it breaks a rule, which is told."""
    origin = loaded.definition.name
    server.members.broken.pop(origin, None)
    try:
        return read_catalog(origin, loaded.zone.rrsets())
    except BrokenCatalogError as error:
        text = f"serial {loaded.zone.serial} of the catalog {origin} is not followed, its zones stay: {error}"
    server.members.broken[origin] = text
    server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text, Severity.WARNING))
    _show_alarms(server)
    return None


def _define(server: NameServer, configuration: Configuration, origins: Collection[Name]) -> None:
    """Each member as if the configuration had it; `origins` are those that may be others than before."""
    table, state_dir = server.members.table, configuration.node.state_dir
    for origin in server.member_zones.keys() - table.keys():
        del server.member_zones[origin]
    for origin in origins:
        membership = table[origin]
        members = configuration.zones[membership.catalog].members
        if members is None:
            continue
        template, known = members.of(membership.groups), server.member_zones.get(origin)
        definition = ZoneDefinition(
            origin,
            ZoneSource.TRANSFER,
            copy_file(state_dir, origin),
            transfer=template.transfer,
            primaries=template.primaries,
            watch=template.watch,
            zonemd=template.zonemd,
        )
        server.member_zones[origin] = known if known == definition else definition


def _redefine(server: NameServer, origin: Name) -> None:
    """What is here stays, and is exchanged with other servers from now on as its catalog or group says."""
    loaded = server.zones.get(origin)
    if loaded is not None:
        server.zones[origin] = replace(loaded, definition=server.member_zones[origin])
        server.versions.note_whole((origin,))


def _drop(server: NameServer, origin: Name) -> None:
    """Forget a zone with all that is kept of it: gone from its catalog, or to begin anew (RFC 9432 5.3, 5.4)."""
    now = server.clock.now()
    server.leftovers.append(copy_file(server.candidate.configuration.node.state_dir, origin))
    server.fetched.pop(origin, None)
    if server.zones.pop(origin, None) is not None:
        server.decider.publisher.withdraw_zone(origin)
        server.versions.withdraw(origin)
    for key in (f"zone/{origin}", f"copy/{origin}"):
        server.alarms.clear(key, now)


async def sweep(server: NameServer) -> None:
    """Delete the copies of zones that went with their catalogs, and write down whose zones the others are.

    Before one of them is taken up anew, and before the catalog that says so is on disk (ADR 0027).
    """
    async with server.sweeping:
        if server.members.is_unsaved:
            await _keep_owners(server)
        if not server.leftovers:
            return
        text = ""
        try:
            await asyncio.to_thread(_delete, server.leftovers)
        except OSError as error:
            text = f"the copy of a zone that went cannot be deleted: {disk_text(error)}"
        server.alarms.set_alarm("copy", text, server.clock.now())


async def _keep_owners(server: NameServer) -> None:
    server.members.is_unsaved, text = False, ""
    try:
        await asyncio.to_thread(write_owners, server.candidate.configuration.node.state_dir, server.members.owners)
    except OSError as error:
        server.members.is_unsaved = True
        why = disk_text(error)
        text = f"whose zones those of several catalogs are cannot be written down, a restart may mix them up: {why}"
    server.alarms.set_alarm("copy/owners", text, server.clock.now())


def _delete(leftovers: list[Path]) -> None:
    while leftovers:
        file = leftovers.pop()  # others may be added meanwhile
        try:
            file.unlink(missing_ok=True)
        except OSError:
            leftovers.append(file)
            raise


def _show_alarms(server: NameServer) -> None:
    """What of each catalog is not followed, or nothing: what one lists may end what another one waits for."""
    for origin in {*server.members.catalogs, *server.members.broken}:
        clashes = server.members.clashes(origin)
        text = server.members.broken.get(origin) or (_clash(origin, clashes) if clashes else "")
        server.alarms.set_alarm(f"{_ALARM}{origin}", text, server.clock.now())


def _clash(origin: Name, clashes: list[Name]) -> str:
    is_here = "is not taken from it: it is" if len(clashes) == 1 else "are not taken from it: they are"
    return f"{_names(clashes)} of the catalog {origin} {is_here} here already"


def _clashes(server: NameServer) -> dict[Name, list[Name]]:
    return {origin: server.members.clashes(origin) for origin in server.members.catalogs}


def _tell_clashes(server: NameServer, before: Mapping[Name, list[Name]]) -> None:
    """An event for those that are refused since then, and what is refused now as alarms."""
    _show_alarms(server)
    for origin, clashes in _clashes(server).items():
        fresh = [zone for zone in clashes if zone not in before.get(origin, ())]
        if fresh:
            text = _clash(origin, fresh)
            server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text, Severity.WARNING))


def _tell(server: NameServer, subject: str, change: MemberChange) -> None:
    parts = (
        ("came", "came", change.added),
        ("went", "went", change.removed),
        ("begins anew", "begin anew", change.reset),
        ("came from another catalog", "came from another catalog", change.moved),
        ("has other groups", "have other groups", change.regrouped),
    )
    text = "; ".join(f"{_names(zones)} {one if len(zones) == 1 else more}" for one, more, zones in parts if zones)
    if text:
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, subject, f"zones of the catalog: {text}"))


def _names(zones: list[Name] | tuple[Name, ...]) -> str:
    more = f" and {len(zones) - _TOLD} more" if len(zones) > _TOLD else ""
    return ", ".join(map(str, zones[:_TOLD])) + more
