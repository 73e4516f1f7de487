"""Notices a checker that stopped: a silent one must never look like a healthy world (semantics 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from understudy.clock.clock import Clock
from understudy.model.instant import Instant
from understudy.monitor.assignment import Assignment
from understudy.monitor.monitor import Monitor

ROUND_S = 1.0  # chosen: a tenth of the shortest stale_after
LAG_S = 0.5  # chosen: above that, a probe's deadline of a second or more begins to measure us and not the endpoint
OVERRUN_GRACE_S = 1.0  # chosen: a check keeps its own deadline well within it, so whoever needs more is at fault
STOPPED_S = 2.0  # chosen: twice ROUND_S; a loop that lags so long shows itself as lag
LATE_LASTING_S = 10.0  # chosen: the probes of a start may be late for some seconds; only what lasts is alarming
RETELL_S = 10.0  # chosen: how often the text of a lasting alarm may follow its numbers

SetAlarm: TypeAlias = Callable[[str, str, Instant], None]


class Watchdog:
    """Watches one Monitor from a task of its own, once a second.

    `set_alarm(key, text, now)` is told what is wrong while it is, and an empty text when it is over. The keys are
    `monitor/<name>/<what>`, with `what` one of

    - `stopped`: something is due and the scheduler does not turn;
    - `late`: probes have waited for their budget for more than 10 s;
    - `lag`: the event loop was busy with something else, so timings and deadlines are doubtful;
    - `stuck`: probes that do not even end when cancelled;
    - `stale`: verdicts without evidence for `stale_after`, now UNKNOWN;
    - `inconclusive`: assignments whose last probe could not tell, by a fault of ours.
    """

    def __init__(self, monitor: Monitor, clock: Clock, *, set_alarm: SetAlarm) -> None:
        self._monitor = monitor
        self._clock = clock
        self._set_alarm = set_alarm
        self._told: dict[str, tuple[str, Instant]] = {}
        self._late_since: Instant | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            expected = self._clock.now() + ROUND_S
            await self._clock.sleep_until(expected)
            self.round(self._clock.now(), expected)

    def round(self, now: Instant, expected: Instant) -> None:
        """One look; it was meant for `expected`."""
        findings = self._monitor.inspect(now, OVERRUN_GRACE_S)
        self._tell("lag", _lag(now - expected), now)
        self._tell("stuck", _listed("probes that ignore their cancellation", findings.stuck), now)
        self._tell("stale", _listed("verdicts without fresh evidence", findings.stale), now)
        self._tell("inconclusive", _inconclusive(findings.unsure), now)
        self._judge_overdue(findings.overdue, now)

    def _judge_overdue(self, overdue: Sequence[Assignment], now: Instant) -> None:
        """Overdue probes are the scheduler's fault if it does not turn, else the budget's."""
        is_stopped = bool(overdue) and now - self._monitor.turned_at > STOPPED_S
        self._tell(
            "stopped", _listed("the scheduler does not turn; probes overdue", overdue) if is_stopped else "", now
        )
        if not overdue or is_stopped:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        lasts = self._late_since is not None and now - self._late_since >= LATE_LASTING_S
        waiting = "probes are waiting for their budget (limits.probe_rate)"
        self._tell("late", _listed(waiting, overdue) if lasts else "", now)

    def _tell(self, what: str, text: str, now: Instant) -> None:
        """Pass it on when it begins, when it ends, and at most every RETELL_S when its text changes."""
        before = self._told.get(what)
        if before is None and not text:
            return
        if before is not None and text and (before[0] == text or now - before[1] < RETELL_S):
            return
        if text:
            self._told[what] = (text, now)
        else:
            del self._told[what]
        self._set_alarm(f"monitor/{self._monitor.name}/{what}", text, now)


def _lag(lag_s: float) -> str:
    return f"the event loop was {lag_s:.1f} s late; timings of probes are doubtful" if lag_s > LAG_S else ""


def _inconclusive(assignments: Sequence[Assignment]) -> str:
    if not assignments:
        return ""
    last = assignments[0].history[-1]
    return f"{_listed('probes that could not tell', assignments)}: {last.reason}: {last.text}"


def _listed(what: str, assignments: Sequence[Assignment]) -> str:
    """`what: 12, the first is 192.0.2.10 by web`, or nothing for none."""
    return f"{what}: {len(assignments)}, the first is {assignments[0].key}" if assignments else ""
