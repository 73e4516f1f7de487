"""When a check is made and whose verdicts count, as written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from understudy.config.faults import fault
from understudy.config.fields import (
    InARow,
    Interval,
    Jitter,
    MonitorCount,
    ObjectName,
    Percent,
    Recheck,
    StaleAfter,
    Timeout,
)
from understudy.config.findings import Findings, shown
from understudy.config.forms import Field, Form, ShortForm
from understudy.config.readers import Hidden
from understudy.config.source import KeyPath
from understudy.model.check import Quorum, QuorumRule, Schedule
from understudy.model.duration import format_duration
from understudy.model.verdict import LOCAL_MONITOR

INTERVAL_LEAST_S = 1.0  # semantics 1
_FAST_KINDS = frozenset(("tcp", "icmp"))  # semantics 1: these may go down to 0.1 s


class QuorumForm(ShortForm):
    """How the verdicts of several monitors become one: exactly one of the two keys."""

    count: MonitorCount | None = Field(None, description="Votes DOWN that suffice.")
    percent: Percent | None = Field(None, description="Healthy if more than this percentage of monitors say up.")
    word: Annotated[Literal["majority", "any", "all"] | None, Hidden()] = Field(None, exclude=True)

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A word alone is the rule."""
        if value in ("majority", "any", "all"):
            return {"word": value}
        if isinstance(value, dict) and len(value) == 1 and "word" not in value and None not in value.values():
            return value
        hint = "write majority, any, all, {count: 2} or {percent: 50}"
        raise fault("quorum.bad", f"{shown(value)} is no quorum", hint)

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """A rule without a number."""
        return {"enum": ["majority", "any", "all"]}


class ScheduleForm(Form):
    """The keys that every kind of check takes."""

    interval: Interval | None = Field(
        None, description="From probe to probe: 1s to 1h, tcp and icmp from 100ms; default 10s."
    )
    timeout: Timeout | None = Field(
        None, description="The most that a probe may take; default 3s, or interval if shorter."
    )
    recheck_interval: Recheck | None = Field(
        None, description="Until the probe after a first failure; default 1s, or interval if shorter."
    )
    fall: InARow = Field(3, description="Failures in a row that make DOWN.")
    rise: InARow = Field(3, description="Passes in a row that make UP again.")
    jitter: Jitter = Field(0.1, description="Share of the interval by which probes are shifted at random.")
    stale_after: StaleAfter | None = Field(
        None,
        description="Age at which a verdict counts as unknown; default: the larger of 10s and 3 intervals + timeout.",
    )
    monitors: list[ObjectName] = Field(
        [LOCAL_MONITOR], description="Monitors that make this check; this release has the built-in one, local."
    )
    quorum: QuorumForm | None = Field(None, description="How their verdicts become one; default majority.")
    min_live: MonitorCount | None = Field(
        None, description="Fewer fresh verdicts hold the last health; default: more than half."
    )


SCHEDULE_KEYS = frozenset(ScheduleForm.known_keys())


def build_schedule(form: ScheduleForm) -> Schedule:
    """The schedule with its defaults filled in."""
    plain = Schedule()
    interval_s = form.interval if form.interval is not None else plain.interval_s
    timeout_s = form.timeout if form.timeout is not None else min(plain.timeout_s, interval_s)
    recheck_s = (
        form.recheck_interval if form.recheck_interval is not None else min(plain.recheck_interval_s, interval_s)
    )
    stale_s = (
        form.stale_after if form.stale_after is not None else Schedule.default_stale_after_s(interval_s, timeout_s)
    )
    return Schedule(interval_s, timeout_s, recheck_s, form.fall, form.rise, form.jitter, stale_s)


def build_quorum(form: ScheduleForm) -> Quorum:
    """The quorum with its number."""
    written = form.quorum
    if written is None:
        return Quorum(min_live=form.min_live)
    if written.count is not None:
        return Quorum(QuorumRule.COUNT, written.count, form.min_live)
    if written.percent is not None:
        return Quorum(QuorumRule.PERCENT, written.percent, form.min_live)
    return Quorum(QuorumRule(written.word or "majority"), min_live=form.min_live)


def judge_schedule(form: ScheduleForm, kind: str, path: KeyPath, *, findings: Findings) -> None:
    """What the keys must be to one another."""
    schedule = build_schedule(form)
    if schedule.interval_s < INTERVAL_LEAST_S and kind not in _FAST_KINDS:
        hint = "only tcp and icmp may be faster than 1s"
        findings.error((*path, "interval"), "interval.too-short", f"the interval of {kind} is below 1s", hint=hint)
    for key, seconds in (("timeout", schedule.timeout_s), ("recheck_interval", schedule.recheck_interval_s)):
        if seconds > schedule.interval_s:
            message = (
                f"{format_duration(seconds)} is longer than the interval of {format_duration(schedule.interval_s)}"
            )
            findings.error((*path, key), f"{key}.too-long", message, hint="shorten it, or lengthen the interval")
    if schedule.stale_after_s < schedule.interval_s + schedule.timeout_s:
        message = "a verdict would be stale before the next probe can end"
        least = format_duration(schedule.interval_s + schedule.timeout_s)
        findings.error((*path, "stale_after"), "stale_after.too-short", message, hint=f"at least {least}")
    _judge_monitors(form, path, findings)


def _judge_monitors(form: ScheduleForm, path: KeyPath, findings: Findings) -> None:
    seen: set[str] = set()
    for index, name in enumerate(form.monitors):
        where = (*path, "monitors", index)
        if name in seen:
            findings.error(where, "monitor.duplicate", f"the monitor '{name}' stands here twice", hint="leave one out")
        elif name != LOCAL_MONITOR:
            message = f"there is no monitor '{name}'"
            findings.error(where, "monitor.unknown", message, hint="this release has only the built-in one: local")
        seen.add(name)
    _judge_votes(form, len(seen), path, findings=findings)


def _judge_votes(form: ScheduleForm, monitors: int, path: KeyPath, *, findings: Findings) -> None:
    if monitors == 0:
        message = "no monitor makes this check, so endpoints count as healthy"
        findings.warn((*path, "monitors"), "check.unmonitored", message, hint="write monitors: [local]")
    if monitors == 2:  # noqa: PLR2004  # semantics 2.5
        message = "with two monitors one alone can never take an endpoint out"
        findings.warn((*path, "monitors"), "monitors.two", message, hint="use one, or three and more")
    needed = form.quorum.count if form.quorum is not None else None
    for key, amount in (("quorum", needed), ("min_live", form.min_live)):
        if amount is not None and amount > max(monitors, 1):
            message = f"{amount} is more than the number of monitors, {monitors}"
            findings.error((*path, key), f"{key}.too-large", message, hint="lower it, or name more monitors")
