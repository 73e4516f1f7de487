"""Where a running name server is asked: `Operations`, each by the module that knows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from understudy.checks.registry import CheckSyntaxError, parse_text
from understudy.config.addresses import AddressSyntaxError, parse_target
from understudy.config.findings import nearest
from understudy.config.plan import Plan
from understudy.model.check import Check, leaves
from understudy.model.endpoint import Endpoint
from understudy.model.errors import ConfigError, NotFoundError, OtherFileError, Problem
from understudy.model.event import Event
from understudy.model.verdict import ProbeKey
from understudy.service import decree as decrees
from understudy.service import reload as reloading
from understudy.service import zone_orders
from understudy.service.name_server import NameServer
from understudy.service.operations import EventFilter, ExplainQuestion, StatusQuestion
from understudy.service.reports import explain as explaining
from understudy.service.reports.export import export_zone
from understudy.service.reports.measure import measure
from understudy.service.reports.present import present_event, present_observation, present_problem
from understudy.service.reports.report import report_status
from understudy.service.reports.subjects import find_endpoint, find_zone, normal
from understudy.service.reports.views import (
    ChangeView,
    EventView,
    ExplainView,
    ObservationView,
    OverrideRequest,
    OverrideView,
    PlanRequest,
    PlanView,
    ProbeRequest,
    ReleaseRequest,
    ReleaseView,
    ReloadRequest,
    StatusView,
    WhatIfRequest,
    WhatIfView,
)
from understudy.service.reports.whatif import suppose
from understudy.service.reports.zone_report import known_zones, report_zones
from understudy.service.reports.zone_views import (
    DemoteRequest,
    PromoteRequest,
    RefreshRequest,
    RefreshView,
    ZoneOrderView,
    ZoneRequest,
    ZoneView,
)
from understudy.service.secondary import promotion
from understudy.store.store import EventFilter as StoredEvents
from understudy.telemetry.metrics import Metrics


class Desk:
    """`service.operations.Operations` over one name server."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._metrics = Metrics(lambda: measure(server))

    async def status(self, question: StatusQuestion) -> StatusView:
        """All, or only what concerns one record, endpoint, pool or zone."""
        return await report_status(self._server, question)

    async def explain(self, question: ExplainQuestion) -> ExplainView:
        """An answer with its reasons."""
        return await explaining.explain(self._server, question)

    def whatif(self, request: WhatIfRequest) -> WhatIfView:
        """What would be answered."""
        return suppose(self._server.pipeline, request.down, request.name, now=self._server.clock.now())

    async def probe(self, request: ProbeRequest) -> list[ObservationView]:
        """One probe of each leaf of the check."""
        try:
            endpoint = Endpoint(parse_target(request.endpoint))
        except AddressSyntaxError as error:
            raise NotFoundError(error.message, hint=error.hint, code="probe.endpoint") from None
        seen = []
        for check in self._find_checks(request.check):
            observation = await self._server.probe(check, endpoint)
            seen.append(present_observation(ProbeKey(endpoint, check.name), observation))
        return seen

    def _find_checks(self, text: str) -> list[Check]:
        """A configured check, the requirement of a record, or a shorthand."""
        configuration = self._server.pipeline.configuration
        if text in configuration.checks:
            return [configuration.checks[text]]
        for record in configuration.records.values():
            if text in {str(record.name), str(record.requirement)}:
                return [configuration.checks[name] for name in dict.fromkeys(leaves(record.requirement))]
        try:
            kind, settings = parse_text(text)
        except CheckSyntaxError as error:
            hint = nearest(text, configuration.checks) or "no check is configured; write one, such as tcp:443"
            raise NotFoundError(f"no check is called '{text}': {error}", hint=hint, code="probe.check") from None
        return [Check(text, kind, settings)]

    async def override(self, request: OverrideRequest) -> OverrideView:
        """Put an override in force."""
        return await decrees.decree(self._server, request)

    async def release(self, request: ReleaseRequest) -> ReleaseView:
        """End overrides."""
        return await decrees.release(self._server, request)

    async def events(self, wanted: EventFilter) -> list[EventView]:
        """Events that match, oldest first."""
        found = await self._server.store.events(self._stored(wanted), limit=wanted.limit)
        return [present_event(event) for event in found]

    async def follow(self, wanted: EventFilter) -> AsyncIterator[EventView]:
        """Events as they happen, those missed since `after` first."""
        stored, last = self._stored(wanted), wanted.after or 0
        with self._server.journal.following() as live:  # from now on, so that none is lost while the past is read
            async for event in self._missed(stored):
                last = event.sequence
                yield present_event(event)
            async for event in live:
                if event.sequence > last and stored.admits(event):
                    yield present_event(event)

    async def _missed(self, wanted: StoredEvents) -> AsyncIterator[Event]:
        """All that is stored after `wanted.after`, page by page; None: nothing was missed."""
        page: Sequence[Event] = ()
        while wanted.after is not None and (page := await self._server.store.events(wanted)):
            for event in page:
                yield event
            wanted = replace(wanted, after=page[-1].sequence)

    def zones(self) -> list[ZoneView]:
        """Every zone."""
        return report_zones(self._server)

    def zone(self, name: str) -> ZoneView:
        """One zone."""
        wanted = str(find_zone(known_zones(self._server), name))
        return next(view for view in report_zones(self._server) if view.name == wanted)

    async def export_zone(self, name: str, *, has_records: bool = True) -> str:
        """A zone as a master file."""
        return await export_zone(self._server, name, has_records=has_records)

    def notify_zone(self, request: ZoneRequest) -> ZoneOrderView:
        """Tell a zone's secondaries of its version now."""
        return zone_orders.notify_secondaries(self._server, request)

    async def refresh_zone(self, request: RefreshRequest) -> RefreshView:
        """Ask a zone's primaries now, or fetch it whole."""
        return await zone_orders.refresh(self._server, request)

    async def promote_zone(self, request: PromoteRequest) -> ZoneOrderView:
        """Make the copy of a zone the primary."""
        return await promotion.promote(self._server, request)

    async def demote_zone(self, request: DemoteRequest) -> ZoneOrderView:
        """Follow a promoted zone's primaries again."""
        return await promotion.demote(self._server, request)

    async def plan(self, request: PlanRequest) -> PlanView:
        """What a configuration would change."""
        own = str(self._server.pipeline.configuration.node.file)
        judged = own if request.text is None else request.file or own

        def called(problems: Sequence[Problem]) -> list[Problem]:
            return [replace(each, file=judged) if each.file == own else each for each in problems]

        try:
            proposal = await reloading.propose(self._server, text=request.text)
        except ConfigError as error:
            raise ConfigError(called(error.problems)) from None
        return self._plan(called(proposal.candidate.warnings), proposal.plan)

    async def reload(self, request: ReloadRequest) -> PlanView:
        """Read the configuration again and apply it whole."""
        own = self._server.pipeline.configuration.node.file
        if request.file and request.file != await asyncio.to_thread(os.path.realpath, own):
            text, hint = f"this server reads {own}, not {request.file}", "put it in that place"
            raise OtherFileError(text, hint=f"{hint}; `understudy plan -c FILE` shows beforehand what that changes")
        done = await reloading.reload(self._server, request.author or "api", is_forced=request.is_forced)
        plan = self._plan(done.candidate.warnings, done.plan)
        return plan.model_copy(update={"is_applied": True, "warning": done.warning})

    def _plan(self, warnings: Sequence[Problem], changes: Plan) -> PlanView:
        return PlanView(
            changes=[
                ChangeView(
                    action=change.action.value,
                    kind=change.kind,
                    name=change.name,
                    label=change.label,
                    text=change.text,
                )
                for change in changes.changes
            ],
            consequences=list(changes.consequences()),
            warnings=[present_problem(problem) for problem in warnings],
            generation=self._server.store.desired.generation,
            is_applied=False,
        )

    def metrics(self) -> bytes:
        """The Prometheus text exposition."""
        return self._metrics.render()

    def _stored(self, wanted: EventFilter) -> StoredEvents:
        """Names and addresses as they are written in events, other subjects as they are."""
        configuration, usual = self._server.pipeline.configuration, normal(wanted.subject)
        known = find_endpoint(configuration, usual) is not None or usual in map(
            str, (*configuration.records, *self._server.zones)
        )
        subject = usual if known else wanted.subject
        return StoredEvents(after=wanted.after, kinds=frozenset(wanted.kinds), subject=subject)
