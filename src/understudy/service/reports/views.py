"""What the running server shows of itself: the documents of the API and of `--json`.

Instants are seconds since the epoch.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

from understudy.model.instant import Instant
from understudy.model.override import DEFAULT_OVERRIDE_S
from understudy.service.reports.view import View
from understudy.service.reports.zone_views import ZoneView


class PhaseView(View):
    """One timed part of a probe."""

    name: str
    duration_ms: float


class ObservationView(View):
    """What one probe saw; `check` and `endpoint` are names."""

    check: str
    endpoint: str
    outcome: str
    reason: str
    text: str
    at: Instant
    duration_ms: float
    phases: list[PhaseView]


class VerdictView(View):
    """One monitor's opinion; `count` of `needed` observations that would change it."""

    monitor: str
    check: str
    state: str
    count: int
    needed: int
    since: Instant
    refreshed_at: Instant
    text: str
    last: ObservationView | None


class EndpointView(View):
    """One endpoint's health by one requirement (null: unmonitored)."""

    endpoint: str
    requirement: str | None
    state: str
    flags: list[str]
    since: Instant
    falls: list[Instant]
    why: str
    verdicts: list[VerdictView]
    records: list[str]


class StandingView(View):
    """An endpoint's place in one record."""

    endpoint: str
    family: str
    weight: int
    state: str
    flags: list[str]
    standing: str
    why: str
    due: Instant | None
    is_answered: bool


class TierView(View):
    """One pool of a record, in order of preference. `label` is for people: its name, or its place without one."""

    pool: str
    label: str
    endpoints: list[StandingView]


class StepView(View):
    """One step that led to a decision; `rule` is the number in docs/semantics.md."""

    rule: str
    subject: str
    text: str


class ShareView(View):
    """An endpoint that goes out, and the share of answers that carry it (1.0: every one)."""

    endpoint: str
    share: float


class DecisionView(View):
    """What a record answers for one family."""

    family: str
    mode: str
    tier: int
    answers: list[ShareView]
    ttl_s: int
    since: Instant
    due: Instant | None
    steps: list[StepView]


class OverrideView(View):
    """What an operator decreed. `warning`: in force, but not on disk yet. `note`: where a freeze postpones it."""

    id: int
    kind: str
    subject: str
    reason: str
    author: str
    created_at: Instant
    expires_at: Instant | None
    warning: str = ""
    note: str = ""


class RecordView(View):
    """One steered record, whole. `answered` counts the queries that it decided since the start, by type.

    `unserved`: why none of this is answered, because its zone is not; empty: it is.
    """

    name: str
    zone: str
    policy: str
    requirement: str | None
    decisions: list[DecisionView]
    tiers: list[TierView]
    fallback: str | None
    overrides: list[OverrideView]
    answered: dict[str, int]
    unserved: str = ""


class AlarmView(View):
    """Something that is wrong now and that somebody should look at."""

    key: str
    text: str
    since: Instant


class ServerView(View):
    """The name server itself.

    `turned_away` is what clients did not get, by the name of its counter and since the start: what floods, crowds and
    faults of this host took from them. What is 0 is not in it.
    """

    version: str
    pid: int
    started_at: Instant
    now: Instant
    listen: list[str]
    file: str
    generation: int
    state: str
    queries: int
    turned_away: dict[str, int]


class TotalsView(View):
    """How much there is of what was asked for: answers by mode, endpoints by state. Not all records may be shown.

    `unserved` among the modes: the zone is not.
    """

    records: int
    records_shown: int
    modes: dict[str, int]
    endpoints: dict[str, int]


class StatusView(View):
    """Everything at one glance."""

    server: ServerView
    totals: TotalsView
    alarms: list[AlarmView]
    records: list[RecordView]
    endpoints: list[EndpointView]
    zones: list[ZoneView]
    overrides: list[OverrideView]


class ExplainView(View):
    """An answer at the moment `at` and every step that led to it; records are in presentation format."""

    name: str
    type: str
    client: str
    at: Instant
    is_replay: bool
    rcode: str
    answer: list[str]
    authority: list[str]
    source: str
    decisions: list[DecisionView]
    tiers: list[TierView]
    endpoints: list[EndpointView]


class WhatIfRow(View):
    """One record's answer now and then."""

    name: str
    family: str
    before: list[ShareView]
    before_mode: str
    after: list[ShareView]
    after_mode: str
    steps: list[StepView]


class WhatIfView(View):
    """What would be answered if some endpoints or pools were down."""

    down: list[str]
    rows: list[WhatIfRow]


class EventView(View):
    """One event of the history."""

    sequence: int
    at: Instant
    kind: str
    severity: str
    subject: str
    text: str
    detail: dict[str, JsonValue]


class ProblemView(View):
    """One fault in a file."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: str


class ChangeView(View):
    """One line of a plan: `action` is add, change or remove; `label` is the name for people."""

    action: str
    kind: str
    name: str
    label: str
    text: str


class PlanView(View):
    """What a reload would change, or has changed. `consequences`: what that means, in words."""

    changes: list[ChangeView]
    consequences: list[str]
    warnings: list[ProblemView]
    generation: int
    is_applied: bool
    warning: str = ""


class ErrorView(View):
    """A refusal: a stable code, what happened, what to do, and the problems where a file is at fault."""

    code: str
    message: str
    hint: str
    problems: list[ProblemView]


class OverrideRequest(BaseModel):
    """What an operator asks: `subject` is an endpoint, pool or record, or empty for everything (freeze only).

    `duration_s` null lasts until released; left out, it is the default of semantics 5.4.
    """

    model_config = ConfigDict(extra="forbid")

    kind: str
    subject: str = ""
    record: str = ""
    reason: str = ""
    author: str = ""
    duration_s: float | None = DEFAULT_OVERRIDE_S
    is_forced: bool = False


class ReleaseRequest(BaseModel):
    """Ends the overrides on `subject` (empty: those on everything), and lets waiting endpoints return."""

    model_config = ConfigDict(extra="forbid")

    subject: str = ""
    reason: str = ""
    author: str = ""


class PlanRequest(BaseModel):
    """`text`: what is to stand in the server's configuration file; without one, what stands there.

    `file`: what problems of that text are said of; empty: the server's file.
    """

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    file: str = ""


class ReloadRequest(BaseModel):
    """Who asks for it; `is_forced`: also if a record is left with nothing to answer (semantics 5.7).

    `file`: the one that is meant, absolute and without links; refused if that is not the server's.
    """

    model_config = ConfigDict(extra="forbid")

    author: str = ""
    is_forced: bool = False
    file: str = ""


class ReleaseView(View):
    """What a release ended: overrides, and endpoints that were waiting for an operator."""

    overrides: list[OverrideView]
    returned: list[str]
    warning: str = ""


class WhatIfRequest(BaseModel):
    """Endpoints and pools supposed to be down; `name` limits the answer to one record."""

    model_config = ConfigDict(extra="forbid")

    down: list[str] = []
    name: str = ""


class ProbeRequest(BaseModel):
    """Run one probe of a check (a configured name, or a shorthand) against an endpoint."""

    model_config = ConfigDict(extra="forbid")

    check: str
    endpoint: str
