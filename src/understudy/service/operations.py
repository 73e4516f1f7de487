"""What can be asked of a running name server: the seam between `service` and its edges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from understudy.model.event import EventKind
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.service.reports.views import (
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


@frozen
class StatusQuestion:
    """About one record, endpoint, pool or zone; empty: all. Of more than `most` records only those in trouble."""

    name: str = ""
    most: int | None = None


@frozen
class ExplainQuestion:
    """`at` None: now."""

    name: str
    rtype: str = "A"
    client: str = "127.0.0.1"
    at: Instant | None = None


@frozen
class EventFilter:
    """Which events: after a sequence number (None: the newest), of some kinds (none given: all), about one subject."""

    after: int | None = None
    limit: int = 100
    kinds: Sequence[EventKind] = ()
    subject: str = ""


class Operations(Protocol):
    """Every method may raise UnderstudyError; LookupError's place is taken by `NotFoundError`."""

    async def status(self, question: StatusQuestion) -> StatusView:
        """All, or only what concerns one record, endpoint, pool or zone."""
        ...

    async def explain(self, question: ExplainQuestion) -> ExplainView:
        """An answer with its reasons, now or at a moment in the past."""
        ...

    def whatif(self, request: WhatIfRequest) -> WhatIfView:
        """What would be answered."""
        ...

    async def probe(self, request: ProbeRequest) -> list[ObservationView]:
        """Run one probe of each leaf of the check; changes no verdict."""
        ...

    async def override(self, request: OverrideRequest) -> OverrideView:
        """Put an override in force. Raises OverrideRefusedError."""
        ...

    async def release(self, request: ReleaseRequest) -> ReleaseView:
        """End overrides. Raises NotFoundError where there is nothing to end."""
        ...

    async def events(self, wanted: EventFilter) -> list[EventView]:
        """Events that match, oldest first: the first `limit` after `after`, or without it the newest `limit`."""
        ...

    def follow(self, wanted: EventFilter) -> AsyncIterator[EventView]:
        """Events as they happen, those after `after` first; a reader that is too slow is ended, not waited for."""
        ...

    def zones(self) -> list[ZoneView]:
        """Every zone."""
        ...

    def zone(self, name: str) -> ZoneView:
        """One zone. Raises NotFoundError."""
        ...

    async def export_zone(self, name: str, *, has_records: bool = True) -> str:
        """A zone as a master file, steered records written out as their static view, or without them."""
        ...

    def notify_zone(self, request: ZoneRequest) -> ZoneOrderView:
        """Tell a zone's secondaries of its version now. Raises NotFoundError, ZoneOrderRefusedError."""
        ...

    async def refresh_zone(self, request: RefreshRequest) -> RefreshView:
        """Ask a zone's primaries now, or fetch it whole; with a `wait_s`, wait for what comes of it.

        Raises NotFoundError, ZoneOrderRefusedError.
        """
        ...

    async def promote_zone(self, request: PromoteRequest) -> ZoneOrderView:
        """Make the copy of a zone the primary. Raises NotFoundError, ZoneOrderRefusedError."""
        ...

    async def demote_zone(self, request: DemoteRequest) -> ZoneOrderView:
        """Follow a promoted zone's primaries again. Raises NotFoundError, ZoneOrderRefusedError."""
        ...

    async def plan(self, request: PlanRequest) -> PlanView:
        """What a configuration would change. Raises ConfigError."""
        ...

    async def reload(self, request: ReloadRequest) -> PlanView:
        """Read the configuration again and apply it whole. Raises ConfigError, OtherFileError: nothing has changed."""
        ...

    def metrics(self) -> bytes:
        """The Prometheus text exposition."""
        ...
