"""Hands zones and steered RRsets to the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from understudy.clock.clock import Clock
from understudy.engine import Engine, Zone
from understudy.model.decision import Decision
from understudy.model.name import Name
from understudy.model.zone import SteeredSet
from understudy.zones.steered import steered_sets, withdrawn_sets

EngineSet: TypeAlias = tuple[
    str,
    int,
    Literal["answer", "nodata", "servfail", "remove"],
    int,
    float | None,
    Literal["one", "chance", "rotate"],
    list[tuple[int, list[bytes]]],
]


class Publication(NamedTuple):
    """A zone version, the decisions of the records in it, and the serial that is answered until there is a copy."""

    zone: Zone
    records: Mapping[Name, Sequence[Decision]]
    serial: int | None = None


class Publisher:
    """The one writer of the engine's zones; readers there never wait for it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._published: dict[Name, dict[Name, tuple[SteeredSet, ...]]] = {}

    def publish_zone(
        self, origin: Name, zone: Zone, records: Mapping[Name, Sequence[Decision]], *, serial: int | None = None
    ) -> None:
        """As `publish_zones`, for one."""
        self.publish_zones({origin: Publication(zone, records, serial)})

    def publish_zones(self, zones: Mapping[Name, Publication]) -> None:
        """Serve each of these versions with all records steered in it, in one step."""
        versions: list[tuple[Zone, list[EngineSet], int | None]] = []
        published: dict[Name, dict[Name, tuple[SteeredSet, ...]]] = {}
        for origin, each in zones.items():
            sets = published[origin] = {owner: steered_sets(owner, it) for owner, it in each.records.items()}
            versions.append((each.zone, self._for_engine(one for group in sets.values() for one in group), each.serial))
        self._engine.publish_zones(versions)
        self._published |= published

    def withdraw_zones(self, origins: Collection[Name]) -> None:
        """Serve these zones no longer. Costs by all that there are, once."""
        self._engine.withdraw_zones([origin.absolute for origin in origins])
        self.forget_zones(origins)

    def forget_zones(self, origins: Iterable[Name]) -> None:
        """Publish nothing more in these zones: whoever says so has the engine serve them no longer."""
        for origin in origins:
            self._published.pop(origin, None)

    def publish(self, changes: Mapping[Name, tuple[Name, Sequence[Decision]]]) -> int:
        """Publish changed records, owner -> (zone, its decisions); each zone in one step. How many RRsets changed.

        Records of a zone that is not served (its file could not be read) wait for it.
        """
        by_zone: defaultdict[Name, list[SteeredSet]] = defaultdict(list)
        for owner, (origin, decisions) in changes.items():
            published = self._published.get(origin)
            if published is None:
                continue
            group = steered_sets(owner, decisions) if decisions else withdrawn_sets(owner)
            before = published.get(owner, ())
            by_zone[origin].extend(each for each in group if each not in before)
            published[owner] = group
        for origin, sets in by_zone.items():
            if sets:
                self._engine.publish(origin.absolute, self._for_engine(sets))
        return sum(len(sets) for sets in by_zone.values())

    def withdraw_records(self, gone: Mapping[Name, Collection[Name]]) -> None:
        """Steer these no longer, zone -> owners: what the zone itself has there is answered again."""
        for origin, owners in gone.items():
            published = self._published.get(origin, {})
            known = [owner for owner in owners if published.pop(owner, None) is not None]
            if known:
                sets = [each for owner in known for each in withdrawn_sets(owner)]
                self._engine.publish(origin.absolute, self._for_engine(sets))

    def count_steered(self) -> Counter[Name]:
        """How many records are steered in each zone."""
        return Counter({origin: len(published) for origin, published in self._published.items()})

    def _for_engine(self, sets: Iterable[SteeredSet]) -> list[EngineSet]:
        return [self._engine_set(each) for each in sets]

    def _engine_set(self, each: SteeredSet) -> EngineSet:
        due = None if each.due is None else max(0.0, self._clock.to_monotonic(each.due))  # it may lie before the boot
        variants = [(weight, list(rdatas)) for weight, rdatas in each.variants]
        return (each.owner.absolute, each.rtype, each.kind.value, each.ttl_s, due, each.selector.value, variants)
