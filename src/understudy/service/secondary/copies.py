"""Copies of zones from other servers, on disk: a restart answers from them before any primary is heard.

A copy is a master file. When it was modified is when a primary last said that this is its version, so that expiry
counts across restarts (ADR 0022). One that is not what was written is never answered from (ADR 0040).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from understudy.clock.clock import Clock
from understudy.config.zones import COPIES
from understudy.engine import Zone, ZoneFileError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.copy_files import sweep_unfinished
from understudy.service.damage import ALARM, Damage, set_aside
from understudy.service.name_server import NameServer
from understudy.service.secondary.catalog_owners import owners_path, read_owners
from understudy.service.secondary.catalogs import take_up_catalog
from understudy.service.secondary.digests import require_file_digest
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Secondary, Timers

SLICE = 500  # chosen: so many are taken up in a few milliseconds; then others have their turn
_SOA = 6  # RFC 1035 3.2.2
_UNSEALED = "zone.unsealed"


@frozen
class Copy:
    """What an earlier run left, and where the zone stands by that."""

    loaded: LoadedZone
    secondary: Secondary

    @property
    def is_sealed(self) -> bool:
        """Whether the file has a checksum; an earlier version wrote none."""
        return all(code != _UNSEALED for _, _, _, code, _ in self.loaded.zone.warnings)


def timers_of(zone: Zone) -> Timers:
    """What the zone's SOA asks of secondaries."""
    soa = zone.rrset(zone.origin, _SOA)
    return Timers.of_soa(soa[3][0] if soa else bytes(20))


def read_copy(definition: ZoneDefinition, clock: Clock, *, is_promoted: bool = False) -> Copy | None:
    """The copy of an earlier run; None: there is none. Blocks. Raises OSError, ZoneFileError (it is damaged).

    One that was promoted is the zone itself, whatever its age.
    """
    now = clock.now()
    try:
        refreshed_at = definition.file.stat().st_mtime - clock.civil_shift_s()
    except FileNotFoundError:
        return None
    zone = Zone.load_sealed(definition.name.absolute, str(definition.file))
    require_file_digest(definition, zone)
    secondary = Secondary.restored(timers_of(zone), refreshed_at, now)
    loaded = LoadedZone(definition, zone, now, is_awaited=not is_promoted)
    return Copy(loaded, secondary.promoted() if is_promoted else secondary)


def _read_copies(wanted: Iterable[tuple[ZoneDefinition, bool]], clock: Clock) -> list[Copy | OSError | Damage | None]:
    """As `read_copy` for each and whether it is promoted; what is wrong stands in the place of what cannot be used."""
    return [_copy_or_fault(definition, clock, is_promoted=is_promoted) for definition, is_promoted in wanted]


def _copy_or_fault(definition: ZoneDefinition, clock: Clock, *, is_promoted: bool) -> Copy | OSError | Damage | None:
    try:
        return read_copy(definition, clock, is_promoted=is_promoted)
    except OSError as error:
        return error
    except ZoneFileError as error:
        return set_aside(definition.file, str(error), clock.now())


async def taken_up(server: NameServer, definitions: Sequence[ZoneDefinition]) -> list[FetchedZone]:
    """Zones with the copies of an earlier run, those that expired too.

    One thread reads all of them: a thousand waits for a thread cost a fresh secondary a tenth of its start and more.
    """
    if not definitions:
        return []
    wanted = [(each, server.is_promoted(each.name)) for each in definitions]
    copies = await asyncio.to_thread(_read_copies, wanted, server.clock)
    cares: list[FetchedZone] = []
    for count, (definition, copy) in enumerate(zip(definitions, copies, strict=True), 1):
        cares.append(_cared_for(server, definition, copy))
        if not count % SLICE:
            await asyncio.sleep(0)
    return cares


def _cared_for(server: NameServer, definition: ZoneDefinition, copy: Copy | OSError | Damage | None) -> FetchedZone:
    if isinstance(copy, OSError | Damage):
        tell_damage(server, definition.name, copy)
        copy = None
    if copy is None:
        return FetchedZone(definition, Secondary.empty(server.clock.now()))
    care = FetchedZone(definition, copy.secondary)
    care.take(copy.loaded, server.candidate.find_conflict(definition.name, copy.loaded))
    care.is_saved = copy.is_sealed
    return care


def restore_copies(server: NameServer) -> None:
    """Serve what an earlier run left, as far as it has not expired. Before the server begins; blocks."""
    sweep_unfinished(server.candidate.configuration.node.state_dir / COPIES)
    _restore_owners(server)
    for definition in server.candidate.configuration.zones.values():
        if definition.source is ZoneSource.TRANSFER:
            _restore(server, definition)
    for definition in server.member_zones.values():
        _restore(server, definition)


def _restore_owners(server: NameServer) -> None:
    now, state_dir = server.clock.now(), server.candidate.configuration.node.state_dir
    what, consequence = "whose zones those of several catalogs are", "the first that lists one has it"
    try:
        server.members.owners = read_owners(state_dir)
    except OSError as error:
        text = f"{what} cannot be read, {consequence}: {error}"
        server.journal.tell(Event(now, EventKind.ZONE, "catalogs", text, Severity.WARNING))
    except ValueError as error:
        damage = set_aside(owners_path(state_dir), str(error), now)
        server.alarms.raise_alarm(f"{ALARM}catalogs", damage.explain(what, consequence), now)


def _restore(server: NameServer, definition: ZoneDefinition) -> None:
    copy = _copy_or_fault(definition, server.clock, is_promoted=server.is_promoted(definition.name))
    if isinstance(copy, OSError | Damage):
        tell_damage(server, definition.name, copy)
        return
    if copy is None or server.candidate.find_conflict(definition.name, copy.loaded):
        return
    if definition.members is not None:  # also where it has expired: its zones have lives of their own
        take_up_catalog(server, copy.loaded)
    if copy.secondary.is_served:
        server.zones[definition.name] = copy.loaded


def tell_damage(server: NameServer, origin: Name, fault: OSError | Damage) -> None:
    """A copy that cannot be used is fetched anew, and that is no secret."""
    now, consequence = server.clock.now(), "the zone is fetched anew"
    if isinstance(fault, Damage):
        text = fault.explain(f"the copy of {origin}", consequence)
        server.alarms.raise_alarm(f"{ALARM}{origin}", text, now)
        return
    text = f"the copy in the state folder cannot be used, {consequence}: {fault}"
    server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))


def kept_copies(zones: Mapping[Name, LoadedZone], wanted: Mapping[Name, ZoneDefinition]) -> dict[Name, LoadedZone]:
    """The versions from other servers that another configuration goes on serving."""
    return {
        origin: loaded.defined(wanted[origin])
        for origin, loaded in zones.items()
        if origin in wanted and loaded.definition.source is wanted[origin].source is ZoneSource.TRANSFER
    }
