"""A steered record: a DNS name whose answer depends on health."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from understudy.model.check import Requirement
from understudy.model.frozen import frozen
from understudy.model.name import Name


class PolicyKind(StrEnum):
    """How a record chooses among its endpoints; each is a file in `steering/`."""

    TIERS = "tiers"
    ALL = "all"
    WEIGHTED = "weighted"


class FailbackMode(StrEnum):
    """Semantics 3.3."""

    AUTO = "auto"
    MANUAL = "manual"
    NEVER = "never"


class OnAllDown(StrEnum):
    """What to answer when nothing is eligible and there is no fallback (semantics 4.4)."""

    FAIL_OPEN = "fail_open"
    LAST_HEALTHY = "last_healthy"
    NODATA = "nodata"
    SERVFAIL = "servfail"


@frozen
class Failback:
    """How and when a recovered endpoint returns (semantics 3.2, 3.3)."""

    mode: FailbackMode = FailbackMode.AUTO
    delay_s: float = 60.0


@frozen
class Record:
    """`pools` are pool names: the tiers in order of preference, or the pools of `all` and `weighted`; never empty.

    `fallback` is the name of a last-resort pool whose health is ignored. `requirement` None: unmonitored.
    `answers_max` None means the policy's own default (8; weighted: 1).
    """

    name: Name
    zone: Name
    policy: PolicyKind
    pools: tuple[str, ...]
    requirement: Requirement | None = None
    ttl_s: int = 30
    min_healthy: int = 1
    failover_delay_s: float = 0.0
    failback: Failback = field(default_factory=Failback)
    on_all_down: OnAllDown = OnAllDown.FAIL_OPEN
    fallback: str | None = None
    answers_max: int | None = None
