"""Limits that automation does not cross, and failures too large for one server's fault (semantics 5.2, 5.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field

from understudy.model.endpoint import Endpoint, Pool
from understudy.model.frozen import frozen
from understudy.model.health import Health
from understudy.model.instant import Instant

MASS_WINDOW_S = 60
MASS_ENDPOINTS_MIN = 4
"""Semantics 5.3: half of at least four endpoints within 60 s."""


@frozen
class Withdrawals:
    """What automation withdrew from one pool: `out` is withdrawn now, `recent` are the instants of the window."""

    out: frozenset[Endpoint] = field(default_factory=frozenset)
    recent: tuple[Instant, ...] = ()


def limit_withdrawals(
    pool: Pool, down: Collection[Endpoint], now: Instant, *, memory: Withdrawals
) -> tuple[Withdrawals, Mapping[Endpoint, Instant]]:
    """Which of `down` stay although they are DOWN, and until when at most (infinite: until they are up).

    `down` are the pool's endpoints that health, no operator, calls DOWN; the first ones are withdrawn first. What was
    withdrawn stays out until it is up; a second withdrawal of the same endpoint counts as another one.
    """
    limit = pool.max_withdraw
    if limit is None:
        return Withdrawals(), {}
    recent = sorted(at for at in memory.recent if now < at + limit.window_s)
    fresh = [endpoint for endpoint in down if endpoint not in memory.out]
    granted = fresh[: max(0, limit.count - len(recent))]
    recent += [now] * len(granted)
    out = (memory.out & frozenset(down)) | frozenset(granted)
    kept: dict[Endpoint, Instant] = {}
    slots = recent[-limit.count :] if limit.count else []
    for endpoint in fresh[len(granted) :]:
        kept[endpoint] = slots.pop(0) + limit.window_s if slots else float("inf")
        slots += [kept[endpoint]] if limit.count else []
    return Withdrawals(out, tuple(recent)), kept


def explain_kept(pool: Pool, kept: Mapping[Endpoint, Instant]) -> str:
    """The alarm that 5.2 asks for; empty where nothing is kept."""
    if not kept or pool.max_withdraw is None:
        return ""
    names = ", ".join(str(endpoint) for endpoint in kept)
    limit = f"{pool.max_withdraw.count} within {pool.max_withdraw.window_s:g} s"
    return f"max_withdraw of pool '{pool.name}' ({limit}) is used up: {names} down, but still handed out"


@frozen
class RecentFalls:
    """How many endpoints fell in which second of the last minute, the oldest first: small however many there are."""

    seconds: tuple[tuple[int, int], ...] = ()

    @property
    def count(self) -> int:
        """All together."""
        return sum(count for _, count in self.seconds)


def note_fall(memory: RecentFalls, health: Health, now: Instant) -> RecentFalls:
    """Count the newest fall of `health`, which just became DOWN; an endpoint that falls again is moved, not added."""
    if not health.falls:
        return memory
    counts = dict(memory.seconds)
    newest = int(health.falls[-1])
    counts[newest] = counts.get(newest, 0) + 1
    for earlier in map(int, health.falls[-2:-1]):
        if counts.get(earlier):
            counts[earlier] -= 1
    return _prune(RecentFalls(tuple(sorted(counts.items()))), now)


def explain_mass_failure(memory: RecentFalls, endpoint_count: int, now: Instant) -> str:
    """The alarm that 5.3 asks for; empty where it is none. Nothing is blocked: traffic moves only to what is UP."""
    fallen = _prune(memory, now).count
    if endpoint_count < MASS_ENDPOINTS_MIN or fallen * 2 < endpoint_count:
        return ""
    return f"{fallen} of {endpoint_count} endpoints went down within {MASS_WINDOW_S} s"


def _prune(memory: RecentFalls, now: Instant) -> RecentFalls:
    return RecentFalls(
        tuple((second, count) for second, count in memory.seconds if count and now < second + MASS_WINDOW_S)
    )
