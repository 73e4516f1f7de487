"""How loudly a decision should be told."""

from __future__ import annotations

from understudy.model.decision import Decision, Mode
from understudy.model.event import Severity

_SEVERITIES = {
    Mode.NORMAL: Severity.INFO,
    Mode.DEGRADED: Severity.WARNING,
    Mode.FALLBACK: Severity.WARNING,
    Mode.FAIL_OPEN: Severity.ALARM,  # semantics 4.4: fail-open alarms loudly
    Mode.LAST_HEALTHY: Severity.ALARM,
    Mode.SERVFAIL: Severity.ALARM,
}


def severity_of(decision: Decision) -> Severity:
    """NODATA is an alarm by `on_all_down` (4.4), a warning where an operator made it, ordinary for a missing family."""
    if decision.mode is not Mode.NODATA:
        return _SEVERITIES[decision.mode]
    if any(step.rule == "4.4" for step in decision.steps):
        return Severity.ALARM
    is_taken_out = decision.tier == -1 and any(step.rule == "4.1" for step in decision.steps)
    return Severity.WARNING if is_taken_out else Severity.INFO
