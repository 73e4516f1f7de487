"""Where an endpoint stands for one record, between health and steering."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.endpoint import Member
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.override import Override


class StandingKind(StrEnum):
    """Whether it may be handed out."""

    ELIGIBLE = "eligible"
    WAITING = "waiting"  # up, but a hold delays its return; eligible at once where nothing else is (semantics 3.4)
    DOWN = "down"
    TAKEN_OUT = "taken_out"  # disabled, drained or forced down by an operator (semantics 4.1)


@frozen
class Standing:
    """`is_uncertain`: unknown or suspect, so answers that rest on it live briefly (semantics 4.7).

    `due` is when time alone changes the standing (None: only news can). `rule` and `why` explain it. `up_since` is
    since when its health is UP (semantics 3.5); None where it is not, or where an operator's word replaces health.
    """

    member: Member
    kind: StandingKind
    rule: str
    why: str
    is_uncertain: bool = False
    due: Instant | None = None
    up_since: Instant | None = None


@frozen
class Lineup:
    """Where everything that a record may hand out stands.

    `tiers` follow the record's pools and may be empty in places (a family that a pool does not have). In `fallback`
    health is ignored: its endpoints are eligible or taken out. `freeze` is the override that forbids changes, if any.
    """

    tiers: tuple[tuple[Standing, ...], ...]
    fallback: tuple[Standing, ...] = ()
    freeze: Override | None = None
