"""One monitor's debounced opinion of one (endpoint, check)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant

LOCAL_MONITOR = "local"
"""The name of a name server's built-in monitor."""


class VerdictState(StrEnum):
    """The state chart of semantics.md section 1."""

    UNKNOWN = "unknown"
    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    RECOVERING = "recovering"


class Vote(StrEnum):
    """What a verdict counts as in the quorum."""

    UP = "up"
    DOWN = "down"
    ABSTAIN = "abstain"


_VOTES = {
    VerdictState.UNKNOWN: Vote.ABSTAIN,
    VerdictState.UP: Vote.UP,
    VerdictState.SUSPECT: Vote.UP,  # semantics 1.1
    VerdictState.DOWN: Vote.DOWN,
    VerdictState.RECOVERING: Vote.DOWN,  # semantics 1.1
}


@frozen
class ProbeKey:
    """What is probed: one distinct (endpoint, check), however many records use it. `check` is the check's name."""

    endpoint: Endpoint
    check: str

    def __str__(self) -> str:
        return f"{self.endpoint} by {self.check}"


@frozen
class Verdict:
    """`count` is n of SUSPECT(n) and RECOVERING(n), or the failures in a row while UNKNOWN; else 0.

    `since` is when `state` was entered (SUSPECT and RECOVERING: their first step), `refreshed_at` the last conclusive
    observation; `reason` and `text` are of the last observation that failed, empty when it passed.
    """

    state: VerdictState
    since: Instant
    refreshed_at: Instant
    count: int = 0
    reason: str = ""
    text: str = ""

    @property
    def vote(self) -> Vote:
        """SUSPECT still votes up, RECOVERING still votes down, UNKNOWN abstains."""
        return _VOTES[self.state]


MonitorReport: TypeAlias = dict[ProbeKey, Verdict]
"""One monitor's complete verdict table."""
