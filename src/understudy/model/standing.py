"""Where an endpoint stands for one record, between health and steering."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.model.endpoint import Member
from understudy.model.instant import Instant


class StandingKind(StrEnum):
    """Whether it may be handed out."""

    ELIGIBLE = "eligible"
    WAITING = "waiting"  # up, but a hold delays its return; eligible at once where nothing else is (semantics 3.4)
    DOWN = "down"
    TAKEN_OUT = "taken_out"  # disabled, drained or forced down by an operator (semantics 4.1)


@dataclass(frozen=True, slots=True)
class Standing:
    """`is_uncertain`: unknown or suspect, so answers that rest on it live briefly (semantics 4.7).

    `due` is when time alone changes the standing (None: only news can). `rule` and `why` explain it.
    """

    member: Member
    kind: StandingKind
    rule: str
    why: str
    is_uncertain: bool = False
    due: Instant | None = None
