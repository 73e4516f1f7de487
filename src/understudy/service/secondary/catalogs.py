"""Catalogs from other servers (RFC 9432): the zones that they list come and go with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from understudy.config.zones import copy_file
from understudy.model.configuration import Configuration
from understudy.model.event import Event, EventKind, Severity
from understudy.model.name import Name
from understudy.service.copy_files import disk_text
from understudy.service.name_server import NameServer
from understudy.service.secondary.catalog_owners import write_owners
from understudy.service.secondary.heard import Heard
from understudy.service.secondary.roll import (
    Roll,
    RollStep,
    catalogs_of,
    step_catching_up,
    step_following,
    step_taking_up,
)
from understudy.service.zone_table import LoadedZone
from understudy.zones.members import MemberChange

_ALARM = "catalog/"
_TOLD = 5  # chosen: so many names tell what a change is about
SLICE = 200  # chosen: so many zones go in some milliseconds; then others have their turn


def take_up_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Know the zones of a catalog that an earlier run left; before the server begins."""
    configuration = server.candidate.configuration
    _adopt(server, step_taking_up(roll_of(server), configuration, loaded))


def roll_of(server: NameServer) -> Roll:
    """As it stands; it may be looked at in a thread while `reloading` is held."""
    return Roll.of(server.members, server.member_zones, server.store.desired.promotions.keys())


async def follow_catalog(server: NameServer, loaded: LoadedZone) -> None:
    """Do what a new version of a catalog says; one that breaks a rule changes nothing (RFC 9432 5.1).

    What it says is found in a thread, and zones go some at a time: there may be ten thousand. The caller holds
    `reloading`, so that nobody else does the like meanwhile.
    """
    origin, configuration = loaded.definition.name, server.candidate.configuration
    step = await asyncio.to_thread(step_following, roll_of(server), configuration, loaded)
    await _do(server, str(origin), step)
    if step.strange:
        text = f"groups of the catalog that are not known here: {', '.join(step.strange[:_TOLD])}"
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text))
    for zone in step.orphans:
        text = f"{zone} stays because it is promoted, although the catalog {origin} lists it no more"
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(zone), text, Severity.WARNING))


async def catch_up(server: NameServer) -> None:
    """A zone is promoted no more: what its catalog has said meanwhile counts. The caller holds `reloading`."""
    step = await asyncio.to_thread(step_catching_up, roll_of(server), server.candidate.configuration)
    await _do(server, "catalogs", step)


async def _do(server: NameServer, subject: str, step: RollStep) -> None:
    """Nothing stays half done: whoever ends this in the middle has the rest done at once."""
    _adopt(server, step)
    gone = iter((*step.change.removed, *step.change.reset))
    others = iter((*step.change.moved, *step.change.regrouped))
    dropped: list[Name] = []
    try:
        while some := list(islice(gone, SLICE)):
            dropped += _drop(server, some)
            await asyncio.sleep(0)
        while some := list(islice(others, SLICE)):
            _redefine(server, some)
            await asyncio.sleep(0)
    finally:
        dropped += _drop(server, list(gone))
        _redefine(server, list(others))
        if dropped or step.heard is not None:
            loop = asyncio.get_running_loop()
            await asyncio.shield(loop.run_in_executor(None, _tell_engine, server, dropped, step.heard))
    _tell(server, subject, step.change)


def _tell_engine(server: NameServer, dropped: Sequence[Name], heard: Heard | None) -> None:
    """In a thread: it takes the engine some milliseconds where there are many zones."""
    server.engine.withdraw_zones([origin.absolute for origin in dropped])
    if heard is not None:
        server.engine.set_secondaries(heard)


def follow_configuration(server: NameServer, configuration: Configuration, step: RollStep) -> None:
    """Another configuration comes in force.

    What is kept of the zones that go stays on disk, for whoever takes the change back.
    """
    catalogs = catalogs_of(configuration)
    for key in server.alarms.keys(_ALARM):
        if Name.parse(key.removeprefix(_ALARM)) not in catalogs:
            server.alarms.clear(key, server.clock.now())
    _adopt(server, step)


def _adopt(server: NameServer, step: RollStep) -> None:
    """From now on this is what the catalogs list, and what is refused of it is no secret."""
    known, now = server.members, server.clock.now()
    server.members, server.member_zones = step.roll.members, step.roll.zones
    server.members.is_unsaved |= known.is_unsaved
    if step.disputed != server.members.owners:  # on disk before the versions that it is about (ADR 0027)
        server.members.owners, server.members.is_unsaved = step.disputed, True
    for origin, text in step.broken.items():
        server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))
    for origin, clashes in step.clashes.items():  # what one lists may end what another one waits for
        text = server.members.broken.get(origin) or (_clash(origin, clashes) if clashes else "")
        server.alarms.set_alarm(f"{_ALARM}{origin}", text, now)
    for origin, clashes in step.refused.items():
        server.journal.tell(Event(now, EventKind.ZONE, str(origin), _clash(origin, clashes), Severity.WARNING))


def _redefine(server: NameServer, origins: Sequence[Name]) -> None:
    """What is here stays, and is exchanged with other servers from now on as its catalog or group says."""
    here = [origin for origin in origins if origin in server.zones]
    for origin in here:
        server.zones[origin] = replace(server.zones[origin], definition=server.member_zones[origin])
    server.versions.note_whole(here)


def _drop(server: NameServer, origins: Sequence[Name]) -> list[Name]:
    """Forget zones with all that is kept of them: gone from their catalog, or to begin anew (RFC 9432 5.3, 5.4).

    Those that the engine still serves.
    """
    now, state_dir = server.clock.now(), server.candidate.configuration.node.state_dir
    server.leftovers.extend(copy_file(state_dir, origin) for origin in origins)
    for origin in origins:
        server.fetched.pop(origin, None)
        for key in (f"zone/{origin}", f"copy/{origin}"):
            server.alarms.clear(key, now)
    here = [origin for origin in origins if server.zones.pop(origin, None) is not None]
    server.decider.publisher.forget_zones(here)
    server.versions.withdraw(here)
    return here


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


def _clash(origin: Name, clashes: Sequence[Name]) -> str:
    is_here = "is not taken from it: it is" if len(clashes) == 1 else "are not taken from it: they are"
    return f"{_names(clashes)} of the catalog {origin} {is_here} here already"


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


def _names(zones: Sequence[Name]) -> str:
    more = f" and {len(zones) - _TOLD} more" if len(zones) > _TOLD else ""
    return ", ".join(map(str, zones[:_TOLD])) + more
