"""Hands zones and steered RRsets to the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from understudy.clock.clock import Clock
from understudy.engine import Engine, Zone
from understudy.model.decision import Decision
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.zone import AnswerKind, SteeredSet
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


@frozen
class Rendered:
    """What a record is for the engine as a `whole`, and what of that is not published yet."""

    sets: tuple[SteeredSet, ...]
    whole: Sequence[EngineSet]
    fresh: Sequence[EngineSet]


NOTHING: Mapping[Name, Sequence[EngineSet]] = MappingProxyType({})


class Publication(NamedTuple):
    """A zone version, the records in it, and the serial that is answered until there is a copy."""

    zone: Zone
    records: Mapping[Name, Rendered]
    serial: int | None = None


class Publisher:
    """The one writer of the engine's zones; readers there never wait for it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._published: dict[Name, dict[Name, tuple[SteeredSet, ...]]] = {}

    def publish_zones(self, zones: Mapping[Name, Publication]) -> None:
        """Serve each of these versions with all records steered in it, in one step."""
        self._engine.publish_zones(
            [
                (each.zone, [one for rendered in each.records.values() for one in rendered.whole], each.serial)
                for each in zones.values()
            ]
        )
        for origin, each in zones.items():
            self._published[origin] = {owner: rendered.sets for owner, rendered in each.records.items()}

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
        by_zone: defaultdict[Name, dict[Name, Rendered]] = defaultdict(dict)
        for owner, (origin, decisions) in changes.items():
            by_zone[origin][owner] = self.render(origin, owner, decisions)
        return self.show(by_zone)

    def show(self, rendered: Mapping[Name, Mapping[Name, Rendered]]) -> int:
        """As `publish`, of records by zone that nothing was published of since they were rendered."""
        count = 0
        for origin, records in rendered.items():
            published = self._published.get(origin)
            if published is None:
                continue
            sets = [one for each in records.values() for one in each.fresh]
            if sets:
                self._engine.publish(origin.absolute, sets)
            published.update({owner: each.sets for owner, each in records.items()})
            count += len(sets)
        return count

    def withdraw_records(
        self, gone: Mapping[Name, Collection[Name]], *, ahead: Mapping[Name, Sequence[EngineSet]] = NOTHING
    ) -> None:
        """Steer these no longer, zone -> owners: what the zone itself has there is answered again."""
        for origin, owners in gone.items():
            published = self._published.get(origin, {})
            known = [owner for owner in owners if published.pop(owner, None) is not None]
            if known:
                sets = [each for owner in known for each in ahead.get(owner) or self.render_withdrawn(owner)]
                self._engine.publish(origin.absolute, sets)

    def count_steered(self) -> Counter[Name]:
        """How many records are steered in each zone."""
        return Counter({origin: len(published) for origin, published in self._published.items()})

    def render(self, origin: Name, owner: Name, decisions: Sequence[Decision]) -> Rendered:
        """What a record of a zone is for the engine. May be asked in another thread."""
        sets = steered_sets(owner, decisions) if decisions else withdrawn_sets(owner)
        before = self._published.get(origin, {}).get(owner, ())
        made = list(zip(sets, self._for_engine(sets), strict=True))
        whole = [one for each, one in made if each.kind is not AnswerKind.REMOVE]  # in a zone that has none yet
        return Rendered(sets, whole, [one for each, one in made if each not in before])

    def render_withdrawn(self, owner: Name) -> Sequence[EngineSet]:
        """What ends the steering of a record, for the engine. May be asked in another thread."""
        return self._for_engine(withdrawn_sets(owner))

    def _for_engine(self, sets: Iterable[SteeredSet]) -> list[EngineSet]:
        return [self._engine_set(each) for each in sets]

    def _engine_set(self, each: SteeredSet) -> EngineSet:
        due = None if each.due is None else max(0.0, self._clock.to_monotonic(each.due))  # it may lie before the boot
        variants = [(weight, list(rdatas)) for weight, rdatas in each.variants]
        return (each.owner.absolute, each.rtype, each.kind.value, each.ttl_s, due, each.selector.value, variants)
