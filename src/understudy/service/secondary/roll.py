"""What catalogs from other servers mean for the zones here, found ahead: it costs by all that they list.

It is found in a thread, from what nobody changes in place, and put in force by `service.catalogs`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from understudy.config.zones import copy_file
from understudy.model.configuration import Configuration
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.secondary.heard import Heard, heard_of
from understudy.service.zone_table import LoadedZone
from understudy.zones.catalog import BrokenCatalogError, read_catalog
from understudy.zones.members import Listed, MemberChange, Members


@frozen
class Roll:
    """What the catalogs list: each zone as if the configuration had it. Replaced as a whole, never changed."""

    members: Members
    zones: Mapping[Name, ZoneDefinition]

    @classmethod
    def of(cls, members: Members, zones: Mapping[Name, ZoneDefinition], promoted: Collection[Name]) -> Roll:
        """As it stands, for a thread to look at."""
        copied = members.copy()
        copied.promoted = frozenset(promoted)
        return cls(copied, zones)


@frozen
class RollStep:
    """To another roll, and what there is to be told of it.

    `heard`: all zones from other servers with their primaries; None: as before. `broken`: catalogs that break a rule
    and were not followed. `clashes`: the zones of each catalog that are not taken from it. What begins with this step
    are `refused` of them, `strange` groups that are not known here, and `orphans`, zones that only a promotion keeps.
    """

    roll: Roll
    change: MemberChange
    disputed: Mapping[Name, Name]
    clashes: Mapping[Name, Sequence[Name]]
    heard: Heard | None = None
    broken: Mapping[Name, str] = field(default_factory=dict)
    refused: Mapping[Name, Sequence[Name]] = field(default_factory=dict)
    strange: Sequence[str] = ()
    orphans: Sequence[Name] = ()


def step_following(before: Roll, configuration: Configuration, loaded: LoadedZone) -> RollStep:
    """What a new version of a catalog says; one that breaks a rule changes nothing (RFC 9432 5.1)."""
    members, origin = before.members.copy(), loaded.definition.name
    listed, broken = _read(loaded)
    members.broken = {name: text for name, text in members.broken.items() if name != origin} | broken
    change = MemberChange() if broken else members.follow(origin, listed, configuration.zones.keys())
    strange = _strange_groups(members, configuration, origin) - _strange_groups(before.members, configuration, origin)
    was_orphaned = set(before.members.orphans())
    return _step(
        before,
        Roll(members, _defined(members, configuration, before.zones, origins=_others(change))),
        configuration,
        change=change,
        told=_Told(broken, sorted(strange), [each for each in members.orphans() if each not in was_orphaned]),
    )


def step_catching_up(before: Roll, configuration: Configuration) -> RollStep:
    """Others are promoted than before."""
    members = before.members.copy()
    change = members.catch_up(configuration.zones.keys())
    after = Roll(members, _defined(members, configuration, before.zones, origins=_others(change)))
    return _step(before, after, configuration, change=change)


def step_taking_up(before: Roll, configuration: Configuration, loaded: LoadedZone) -> RollStep:
    """A version that was followed in an earlier run, which knew more of whose zones are whose than one catalog says."""
    members, origin = before.members.copy(), loaded.definition.name
    listed, broken = _read(loaded)
    members.broken = {name: text for name, text in members.broken.items() if name != origin} | broken
    if not broken:
        members.take_up(origin, listed, configuration.zones.keys())
    after = Roll(members, _defined(members, configuration, before.zones, origins=members.table))
    step = _step(before, after, configuration, change=MemberChange(), told=_Told(broken))
    return replace(step, disputed=members.owners)


def step_to(before: Roll, configuration: Configuration, present: Mapping[Name, LoadedZone]) -> RollStep:
    """Another configuration: its catalogs alone are followed, and what it has itself comes from none of them.

    Those that were not followed before are read from the versions that are `present`.
    """
    members, catalogs, broken = before.members.copy(), catalogs_of(configuration), dict[Name, str]()
    members.configure(catalogs.keys(), configuration.zones.keys())
    members.broken = {name: text for name, text in members.broken.items() if name in catalogs}
    for origin in catalogs.keys() & present.keys() - before.members.catalogs:
        listed, faults = _read(present[origin])
        members.broken |= faults
        broken |= faults
        if not faults:
            members.take_up(origin, listed, configuration.zones.keys())
    zones = _defined(members, configuration, before.zones, origins=members.table)
    return _step(before, Roll(members, zones), configuration, change=MemberChange(), told=_Told(broken))


def step_between(
    roll: Roll, before: Configuration, after: Configuration, *, present: Mapping[Name, LoadedZone]
) -> RollStep | None:
    """As `step_to`, from the configuration in force; None: the catalogs stay what they are."""
    if before.zones.keys() == after.zones.keys() and catalogs_of(before) == catalogs_of(after):
        return None
    return step_to(roll, after, present)


def catalogs_of(configuration: Configuration) -> dict[Name, ZoneDefinition]:
    """Those from other servers."""
    return {name: each for name, each in configuration.zones.items() if each.members is not None}


@frozen
class _Told:
    """As in RollStep."""

    broken: Mapping[Name, str] = field(default_factory=dict)
    strange: Sequence[str] = ()
    orphans: Sequence[Name] = ()


_NOTHING = _Told()


def _step(
    before: Roll, after: Roll, configuration: Configuration, *, change: MemberChange, told: _Told = _NOTHING
) -> RollStep:
    clashes = _clashes(after.members)
    known = _clashes(before.members)
    refused = {origin: _without(zones, known.get(origin, ())) for origin, zones in clashes.items()}
    return RollStep(
        after,
        change,
        after.members.disputed(),
        clashes,
        heard=None if after.zones == before.zones else heard_of({**after.zones, **configuration.zones}),
        broken=told.broken,
        refused={origin: zones for origin, zones in refused.items() if zones},
        strange=told.strange,
        orphans=told.orphans,
    )


def _clashes(members: Members) -> dict[Name, list[Name]]:
    return {origin: members.clashes(origin) for origin in {*members.catalogs, *members.broken}}


def _without(zones: Iterable[Name], known: Iterable[Name]) -> list[Name]:
    left = set(known)
    return [zone for zone in zones if zone not in left]


def _read(loaded: LoadedZone) -> tuple[dict[Name, Listed], dict[Name, str]]:
    """What a version lists, and what is wrong with it."""
    origin = loaded.definition.name
    try:
        return read_catalog(origin, loaded.zone.rrsets()), {}
    except BrokenCatalogError as error:
        text = f"serial {loaded.zone.serial} of the catalog {origin} is not followed, its zones stay: {error}"
        return {}, {origin: text}


def _others(change: MemberChange) -> tuple[Name, ...]:
    return (*change.added, *change.reset, *change.moved, *change.regrouped)


def _strange_groups(members: Members, configuration: Configuration, origin: Name) -> set[str]:
    """Groups that are ignored (RFC 9432 4.3.2), where the configuration knows any."""
    template = configuration.zones[origin].members
    known = {group for group, _ in template.groups} if template is not None else set()
    return members.groups(origin) - known if known else set()


def _defined(
    members: Members, configuration: Configuration, known: Mapping[Name, ZoneDefinition], *, origins: Iterable[Name]
) -> dict[Name, ZoneDefinition]:
    """Each member as if the configuration had it; `origins` are those that may be others than before."""
    table, state_dir = members.table, configuration.node.state_dir
    zones = {origin: definition for origin, definition in known.items() if origin in table}
    for origin in origins:
        membership = table[origin]
        template = configuration.zones[membership.catalog].members
        if template is None:
            continue
        found, file = template.of(membership.groups), copy_file(state_dir, origin)
        definition = ZoneDefinition(
            origin, ZoneSource.TRANSFER, file, found.transfer, found.primaries, found.watch, found.zonemd
        )
        before = zones.get(origin)
        zones[origin] = before if before is not None and before == definition else definition
    return zones
