"""The guards of semantics 5.2 and 5.3, kept up as health changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from understudy.health.guards import (
    RecentFalls,
    Withdrawals,
    explain_kept,
    explain_mass_failure,
    limit_withdrawals,
    note_fall,
)
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Endpoint, Pool
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.service.changes import HealthChange
from understudy.service.index import Index


class Guard:
    """`kept` is what guard 5.2 keeps, by pool: until when. Only pools with `max_withdraw` cost anything."""

    def __init__(self) -> None:
        self.kept: dict[str, Mapping[Endpoint, Instant]] = {}
        self._withdrawals: dict[str, Withdrawals] = {}
        self._falls = RecentFalls()

    def copy(self) -> Guard:
        """The same, which goes on by itself."""
        other = Guard()
        other.kept, other._withdrawals, other._falls = self.kept.copy(), self._withdrawals.copy(), self._falls
        return other

    def limit(
        self, configuration: Configuration, index: Index, healths: Mapping[HealthKey, Health], *, now: Instant
    ) -> set[str]:
        """Judge every limited pool anew; the names of those where anything is kept otherwise than before."""
        changed = set()
        for pool in index.limited_pools:
            down = list(_down(pool, configuration, index, healths=healths))
            memory = self._withdrawals.get(pool.name, Withdrawals())
            self._withdrawals[pool.name], kept = limit_withdrawals(pool, down, now, memory=memory)
            if kept != self.kept.get(pool.name, {}):
                changed.add(pool.name)
            self.kept[pool.name] = kept
        limited = {pool.name for pool in index.limited_pools}
        for name in [name for name in self.kept if name not in limited]:
            del self.kept[name], self._withdrawals[name]
        return changed

    def restore(
        self,
        configuration: Configuration,
        index: Index,
        healths: Mapping[HealthKey, Health],
        *,
        answered: Collection[Endpoint],
    ) -> None:
        """After a restart: what is down and not handed out was withdrawn before, when it fell."""
        for pool in index.limited_pools:
            down = set(_down(pool, configuration, index, healths=healths)).difference(answered)
            fell_at = {key.endpoint: health.since for key, health in healths.items() if key.endpoint in down}
            self._withdrawals[pool.name] = Withdrawals(frozenset(down), tuple(sorted(fell_at.values())))

    def note(self, changes: Iterable[HealthChange], now: Instant) -> None:
        """Count the endpoints that fell."""
        for change in changes:
            fell = change.after.state is HealthState.DOWN
            if fell and (change.before is None or change.before.state is not HealthState.DOWN):
                self._falls = note_fall(self._falls, change.after, now)

    def alarms(self, configuration: Configuration, index: Index, now: Instant) -> Iterator[tuple[str, str]]:
        """(key, text) of each alarm; an empty text ends it."""
        for name, kept in self.kept.items():
            yield f"max_withdraw/{name}", explain_kept(configuration.pools[name], kept)
        yield "mass_failure", explain_mass_failure(self._falls, index.monitored_count, now)


def _down(
    pool: Pool, configuration: Configuration, index: Index, *, healths: Mapping[HealthKey, Health]
) -> Iterator[Endpoint]:
    """The pool's endpoints in service that are DOWN for any record that uses it."""
    requirements = {configuration.records[name].requirement for name in index.records_by_pool.get(pool.name, ())}
    for member in pool.members:
        if member.is_disabled:
            continue
        states = {
            healths[key].state
            for requirement in requirements
            if (key := HealthKey(member.endpoint, requirement)) in healths
        }
        if HealthState.DOWN in states:
            yield member.endpoint
