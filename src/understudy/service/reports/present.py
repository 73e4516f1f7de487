"""Values of the model as the documents that go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from understudy.model.check import Check
from understudy.model.decision import Decision, Selector
from understudy.model.endpoint import Endpoint
from understudy.model.errors import Problem
from understudy.model.event import Event
from understudy.model.observation import Observation
from understudy.model.override import Override
from understudy.model.verdict import ProbeKey, Verdict, VerdictState
from understudy.service.reports.views import (
    DecisionView,
    EventView,
    ObservationView,
    OverrideView,
    PhaseView,
    ProblemView,
    ShareView,
    StepView,
    VerdictView,
)

MILLISECONDS = 1000.0


def present_problem(problem: Problem) -> ProblemView:
    """One fault in a file."""
    return ProblemView(
        file=problem.file,
        line=problem.line,
        column=problem.column,
        code=problem.code,
        message=problem.message,
        hint=problem.hint,
        severity=problem.severity.value,
    )


def present_observation(key: ProbeKey, observation: Observation) -> ObservationView:
    """What one probe saw."""
    return ObservationView(
        check=key.check,
        endpoint=str(key.endpoint),
        outcome=observation.outcome.value,
        reason=observation.reason,
        text=observation.text,
        at=observation.at,
        duration_ms=round(observation.duration_s * MILLISECONDS, 3),
        phases=[
            PhaseView(name=phase.name, duration_ms=round(phase.duration_s * MILLISECONDS, 3))
            for phase in observation.phases
        ],
    )


def present_verdict(monitor: str, check: Check, verdict: Verdict, *, last: ObservationView | None) -> VerdictView:
    """One monitor's opinion."""
    towards_up = verdict.state in {VerdictState.DOWN, VerdictState.RECOVERING}
    return VerdictView(
        monitor=monitor,
        check=check.name,
        state=verdict.state.value,
        count=verdict.count,
        needed=check.schedule.rise if towards_up else check.schedule.fall,
        since=verdict.since,
        refreshed_at=verdict.refreshed_at,
        text=verdict.text,
        last=last,
    )


def shares(decision: Decision) -> list[ShareView]:
    """The part of all answers that carries each endpoint, in order of the decision."""
    total = sum(variant.weight for variant in decision.variants)
    if decision.selector is not Selector.CHANCE or total == 0:
        return [ShareView(endpoint=str(endpoint), share=1.0) for endpoint in decision.endpoints]
    carried: defaultdict[Endpoint, int] = defaultdict(int)
    for variant in decision.variants:
        for endpoint in variant.endpoints:
            carried[endpoint] += variant.weight
    return [ShareView(endpoint=str(endpoint), share=carried[endpoint] / total) for endpoint in decision.endpoints]


def present_decision(decision: Decision) -> DecisionView:
    """What a record answers for one family."""
    return DecisionView(
        family=decision.family.value,
        mode=decision.mode.value,
        tier=decision.tier,
        answers=shares(decision),
        ttl_s=decision.ttl_s,
        since=decision.decided_at,
        due=decision.due,
        steps=[StepView(rule=step.rule, subject=step.subject, text=step.text) for step in decision.steps],
    )


def present_override(override: Override) -> OverrideView:
    """What an operator decreed."""
    return OverrideView(
        id=override.id,
        kind=override.kind.value,
        subject=str(override.subject),
        reason=override.reason,
        author=override.author,
        created_at=override.created_at,
        expires_at=override.expires_at,
    )


def present_overrides(overrides: Iterable[Override]) -> list[OverrideView]:
    """In the order in which they were decreed."""
    return [present_override(override) for override in overrides]


def present_event(event: Event) -> EventView:
    """One event of the history."""
    return EventView(
        sequence=event.sequence,
        at=event.at,
        kind=event.kind.value,
        severity=event.severity.value,
        subject=event.subject,
        text=event.text,
        detail=dict(event.detail),
    )
