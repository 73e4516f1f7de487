"""One version of a zone as secondaries see it, and what made it of the one before."""

from __future__ import annotations

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name


@frozen
class ZoneVersion:
    """`digest` is over everything but the serial. `difference` leads from the serial `before` to this one.

    `before` None: nothing leads here, the history begins with this version.
    """

    origin: Name
    serial: int
    at: Instant
    digest: bytes
    before: int | None = None
    difference: bytes = b""
