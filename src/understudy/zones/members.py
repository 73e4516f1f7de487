"""Which catalog each zone comes from (RFC 9432), where several may list it and the configuration may have it too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from understudy.model.name import Name


class Membership(NamedTuple):
    """The catalog that a zone comes from, and its label there."""

    catalog: Name
    label: str


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What a new version of a catalog, or another configuration, means. `reset` have another label: they begin anew."""

    added: tuple[Name, ...] = ()
    removed: tuple[Name, ...] = ()
    reset: tuple[Name, ...] = ()


class Members:
    """What the catalogs list, and what of it counts. `configured` are the zones that the configuration has itself."""

    def __init__(self) -> None:
        self.table: dict[Name, Membership] = {}
        self._listed: dict[Name, Mapping[Name, str]] = {}

    def follow(self, catalog: Name, listed: Mapping[Name, str], configured: Collection[Name]) -> MemberChange:
        """A version of a catalog lists these zones with their labels."""
        self._listed[catalog] = listed
        return self._settle(configured)

    def configure(self, catalogs: Collection[Name], configured: Collection[Name]) -> MemberChange:
        """Only these catalogs are followed from now on."""
        self._listed = {catalog: listed for catalog, listed in self._listed.items() if catalog in catalogs}
        return self._settle(configured)

    def clashes(self, catalog: Name) -> list[Name]:
        """Zones of a catalog that are not taken from it, because they are here already (RFC 9432 5.2)."""
        listed = self._listed.get(catalog, {})
        return [zone for zone in listed if zone not in self.table or self.table[zone].catalog != catalog]

    def _settle(self, configured: Collection[Name]) -> MemberChange:
        """A zone stays with the catalog that it came from for as long as that lists it; then others have their turn."""
        before, after = self.table, dict[Name, Membership]()
        for catalog, listed in self._listed.items():
            for zone, label in listed.items():
                known = before.get(zone)
                is_first = zone not in after or (known is not None and known.catalog == catalog)
                if is_first and zone not in configured:
                    after[zone] = Membership(catalog, label)
        self.table = after
        return MemberChange(
            added=tuple(zone for zone in after if zone not in before),
            removed=tuple(zone for zone in before if zone not in after),
            reset=tuple(zone for zone in after if zone in before and after[zone] != before[zone]),
        )
