"""A definition of how to examine an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from understudy.model.frozen import frozen
from understudy.model.verdict import LOCAL_MONITOR


class CheckSettings(Protocol):
    """The settings of one kind of check: hashable, comparable, and able to say themselves in one line."""

    def __hash__(self) -> int: ...

    def summary(self) -> str:
        """One line for people, such as `https://www.example.com/healthz`."""
        ...


class QuorumRule(StrEnum):
    """How the verdicts of several monitors become one (semantics 2.4)."""

    MAJORITY = "majority"
    ANY = "any"
    ALL = "all"
    COUNT = "count"
    PERCENT = "percent"


@frozen
class Quorum:
    """How votes are counted.

    `amount` is k of `count` (votes DOWN that suffice) or p of `percent` (healthy if more than p % say up).
    `min_live` None means floor(assigned / 2) + 1 (semantics 2.3).
    """

    rule: QuorumRule = QuorumRule.MAJORITY
    amount: float = 0
    min_live: int | None = None


@frozen
class Schedule:
    """When to probe and how many observations in a row convince (semantics 1, defaults there)."""

    interval_s: float = 10.0
    timeout_s: float = 3.0
    recheck_interval_s: float = 1.0
    fall: int = 3
    rise: int = 3
    jitter: float = 0.1
    stale_after_s: float = 33.0

    @staticmethod
    def default_stale_after_s(interval_s: float, timeout_s: float) -> float:
        """The larger of 10 s and 3 intervals + timeout (semantics 1.4)."""
        return max(10.0, 3 * interval_s + timeout_s)


@frozen
class Check:
    """`kind` names the file in `checks/` that knows `settings`; `monitors` are the assigned ones (A of semantics 2)."""

    name: str
    kind: str
    settings: CheckSettings
    schedule: Schedule = field(default_factory=Schedule)
    monitors: tuple[str, ...] = (LOCAL_MONITOR,)
    quorum: Quorum = field(default_factory=Quorum)


@frozen
class CheckRef:
    """A leaf of a requirement: the name of one check."""

    check: str

    def __str__(self) -> str:
        return self.check


@frozen
class AtLeast:
    """`count` of `parts` must be up: all of them is `all_of`, one is `any_of` (semantics 2.8). Never without parts."""

    count: int
    parts: tuple[Requirement, ...]

    @property
    def kind(self) -> Literal["all_of", "any_of", "at_least"]:
        """As configuration files say it."""
        if self.count == len(self.parts):
            return "all_of"
        return "any_of" if self.count == 1 else "at_least"

    def __str__(self) -> str:
        amount = f" {self.count}" if self.kind == "at_least" else ""
        return f"{self.kind}{amount}({', '.join(str(part) for part in self.parts)})"


Requirement: TypeAlias = CheckRef | AtLeast
"""What an endpoint must pass to be healthy for a record."""


def leaves(requirement: Requirement | None) -> Iterator[str]:
    """The names of the checks that a requirement rests on, with repetitions; none for an unmonitored record."""
    if isinstance(requirement, CheckRef):
        yield requirement.check
    elif requirement is not None:
        for part in requirement.parts:
            yield from leaves(part)
