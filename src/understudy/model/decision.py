"""What a policy chose, in which mode, for how long, and why."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from understudy.model.endpoint import Endpoint, Family
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name


class Mode(StrEnum):
    """How a decision came about (semantics 4)."""

    NORMAL = "normal"  # a tier with min_healthy eligible endpoints (4.2)
    DEGRADED = "degraded"  # fewer than min_healthy (4.3)
    FALLBACK = "fallback"  # the last-resort pool (4.4)
    FAIL_OPEN = "fail_open"  # as if all were up (4.4)
    LAST_HEALTHY = "last_healthy"  # what was last healthy (4.4)
    NODATA = "nodata"  # by on_all_down, or everything taken out by an operator (4.4, 4.5)
    SERVFAIL = "servfail"  # by on_all_down (4.4)


class Selector(StrEnum):
    """How the engine picks a variant of a published RRset: the only one, by chance, or all with the order rotated."""

    ONE = "one"
    CHANCE = "chance"
    ROTATE = "rotate"


@frozen
class Variant:
    """One RRset that may go out; chosen with probability `weight` / sum of weights where chance matters."""

    endpoints: tuple[Endpoint, ...]
    weight: int = 1


@frozen
class Step:
    """One step that led to a decision: the rule of semantics.md (`4.2`), what it is about, and what it did."""

    rule: str
    subject: str
    text: str


@frozen
class Decision:
    """One record's answer for one family.

    `tier` is the index of the chosen pool among the record's, -1 where no tier was chosen. `variants` is empty for
    NODATA and SERVFAIL only. `ttl_s` is what may be published now; `due` is the next instant at which time alone may
    change the answer (None: only news can). `family` HOST answers a CNAME.
    """

    record: Name
    family: Family
    mode: Mode
    tier: int
    selector: Selector
    variants: tuple[Variant, ...]
    ttl_s: int
    due: Instant | None
    decided_at: Instant
    steps: tuple[Step, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint that may go out, in order, once."""
        return tuple(dict.fromkeys(endpoint for variant in self.variants for endpoint in variant.endpoints))


@frozen
class RecordMemory:
    """What deciding about one record and family must remember (semantics 3.3, 4.4): survives restarts.

    `tier` is the tier in use (-1: none yet). `waiting` are endpoints that went down under `failback: manual` and stay
    out until an operator releases them. `last_healthy` was handed out when something was last eligible.
    """

    tier: int = -1
    waiting: frozenset[Endpoint] = field(default_factory=frozenset)
    last_healthy: tuple[Endpoint, ...] = ()
