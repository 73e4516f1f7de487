"""Runs the probes of one monitor and keeps its verdicts.

No task sleeps per assignment: one heap holds when each is due, and one task starts what is due within the budget. A
probe over budget waits in a queue, rechecks before routine probes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias
from weakref import WeakValueDictionary

from understudy.clock.clock import Clock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import MonitorReport, ProbeKey, Verdict
from understudy.monitor.agenda import Agenda
from understudy.monitor.assignment import Assignment
from understudy.monitor.budget import Limits, TokenBucket
from understudy.monitor.spread import first_due, is_hurried, next_due, seed_of
from understudy.monitor.tally import Statistics, Tally
from understudy.monitor.verdict import expire, restart_counters, step, unknown

GRAIN_S = 0.005  # chosen: what comes due within it starts together, which saves most wake-ups at 1,000 probes a second
LEAVE_S = 1.0  # chosen: how long the end waits for cancelled probes; one that ignores it must not keep a process alive
OVERDUE_S = 1.0  # chosen: a probe that late is worth telling
LATE_S = 0.1  # chosen: a start later than this is late by want of budget, not by the grain of timers

Probe: TypeAlias = Callable[[Check, Endpoint], Awaitable[Observation]]


@frozen
class VerdictChange:
    """A verdict entered another state. `text` of `after` says why it failed; a pass leaves it empty."""

    key: ProbeKey
    before: Verdict
    after: Verdict


@frozen
class Findings:
    """What is wrong now.

    `stuck` ignored their cancellation, `stale` have no fresh evidence, the last probe of `unsure` could not tell, the
    next one of `overdue` has not begun.
    """

    stuck: Sequence[Assignment]
    stale: Sequence[Assignment]
    unsure: Sequence[Assignment]
    overdue: Sequence[Assignment]


class Monitor:
    """One monitoring node's probing.

    `probe` examines one endpoint and never blames it for our own faults; what it raises counts as inconclusive.
    `on_change` is called in the loop's thread when a verdict enters another state by evidence or for want of it, after
    the table has it; not by `restore` and `assign`, whose caller knows.

    `run` makes a task for each probe and ends them when it ends. These tasks are in no TaskGroup, because that would
    wait for ever for a probe that ignores its cancellation.
    """

    def __init__(
        self,
        name: str,
        probe: Probe,
        clock: Clock,
        *,
        on_change: Callable[[VerdictChange], None],
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self._probe = probe
        self._clock = clock
        self._on_change = on_change
        self._limits = limits or Limits()
        self._assignments: dict[ProbeKey, Assignment] = {}
        self._verdicts: MonitorReport = {}
        self._restored: dict[ProbeKey, Verdict] = {}
        self._agenda = Agenda(self._limits)
        self._running: set[Assignment] = set()
        self._stuck: set[Assignment] = set()  # gave up on, still running
        self._buckets: WeakValueDictionary[Endpoint, TokenBucket] = WeakValueDictionary()
        self._unsure: set[Assignment] = set()  # whose last probe was inconclusive
        self._leaving: set[asyncio.Task[None]] = set()
        self._tally = Tally()
        self._waker: asyncio.Future[None] | None = None
        self._wakes_at: Instant = 0.0
        self._failure: BaseException | None = None
        self.turned_at: Instant = clock.now()

    # What it knows

    @property
    def verdicts(self) -> Mapping[ProbeKey, Verdict]:
        """The live table, to be read only: it costs nothing, and changes while you look away."""
        return MappingProxyType(self._verdicts)

    def table(self) -> MonitorReport:
        """A copy of the complete verdict table: every assigned key, and no other."""
        return self._verdicts.copy()

    def last(self, key: ProbeKey) -> tuple[Observation, ...]:
        """The last few observations, oldest first; none for a key that is not assigned or was not probed yet."""
        assignment = self._assignments.get(key)
        return tuple(assignment.history) if assignment else ()

    def statistics(self) -> Statistics:
        """The present numbers and the totals."""
        tally = self._tally
        return Statistics(
            assigned=len(self._assignments),
            running=len(self._running),
            queued=self._agenda.queued,
            started=tally.started,
            rechecks=tally.rechecks,
            passed=tally.passed,
            failed=tally.failed,
            inconclusive=tally.inconclusive,
            late=tally.late,
            late_max_s=tally.late_max_s,
            overrun=tally.overrun,
            abandoned=tally.abandoned,
        )

    # What it is told

    def restore(self, verdicts: Mapping[ProbeKey, Verdict]) -> None:
        """Load verdicts of an earlier run with their age (semantics 1.5), before or after the first `assign`.

        Keys that were probed already keep what they have; those that the next `assign` does not name are forgotten.
        """
        self._restored = dict(verdicts)
        for key, assignment in self._assignments.items():
            if not assignment.history and key in self._restored:
                self._set_verdict(assignment, self._recall(key, self._clock.now()))

    def assign(self, checks: Mapping[ProbeKey, Check]) -> None:
        """Probe exactly these from now on; may be called at any time.

        What stays keeps its verdict and its place; what is examined differently keeps its verdict, restarts its
        counters and is probed anew at once (semantics 1.3); what goes away stops at once.
        """
        self.reassign([key for key in self._assignments if key not in checks], checks)

    def reassign(self, gone: Iterable[ProbeKey], checks: Mapping[ProbeKey, Check]) -> list[ProbeKey]:
        """As `assign`, told only what is different: these are gone, these are new or examined as they say.

        Those whose verdict is in another state now, because its counters restarted.
        """
        now, moved = self._clock.now(), list[ProbeKey]()
        for key in gone:
            self._drop(self._assignments.pop(key))
            del self._verdicts[key]
        for key, check in checks.items():
            before = self._assignments.get(key)
            if before is not None and _examines_alike(before.check, check):
                before.check = check
                continue
            bucket = self._buckets.get(key.endpoint)
            if bucket is None:
                bucket = self._buckets[key.endpoint] = TokenBucket(self._limits.endpoint_rate_max, 0.5)
            stale_at, verdict = now + check.schedule.stale_after_s, self._verdict_for(key, now)
            if before is not None and before.verdict.state is not verdict.state:
                moved.append(key)
            self._begin(Assignment(key, check, verdict, seed_of(key, self.name), bucket, stale_at), now)
        self._restored = {}
        self._agenda.compact()
        return moved

    def _verdict_for(self, key: ProbeKey, now: Instant) -> Verdict:
        before = self._assignments.get(key)
        if before is None:
            return self._recall(key, now)
        self._drop(before)
        return restart_counters(before.verdict)

    def _recall(self, key: ProbeKey, now: Instant) -> Verdict:
        """The restored verdict; nothing in it lies in the future, which the clock of another run may have put there."""
        verdict = self._restored.get(key)
        if verdict is None:
            return unknown(now)
        since, refreshed_at = min(verdict.since, now), min(verdict.refreshed_at, now)
        return Verdict(verdict.state, since, refreshed_at, verdict.count, verdict.reason, verdict.text)

    def _begin(self, assignment: Assignment, now: Instant) -> None:
        self._assignments[assignment.key] = assignment
        self._set_verdict(assignment, assignment.verdict)
        assignment.due = first_due(assignment.seed, now, assignment.check.schedule)
        self._put(assignment)

    def _drop(self, assignment: Assignment) -> None:
        """Stop it; its running probe is cancelled and what that still says is ignored."""
        assignment.is_gone = True
        self._running.discard(assignment)
        self._unsure.discard(assignment)
        self._stuck.discard(assignment)
        task, assignment.task = assignment.task, None
        if task is not None:
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _set_verdict(self, assignment: Assignment, verdict: Verdict) -> None:
        assignment.verdict = self._verdicts[assignment.key] = verdict

    # Probing

    async def run(self) -> None:
        """Probe until cancelled. Ends with what `on_change` raised, if it did: that is a fault of the next stage."""
        try:
            while self._failure is None:
                self.turned_at = now = self._clock.now()
                for assignment in self._agenda.take(now, self._limits.running_max - len(self._running)):
                    self._launch(assignment, now)
                await self._sleep(now)
            raise self._failure
        finally:
            await self._leave()

    async def _sleep(self, now: Instant) -> None:
        """Until something is due, or `_put` or `_finish` has news."""
        loop = asyncio.get_running_loop()
        self._waker = loop.create_future()
        self._wakes_at = self._agenda.next_at(is_full=len(self._running) >= self._limits.running_max)
        timer = None
        if self._wakes_at != float("inf"):
            timer = loop.call_later(max(GRAIN_S, self._wakes_at - now), self._wake)
        try:
            await self._waker
        finally:
            self._waker = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    def _put(self, assignment: Assignment) -> None:
        self._agenda.put(assignment)
        if assignment.due < self._wakes_at:
            self._wakes_at = assignment.due
            self._wake()

    def _launch(self, assignment: Assignment, now: Instant) -> None:
        self._tally.started += 1
        self._tally.rechecks += assignment.is_hurried
        delay_s = now - assignment.due
        if delay_s > LATE_S:
            self._tally.late += 1
            self._tally.late_max_s = max(self._tally.late_max_s, delay_s)
        assignment.began_at = now
        self._running.add(assignment)
        assignment.task = asyncio.create_task(self._examine(assignment))

    async def _examine(self, assignment: Assignment) -> None:
        """One probe. The only catch: a fault in a check is ours, so it is inconclusive (semantics 1.2)."""
        try:
            observation = await self._probe(assignment.check, assignment.key.endpoint)
        except asyncio.CancelledError:
            if assignment.task is not asyncio.current_task():  # dropped, or the end
                raise
            observation = self._inconclusive("monitor.overrun", "the probe was cancelled: it did not keep its deadline")
        except Exception as error:  # noqa: BLE001  # the one catch at the top of a task
            observation = self._inconclusive("monitor.bug", f"the probe failed by itself: {error!r}")
        if assignment.task is not asyncio.current_task():
            return
        try:
            self._finish(assignment, observation)
        except Exception as error:  # noqa: BLE001  # handed to run(), which ends with it
            self._failure = error
            self._wake()

    def _inconclusive(self, reason: str, text: str) -> Observation:
        return Observation(Outcome.INCONCLUSIVE, self._clock.now(), reason, text)

    def _finish(self, assignment: Assignment, observation: Observation) -> None:
        now = self._clock.now()
        was_full = len(self._running) >= self._limits.running_max
        self._running.discard(assignment)
        assignment.task = None
        assignment.history.append(observation)
        self._note_outcome(assignment, observation.outcome)
        schedule, before = assignment.check.schedule, assignment.verdict
        after = step(before, observation, schedule)
        assignment.is_hurried = is_hurried(after)
        assignment.due = next_due(assignment.seed, now, schedule, hurried=assignment.is_hurried)
        self._put(assignment)
        if was_full:
            self._wake()
        if after is not before:
            assignment.stale_at = after.refreshed_at + schedule.stale_after_s
            self._move(assignment, after)

    def _note_outcome(self, assignment: Assignment, outcome: Outcome) -> None:
        self._tally.count(outcome)
        if outcome is Outcome.INCONCLUSIVE:
            self._unsure.add(assignment)
        elif self._unsure:
            self._unsure.discard(assignment)
        if assignment.is_overrun:
            assignment.is_overrun = False
            self._stuck.discard(assignment)

    def _move(self, assignment: Assignment, after: Verdict) -> None:
        before = assignment.verdict
        self._set_verdict(assignment, after)
        was_stale = after.refreshed_at - before.refreshed_at >= assignment.check.schedule.stale_after_s
        if after.state is not before.state or was_stale:
            self._on_change(VerdictChange(assignment.key, before, after))

    async def _leave(self) -> None:
        """End the running probes; each becomes due at once, should `run` be called again."""
        tasks = set(self._leaving)
        for assignment in self._assignments.values():
            task, assignment.task = assignment.task, None
            if task is not None:
                task.cancel()
                tasks.add(task)
                assignment.is_overrun = False
                assignment.due = self._clock.now()
                self._agenda.put(assignment)
        self._running.clear()
        self._stuck.clear()
        self._failure = None
        if tasks:
            await asyncio.wait(tasks, timeout=LEAVE_S)

    # What the watchdog asks for

    def inspect(self, now: Instant, grace_s: float) -> Findings:
        """Say what is wrong, after ending overrun probes and turning stale verdicts into UNKNOWN (semantics 1.4).

        A probe is overrun `grace_s` after its timeout.
        """
        self._end_overrun(now, grace_s)
        stale = [assignment for assignment in self._assignments.values() if assignment.stale_at <= now]
        for assignment in stale:
            self._move(assignment, expire(assignment.verdict, now, assignment.check.schedule))
        return Findings(
            stuck=list(self._stuck),
            stale=stale,
            unsure=list(self._unsure),
            overdue=self._agenda.overdue(now - OVERDUE_S),
        )

    def _end_overrun(self, now: Instant, grace_s: float) -> None:
        """Cancel probes that outlived their timeout by `grace_s`, and give up those that outlived that as well.

        One that is given up frees its place in the budget; its assignment rests until it ends after all, so that there
        are never two at once.
        """
        for assignment in list(self._running):
            over_s = now - assignment.began_at - assignment.check.schedule.timeout_s
            if over_s < grace_s or assignment.task is None:
                continue
            if not assignment.is_overrun:
                assignment.is_overrun = True
                self._tally.overrun += 1
                assignment.task.cancel()
            elif over_s >= 2 * grace_s:
                self._tally.abandoned += 1
                self._running.discard(assignment)
                self._stuck.add(assignment)
                self._wake()


def _examines_alike(one: Check, other: Check) -> bool:
    """Whether evidence from one is evidence for the other; who else is assigned, and the quorum, make no difference."""
    return (one.kind, one.settings, one.schedule) == (other.kind, other.settings, other.schedule)
