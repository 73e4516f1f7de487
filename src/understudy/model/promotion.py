"""A zone from other servers that an operator has made the primary here."""

from __future__ import annotations

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name


@frozen
class Promotion:
    """From `at` on, until it is demoted, the copy that is here is the zone: nobody is followed and it never expires."""

    origin: Name
    author: str
    reason: str
    at: Instant

    @property
    def reason_text(self) -> str:
        """The reason for people, also where the operator gave none."""
        return self.reason or "no reason given"
