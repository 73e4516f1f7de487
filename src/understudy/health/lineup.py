"""Where everything that one record may hand out stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from understudy.health.overrides import Location, OverrideIndex, find_freeze, find_override
from understudy.health.standing import Place, stand
from understudy.model.check import Check, leaves
from understudy.model.decision import RecordMemory
from understudy.model.endpoint import Endpoint, Family, Member, Pool
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthFlag, HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.override import OverrideKind
from understudy.model.record import Record
from understudy.model.standing import Lineup, Standing, StandingKind


@frozen
class Scene:
    """All that is known while records are lined up; the mappings are read, never changed.

    A health that is not there yet is UNKNOWN since now. `kept` is what guard 5.2 keeps, by pool: until when.
    """

    pools: Mapping[str, Pool]
    checks: Mapping[str, Check]
    healths: Mapping[HealthKey, Health]
    overrides: OverrideIndex = field(default_factory=OverrideIndex)
    kept: Mapping[str, Mapping[Endpoint, Instant]] = field(default_factory=dict)


def line_up(record: Record, memories: Mapping[Family, RecordMemory], now: Instant, *, scene: Scene) -> Lineup:
    """Stand every endpoint of `record`; costs by the record's endpoints, not by all. `memories` may be empty."""
    places = _Places.of(record, memories, now, scene=scene)
    fallback = scene.pools[record.fallback].members if record.fallback is not None else ()
    return Lineup(
        tiers=tuple(
            tuple(places.stand(member, pool, now) for member in scene.pools[pool].members) for pool in record.pools
        ),
        fallback=tuple(places.stand_last_resort(member, now) for member in fallback),
        freeze=find_freeze(scene.overrides, record.name, now),
    )


def first_verdict_s(record: Record, checks: Mapping[str, Check]) -> float:
    """How long a newcomer waits for its first verdict: fall x interval of its slowest check (2.2)."""
    schedules = (checks[name].schedule for name in leaves(record.requirement))
    return max((schedule.fall * schedule.interval_s for schedule in schedules), default=0.0)


@frozen
class _Places:
    """What the places of one record's endpoints have in common."""

    record: Record
    scene: Scene
    healths: Mapping[Endpoint, Health]
    first_verdict_s: float
    in_use: frozenset[Endpoint]
    waiting: frozenset[Endpoint]
    is_whole: bool
    healthy: tuple[Endpoint, ...]

    @classmethod
    def of(cls, record: Record, memories: Mapping[Family, RecordMemory], now: Instant, *, scene: Scene) -> _Places:
        members = tuple((pool, member) for pool in record.pools for member in scene.pools[pool].members)
        healths = {member.endpoint: _find_health(scene, record, member.endpoint, now=now) for _, member in members}
        places = cls(
            record=record,
            scene=scene,
            healths=healths,
            first_verdict_s=first_verdict_s(record, scene.checks),
            in_use=frozenset(endpoint for memory in memories.values() for endpoint in memory.last_healthy),
            waiting=frozenset(endpoint for memory in memories.values() for endpoint in memory.waiting),
            is_whole=any(member.endpoint.family is Family.HOST for _, member in members),
            healthy=(),
        )
        if all(health.state is not HealthState.UNKNOWN for health in healths.values()):
            return places  # nobody asks who else is healthy
        return replace(places, healthy=tuple(places._find_healthy(members, now)))

    def stand(self, member: Member, pool: str, now: Instant) -> Standing:
        endpoint = member.endpoint
        place = Place(
            self.record,
            override=find_override(self.scene.overrides, Location(endpoint, pool, self.record.name), now),
            is_in_use=endpoint in self.in_use,
            is_waiting=endpoint in self.waiting,
            has_healthy=any(self._is_decided_with(endpoint, other) for other in self.healthy),
            first_verdict_s=self.first_verdict_s,
            kept_until=self.scene.kept[pool].get(endpoint) if pool in self.scene.kept else None,
        )
        return stand(member, self.healths[endpoint], now, place=place)

    def stand_last_resort(self, member: Member, now: Instant) -> Standing:
        """Of a last resort only the operator's word counts; its health is ignored (4.4)."""
        pool = self.record.fallback or ""
        override = find_override(self.scene.overrides, Location(member.endpoint, pool, self.record.name), now)
        unmonitored = Health(HealthState.UP, now, now, flags=frozenset({HealthFlag.UNMONITORED}))
        standing = stand(member, unmonitored, now, place=Place(self.record, override=override))
        if standing.kind is StandingKind.ELIGIBLE and override is None:
            return replace(standing, rule="4.4", why="a last resort, whose health is ignored")
        return standing

    def _find_healthy(self, members: Iterable[tuple[str, Member]], now: Instant) -> Iterator[Endpoint]:
        """One of each family: who asks for another one is neither UP nor in use, so it never finds itself."""
        found: set[Family] = set()
        for pool, member in members:
            if member.endpoint.family not in found and self._is_healthy(pool, member, now):
                found.add(member.endpoint.family)
                yield member.endpoint

    def _is_healthy(self, pool: str, member: Member, now: Instant) -> bool:
        """UP, or in use and not known to be otherwise; and not taken out by an operator.

        After a reload with another check everything is unknown: what was down must not return before it is examined.
        """
        state = self.healths[member.endpoint].state
        if state is HealthState.DOWN or (state is HealthState.UNKNOWN and member.endpoint not in self.in_use):
            return False
        override = find_override(self.scene.overrides, Location(member.endpoint, pool, self.record.name), now)
        return override.kind is OverrideKind.FORCE_UP if override is not None else not member.is_disabled

    def _is_decided_with(self, endpoint: Endpoint, other: Endpoint) -> bool:
        """A family for itself; everything together in a record that has a host name."""
        return self.is_whole or endpoint.family is other.family


def _find_health(scene: Scene, record: Record, endpoint: Endpoint, *, now: Instant) -> Health:
    known = scene.healths.get(HealthKey(endpoint, record.requirement))
    if known is not None:
        return known
    if record.requirement is None:
        return Health(HealthState.UP, now, now, flags=frozenset({HealthFlag.UNMONITORED}))
    return Health(HealthState.UNKNOWN, now, now, why="2.2: no verdict was ever heard")
