"""The API as an application; where it listens is not its business."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from understudy import __version__
from understudy.model.errors import (
    ConfigError,
    NotFoundError,
    OtherFileError,
    OverrideRefusedError,
    StoreError,
    UnderstudyError,
    ZoneOrderRefusedError,
)
from understudy.model.event import EventKind
from understudy.model.instant import Instant
from understudy.service.operations import EventFilter, ExplainQuestion, Operations, StatusQuestion
from understudy.service.reports.present import present_problem
from understudy.service.reports.views import (
    ErrorView,
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
from understudy.service.reports.zone_views import (
    DemoteRequest,
    PromoteRequest,
    RefreshRequest,
    RefreshView,
    ZoneOrderView,
    ZoneRequest,
    ZoneView,
)
from understudy.store.store import StaleGenerationError

EVENTS_MAX = 10_000  # chosen: a page of the history that a terminal can still hold


def create_app(operations: Operations) -> FastAPI:
    """The application over one running name server."""
    app = FastAPI(title="Understudy", version=__version__, docs_url=None, redoc_url=None)
    app.state.operations = operations
    app.include_router(_router, prefix="/v1")
    app.add_exception_handler(UnderstudyError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_request)
    app.add_exception_handler(HTTPException, _refuse_address)
    app.add_exception_handler(Exception, _apologise)
    return app


_STATUS_CODES: dict[type[UnderstudyError], int] = {
    NotFoundError: 404,
    OtherFileError: 409,
    OverrideRefusedError: 409,
    ZoneOrderRefusedError: 409,
    StaleGenerationError: 409,
    ConfigError: 422,
    StoreError: 503,
}


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    """Every error of ours is one document, whatever raised it."""
    if not isinstance(error, UnderstudyError):
        raise error
    problems = [present_problem(problem) for problem in error.problems] if isinstance(error, ConfigError) else []
    view = ErrorView(code=error.code, message=error.message, hint=error.hint, problems=problems)
    status_code = next((code for kind, code in _STATUS_CODES.items() if isinstance(error, kind)), 500)
    return _answer(view, status_code)


async def _refuse_request(_request: Request, error: Exception) -> JSONResponse:
    """A request of another shape than the one documented."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{'.'.join(str(part) for part in fault['loc'][1:])}: {fault['msg']}" for fault in faults)
    return _answer(ErrorView(code="api.request", message=told, hint="see /openapi.json", problems=[]), 422)


async def _refuse_address(_request: Request, error: Exception) -> JSONResponse:
    """A path or method that there is not."""
    if not isinstance(error, HTTPException):
        raise error
    view = ErrorView(code=f"api.{error.status_code}", message=str(error.detail), hint="see /openapi.json", problems=[])
    return _answer(view, error.status_code)


async def _apologise(_request: Request, error: Exception) -> JSONResponse:
    """A fault of ours; whoever runs the application logs where it came from."""
    message = f"a fault of the server: {type(error).__name__}: {error}"
    hint = "its log has the traceback; please report it"
    return _answer(ErrorView(code="api.fault", message=message, hint=hint, problems=[]), 500)


def _answer(view: ErrorView, status_code: int) -> JSONResponse:
    return JSONResponse(view.model_dump(mode="json"), status_code=status_code)


async def _operations(request: Request) -> Operations:
    operations: Operations = request.app.state.operations
    return operations


Asked = Annotated[Operations, Depends(_operations)]
_router = APIRouter()


@_router.get("/status", response_model=StatusView)
async def status(operations: Asked, name: str = "", most: Annotated[int | None, Query(ge=0)] = None) -> Response:
    """Records, endpoints, verdicts, zones, alarms; of more than `most` records only those that need a look."""
    view = await operations.status(StatusQuestion(name, most))
    document = await asyncio.to_thread(view.model_dump_json)  # megabytes, of thousands of records
    return Response(document, media_type="application/json")


async def _question(
    name: str, *, rtype: Annotated[str, Query(alias="type")] = "A", client: str = "127.0.0.1", at: Instant | None = None
) -> ExplainQuestion:
    return ExplainQuestion(name=name, rtype=rtype, client=client, at=at)


@_router.get("/explain")
async def explain(operations: Asked, question: Annotated[ExplainQuestion, Depends(_question)]) -> ExplainView:
    """An answer and every step that led to it."""
    return await operations.explain(question)


@_router.post("/whatif")
async def whatif(operations: Asked, request: WhatIfRequest) -> WhatIfView:
    """What would be answered if some endpoints were down."""
    return operations.whatif(request)


@_router.post("/probe")
async def probe(operations: Asked, request: ProbeRequest) -> list[ObservationView]:
    """One probe of every leaf of a check, from the running server."""
    return await operations.probe(request)


@_router.post("/overrides", status_code=201)
async def override(operations: Asked, request: OverrideRequest) -> OverrideView:
    """Put an override in force."""
    return await operations.override(request)


@_router.post("/release")
async def release(operations: Asked, request: ReleaseRequest) -> ReleaseView:
    """End overrides, and let waiting endpoints return."""
    return await operations.release(request)


async def _event_filter(
    *,
    after: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 100,
    kind: Annotated[list[EventKind] | None, Query()] = None,
    subject: str = "",
) -> EventFilter:
    return EventFilter(after=after, limit=limit, kinds=tuple(kind or ()), subject=subject)


Wanted = Annotated[EventFilter, Depends(_event_filter)]


@_router.get("/events")
async def events(operations: Asked, wanted: Wanted) -> list[EventView]:
    """The history, oldest first."""
    return await operations.events(wanted)


@_router.get("/events/follow", response_class=EventSourceResponse)
async def follow(operations: Asked, wanted: Wanted) -> AsyncIterator[ServerSentEvent]:
    """The history as it happens; `id` is the sequence number to go on from."""
    async for event in operations.follow(wanted):
        yield ServerSentEvent(data=event, id=str(event.sequence), event="event")


@_router.get("/zones")
async def zones(operations: Asked) -> list[ZoneView]:
    """Every zone."""
    return operations.zones()


@_router.get("/zone")
async def zone(operations: Asked, name: str) -> ZoneView:
    """One zone."""
    return operations.zone(name)


@_router.get("/export", response_class=PlainTextResponse)
async def export_zone(operations: Asked, name: str, *, records: bool = True) -> str:
    """A zone as a master file; `records` false leaves out what is steered."""
    return await operations.export_zone(name, has_records=records)


@_router.post("/zone/notify")
async def notify_zone(operations: Asked, request: ZoneRequest) -> ZoneOrderView:
    """Tell a zone's secondaries of its version now."""
    return operations.notify_zone(request)


@_router.post("/zone/refresh")
async def refresh_zone(operations: Asked, request: RefreshRequest) -> RefreshView:
    """Ask a zone's primaries now, or fetch it whole; with `wait_s`, answer when it is known what came of it."""
    return await operations.refresh_zone(request)


@_router.post("/zone/promote")
async def promote_zone(operations: Asked, request: PromoteRequest) -> ZoneOrderView:
    """Make the copy of a zone the primary."""
    return await operations.promote_zone(request)


@_router.post("/zone/demote")
async def demote_zone(operations: Asked, request: DemoteRequest) -> ZoneOrderView:
    """Follow a promoted zone's primaries again."""
    return await operations.demote_zone(request)


@_router.post("/plan")
async def plan(operations: Asked, request: PlanRequest | None = None) -> PlanView:
    """What a configuration would change."""
    return await operations.plan(request or PlanRequest())


@_router.post("/reload")
async def reload(operations: Asked, request: ReloadRequest | None = None) -> PlanView:
    """Read the configuration again and apply it whole."""
    return await operations.reload(request or ReloadRequest())


@_router.get("/metrics")
async def metrics(operations: Asked) -> Response:
    """Prometheus text exposition."""
    return Response(operations.metrics(), media_type="text/plain; version=0.0.4")
