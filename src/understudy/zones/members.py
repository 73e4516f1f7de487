"""Which catalog each zone comes from (RFC 9432), where several may list it and the configuration may have it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from understudy.model.frozen import frozen
from understudy.model.name import Name


class Listed(NamedTuple):
    """What a catalog says of a zone: its label, its groups, and to whom it is given away (`coo`); None: to nobody."""

    label: str
    groups: tuple[str, ...] = ()
    heir: Name | None = None


class Membership(NamedTuple):
    """The catalog that a zone comes from, its label there, and its groups."""

    catalog: Name
    label: str
    groups: tuple[str, ...] = ()


@frozen
class MemberChange:
    """What a new version of a catalog, or another configuration, means.

    `reset` have another label, or another catalog that they were not given to under the same one: they begin anew.
    `moved` were given to another catalog as they are, `regrouped` have other groups: these two keep what is here.
    """

    added: tuple[Name, ...] = ()
    removed: tuple[Name, ...] = ()
    reset: tuple[Name, ...] = ()
    moved: tuple[Name, ...] = ()
    regrouped: tuple[Name, ...] = ()


class Members:
    """What the catalogs list, and what of it counts. `configured` are the zones that the configuration has itself.

    A zone stays with its catalog for as long as that lists it. It goes to another one only where both say so, with a
    version of the new one (RFC 9432 4.3.1): whoever lists a zone of somebody else does not get it (5.2). Those that are
    `promoted` stay as they are, whatever is said of them. `owners` are what an earlier run knew (`disputed`), which is
    on disk unless it `is_unsaved`. `broken` are the catalogs whose newest version breaks a rule, and which.
    """

    def __init__(self) -> None:
        self.table: dict[Name, Membership] = {}
        self.owners: Mapping[Name, Name] = {}
        self.promoted: Collection[Name] = ()
        self.broken: dict[Name, str] = {}
        self.is_unsaved = False
        self._listed: dict[Name, Mapping[Name, Listed]] = {}

    def copy(self) -> Members:
        """The same, to find out what something changes while others look at this one."""
        other = Members()
        other.table, other.owners, other.promoted = self.table, self.owners, self.promoted
        other.broken, other.is_unsaved, other._listed = dict(self.broken), self.is_unsaved, dict(self._listed)
        return other

    @property
    def catalogs(self) -> Collection[Name]:
        """Those of which it is known what they list."""
        return self._listed.keys()

    def take_up(self, catalog: Name, listed: Mapping[Name, Listed], configured: Collection[Name]) -> MemberChange:
        """A version that was followed before, in an earlier run or under another configuration."""
        self._listed[catalog] = listed
        return self._settle(configured, updated=None)

    def follow(self, catalog: Name, listed: Mapping[Name, Listed], configured: Collection[Name]) -> MemberChange:
        """A new version of a catalog lists these zones."""
        self._listed[catalog] = listed
        return self._settle(configured, updated=catalog)

    def catch_up(self, configured: Collection[Name]) -> MemberChange:
        """Others are promoted than before."""
        return self._settle(configured, updated=None)

    def configure(self, catalogs: Collection[Name], configured: Collection[Name]) -> MemberChange:
        """Only these catalogs are followed from now on."""
        self._listed = {catalog: listed for catalog, listed in self._listed.items() if catalog in catalogs}
        self.owners = {zone: owner for zone, owner in self.owners.items() if owner in catalogs}
        return self._settle(configured, updated=None)

    def clashes(self, catalog: Name) -> list[Name]:
        """Zones of a catalog that are not taken from it, because they are here already (RFC 9432 5.2).

        Not those that it has given away itself.
        """
        found = ((zone, entry, self.table.get(zone)) for zone, entry in self._listed.get(catalog, {}).items())
        return [zone for zone, entry, known in found if known is None or known.catalog not in {catalog, entry.heir}]

    def groups(self, catalog: Name) -> set[str]:
        """All that a catalog speaks of."""
        return {group for entry in self._listed.get(catalog, {}).values() for group in entry.groups}

    def orphans(self) -> list[Name]:
        """Zones that are only there because they are promoted: their catalog does not list them."""
        known = ((zone, self.table.get(zone)) for zone in self.promoted)
        return [zone for zone, found in known if found is not None and zone not in self._listed[found.catalog]]

    def disputed(self) -> dict[Name, Name]:
        """The catalogs of those zones of which the versions alone do not tell, and that a start has to know.

        Several list them, or none does.
        """
        unread = {zone: owner for zone, owner in self.owners.items() if owner not in self._listed}
        orphans = {zone: self.table[zone].catalog for zone in self.orphans()}
        if len(self._listed) == 1:
            return unread | orphans
        counts = Counter(zone for listed in self._listed.values() for zone in listed)
        return unread | orphans | {zone: each.catalog for zone, each in self.table.items() if counts[zone] > 1}

    def _settle(self, configured: Collection[Name], *, updated: Name | None) -> MemberChange:
        before, after = self.table, self._frozen(configured)
        for catalog, listed in self._listed.items():
            for zone, entry in listed.items():
                keeper = self._keeper(zone, updated)
                if keeper in (None, catalog) and zone not in after and zone not in configured:
                    after[zone] = Membership(catalog, entry.label, entry.groups)
        self.table = after
        return self._change(before, after)

    def _frozen(self, configured: Collection[Name]) -> dict[Name, Membership]:
        """Promoted zones as they are; after a restart also those that their catalog lists no more."""
        found: dict[Name, Membership] = {}
        for zone in self.promoted:
            owner = self.owners.get(zone)
            known = self.table.get(zone)
            if known is None and owner in self._listed and zone not in self._listed[owner]:
                known = Membership(owner, "")
            if known is not None and known.catalog in self._listed and zone not in configured:
                found[zone] = known
        return found

    def _keeper(self, zone: Name, updated: Name | None) -> Name | None:
        """The only catalog that the zone may come from; None: whichever is first."""
        known = self.table.get(zone)
        keeper = self.owners.get(zone) if known is None else known.catalog
        if keeper is None:
            return None
        if keeper not in self._listed:  # an earlier run's, which may come yet, or one that is followed no more
            return keeper if known is None else None
        entry = self._listed[keeper].get(zone)
        if entry is None:
            return None
        is_given = entry.heir is not None and entry.heir == updated and zone in self._listed[entry.heir]
        return entry.heir if is_given else keeper

    def _change(self, before: Mapping[Name, Membership], after: Mapping[Name, Membership]) -> MemberChange:
        both = [(zone, before[zone], found) for zone, found in after.items() if zone in before]
        kept = [(zone, was, found) for zone, was, found in both if self._is_kept(zone, was, found)]
        stays = {zone for zone, _, _ in kept}
        return MemberChange(
            added=tuple(zone for zone in after if zone not in before),
            removed=tuple(zone for zone in before if zone not in after),
            reset=tuple(zone for zone, _, _ in both if zone not in stays),
            moved=tuple(zone for zone, was, found in kept if was.catalog != found.catalog),
            regrouped=tuple(zone for zone, was, found in kept if was.groups != found.groups),
        )

    def _is_kept(self, zone: Name, was: Membership, found: Membership) -> bool:
        """Whether what is here of the zone stays: the same label, in its catalog or in one that it was given to."""
        if was.label != found.label:
            return False
        entry = self._listed.get(was.catalog, {}).get(zone)
        return was.catalog == found.catalog or (entry is not None and entry.heir == found.catalog)
