"""What a monitor counted."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.model.frozen import frozen
from understudy.model.observation import Outcome


@frozen
class Statistics:
    """`assigned`, `running` and `queued` (over budget now) are present numbers, the rest totals since the start.

    `started` counts probes, `rechecks` those of them that confirm a change, `late` those that began later than they
    should for want of budget; `late_max_s` is the worst of these delays. `overrun` probes had to be cancelled,
    `abandoned` ones did not end even then.
    """

    assigned: int
    running: int
    queued: int
    started: int
    rechecks: int
    passed: int
    failed: int
    inconclusive: int
    late: int
    late_max_s: float
    overrun: int
    abandoned: int


@dataclass(slots=True)
class Tally:
    """The totals while they grow."""

    started: int = 0
    rechecks: int = 0
    passed: int = 0
    failed: int = 0
    inconclusive: int = 0
    late: int = 0
    late_max_s: float = 0.0
    overrun: int = 0
    abandoned: int = 0

    def count(self, outcome: Outcome) -> None:
        """Note how a probe ended."""
        if outcome is Outcome.PASS:
            self.passed += 1
        elif outcome is Outcome.FAIL:
            self.failed += 1
        else:
            self.inconclusive += 1
