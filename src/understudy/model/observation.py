"""What one probe saw."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.frozen import frozen
from understudy.model.instant import Instant


class Outcome(StrEnum):
    """INCONCLUSIVE is our own fault (no route, no descriptor, our resolver), never the endpoint's."""

    PASS = "pass"  # noqa: S105  # an outcome, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@frozen
class Phase:
    """One timed part of a probe: `resolve`, `connect`, `tls`, `send`, `first_octet`, `read`, `run`."""

    name: str
    duration_s: float


@frozen
class Observation:
    """`reason` is a stable dotted code (`connect.refused`, `http.status`), `text` is for people, `phases` in order."""

    outcome: Outcome
    at: Instant
    reason: str = ""
    text: str = ""
    phases: tuple[Phase, ...] = ()

    @property
    def duration_s(self) -> float:
        """All phases together."""
        return sum(phase.duration_s for phase in self.phases)
