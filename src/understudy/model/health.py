"""The combined state of an endpoint."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.check import Requirement
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.verdict import Vote


class HealthState(StrEnum):
    """UNKNOWN: no verdict was ever heard (semantics 2.2)."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class HealthFlag(StrEnum):
    """What a state alone does not say."""

    SUSPECT = "suspect"  # up, a change to down is being confirmed
    RECOVERING = "recovering"  # down, a change to up is being confirmed
    HELD = "held"  # too few monitors are heard; the last state is kept (semantics 2.3)
    UNMONITORED = "unmonitored"  # no check, or nobody assigned (semantics 2.1)


@frozen
class HealthKey:
    """Whose health: an endpoint may be healthy by one requirement and not by another. None: unmonitored."""

    endpoint: Endpoint
    requirement: Requirement | None

    def __str__(self) -> str:
        return f"{self.endpoint} by {self.requirement}" if self.requirement else str(self.endpoint)


@frozen
class CastVote:
    """One monitor's part in a ballot; `age_s` of its last conclusive observation; `is_blind` by semantics 2.7."""

    monitor: str
    check: str
    vote: Vote
    age_s: float
    text: str = ""
    is_stale: bool = False
    is_blind: bool = False


@frozen
class Health:
    """`since` is when `state` was entered, `first_seen` when this key became part of the configuration.

    `falls` are the DOWN transitions of the last 30 minutes, oldest first (semantics 3.2); the latest is kept however
    old it is, so an UP without falls has never been DOWN. `ballot` is what the last fold saw, `why` the rule and the
    arithmetic in words. `by_check` is each check's own state, which a hold keeps (semantics 2.3).
    """

    state: HealthState
    since: Instant
    first_seen: Instant
    falls: tuple[Instant, ...] = ()
    flags: frozenset[HealthFlag] = frozenset()
    ballot: tuple[CastVote, ...] = ()
    why: str = ""
    by_check: tuple[tuple[str, HealthState], ...] = ()
