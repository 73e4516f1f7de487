"""What an operator decreed."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.frozen import frozen
from understudy.model.instant import Instant

DEFAULT_OVERRIDE_S = 4 * 3600.0
"""Semantics 5.4: an override that says nothing else expires after 4 h."""


class OverrideKind(StrEnum):
    """In the order of precedence of semantics 5.4: freeze > force > drain."""

    FREEZE = "freeze"
    FORCE_UP = "force_up"
    FORCE_DOWN = "force_down"
    DRAIN = "drain"


class SubjectKind(StrEnum):
    """What an override speaks of."""

    ENDPOINT = "endpoint"
    POOL = "pool"
    RECORD = "record"
    EVERYTHING = "everything"


@frozen
class Subject:
    """`name` is an endpoint's, pool's or record's text, empty for EVERYTHING.

    `record` limits an endpoint or pool to one record; empty: in all of them.
    """

    kind: SubjectKind
    name: str = ""
    record: str = ""

    def __str__(self) -> str:
        text = self.name or str(self.kind)
        return f"{text} in {self.record}" if self.record else text


@frozen
class Override:
    """`id` is the generation of the log entry that made it. `expires_at` None: until released."""

    id: int
    kind: OverrideKind
    subject: Subject
    reason: str
    author: str
    created_at: Instant
    expires_at: Instant | None

    @property
    def reason_text(self) -> str:
        """The reason for people, also where the operator gave none."""
        return self.reason or "no reason given"

    def is_active(self, now: Instant) -> bool:
        """Whether it still holds at `now`."""
        return self.expires_at is None or now < self.expires_at
