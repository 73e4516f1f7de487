"""Changes told in words: events for the history, texts for the alarms."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.model.decision import Decision, Mode, Step
from understudy.model.event import Event, EventKind, Severity
from understudy.model.health import Health, HealthFlag, HealthState
from understudy.model.instant import Instant
from understudy.model.verdict import VerdictState, Vote
from understudy.monitor.monitor import VerdictChange
from understudy.service.changes import DecisionChange, HealthChange, is_same_answer

_ALARMING = {
    Mode.FAIL_OPEN: "every endpoint is down; answering as if all were up",
    Mode.LAST_HEALTHY: "every endpoint is down; answering what was healthy last",
    Mode.SERVFAIL: "every endpoint is down; answering SERVFAIL",
    Mode.NODATA: "nothing is left to answer; answering NODATA",
    Mode.FALLBACK: "every endpoint is down; answering the last resort",
    Mode.DEGRADED: "fewer endpoints than min_healthy are eligible",
}


def tell_verdict(monitor: str, change: VerdictChange, now: Instant) -> Event:
    """A monitor changed its mind. A verdict that recovers still has the reason of its fall: that is none for a pass."""
    text = f"{change.before.state} → {change.after.state} by {change.key.check}"
    has_failed = change.after.state in {VerdictState.SUSPECT, VerdictState.DOWN}
    reason, why = (change.after.reason, change.after.text) if has_failed else ("", "")
    detail = {"monitor": monitor, "check": change.key.check, "reason": reason}
    return Event(now, EventKind.VERDICT, str(change.key.endpoint), _because(text, why), detail=detail)


def tell_health(change: HealthChange, now: Instant) -> Event | None:
    """An endpoint's health changed its state; a flag alone is no event, and neither is the first thing known."""
    before = change.before.state if change.before else HealthState.UNKNOWN
    if before is change.after.state or HealthFlag.UNMONITORED in change.after.flags:
        return None
    severity = Severity.WARNING if change.after.state is HealthState.DOWN else Severity.INFO
    text = _because(f"{before} → {change.after.state}", _evidence(change.after))
    detail = {"requirement": str(change.key.requirement), "why": change.after.why}
    return Event(now, EventKind.HEALTH, str(change.key.endpoint), text, severity, detail)


def _evidence(health: Health) -> str:
    """What those saw that call it down; nobody has a reason for up."""
    if health.state is not HealthState.DOWN:
        return ""
    return "; ".join(dict.fromkeys(cast.text for cast in health.ballot if cast.text and cast.vote is Vote.DOWN))


def _because(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def tell_decisions(change: DecisionChange, now: Instant) -> Iterator[Event]:
    """What goes out changed, family by family."""
    for family, new in change.after.items():
        old = change.before.get(family)
        if is_same_answer(old, new) or (old is None and not new.variants and new.mode is Mode.NODATA):
            continue
        was = f" (was {answer_text(old)})" if old is not None else ""
        detail = {"family": family.value, "mode": new.mode.value, "tier": new.tier, "why": _last_word(new.steps)}
        severity = Severity.INFO if new.mode is Mode.NORMAL else Severity.WARNING
        yield Event(now, EventKind.DECISION, str(new.record), f"{answer_text(new)}{was}", severity, detail)


def answer_text(decision: Decision) -> str:
    """`A 192.0.2.10, 192.0.2.11` or `AAAA nothing`, with the mode where it is not the normal one."""
    endpoints = ", ".join(str(endpoint) for endpoint in decision.endpoints) or "nothing"
    mode = "" if decision.mode is Mode.NORMAL else f" [{decision.mode}]"
    return f"{decision.family} {endpoints}{mode}"


def _last_word(steps: tuple[Step, ...]) -> str:
    return steps[-1].text if steps else ""


def alarm_text(decision: Decision) -> str:
    """What is alarming about a decision; empty where nothing is."""
    text = _ALARMING.get(decision.mode, "")
    return text and f"{decision.record} {decision.family}: {text}"
