"""Zones as documents, and what an operator asks of one."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from understudy.model.instant import Instant
from understudy.service.reports.view import View

WAIT_MAX_S = 600.0  # chosen: who wants to wait longer asks `status`


class SecondaryView(View):
    """A server that is told of a zone's versions. `serial` is the last one that it has acknowledged to know of.

    `is_pending`: it is still to be told of the newest. `problem` is empty, or why it has not acknowledged that.
    """

    server: str
    serial: int | None
    acknowledged_at: Instant | None
    is_pending: bool
    problem: str


class RefusalView(View):
    """A client that was refused the zone, and has not been sent it since. `key`: that it claimed to have, or null."""

    client: str
    key: str | None
    why: str
    at: Instant


class NamedServerView(View):
    """A name server of a zone, as the last looks found it. `state` is `self` for this server, else how it stands.

    `server` is an address with its port, or empty where none is known for `name`; if our resolver says nothing about
    it, it is `unknown`, and `since` is the beginning of that. `serial` is the last one that it told; `lag_s` how long a
    later one has been there, 0 where it follows, null where the last look did not find out. `looked_at` is when it was
    asked last, `heard_at` when it last answered anything; null: never. `text` says what is wrong, or is empty.
    """

    name: str
    server: str
    state: str
    since: Instant | None
    serial: int | None
    lag_s: float | None
    looked_at: Instant | None
    heard_at: Instant | None
    text: str


class PromotionView(View):
    """Who made a zone from other servers the primary here, why and when."""

    author: str
    reason: str
    at: Instant


class UpstreamView(View):
    """Where a zone from other servers stands. `primary` gave or confirmed the newest version here, with `serial`.

    `promotion`: it follows nobody; null: it was not promoted. `due_at` null: nobody is asked. `problem` is for people,
    `codes` has what its parts are called. `disk_problem` is why the version here is not on disk, or is empty.
    """

    standing: str
    primaries: list[str]
    primary: str | None
    serial: int | None
    refreshed_at: Instant | None
    due_at: Instant | None
    expires_at: Instant | None
    problem: str
    codes: list[str]
    disk_problem: str
    promotion: PromotionView | None


class ZoneView(View):
    """One zone. `problem` is empty, or why a newer content is not used, or nothing is served (`serial` is None)."""

    name: str
    source: str
    file: str
    serial: int | None
    records: int
    names: int
    steered: int
    loaded_at: Instant | None
    problem: str
    secondaries: list[SecondaryView]
    refusals: list[RefusalView]
    name_servers: list[NamedServerView]
    upstream: UpstreamView | None


class ZoneRequest(BaseModel):
    """What is asked speaks of this zone; who asks, and why, is kept in the history."""

    model_config = ConfigDict(extra="forbid")

    name: str
    reason: str = ""
    author: str = ""


class RefreshRequest(ZoneRequest):
    """`is_whole`: fetch the zone whole, also if the primaries have nothing newer.

    `wait_s`: how long the answer may wait until it is known what came of it; 0: it says only that they are asked.
    """

    is_whole: bool = False
    wait_s: float = Field(0.0, ge=0.0, le=WAIT_MAX_S)


class PromoteRequest(ZoneRequest):
    """`is_forced`: also while a primary answers."""

    is_forced: bool = False


class DemoteRequest(ZoneRequest):
    """`is_primary_taken`: take the primary's version whatever its serial; what only this server has is lost."""

    is_primary_taken: bool = False


class ZoneOrderView(View):
    """What was done: `text` says it in one line, `serial` is what is answered (None: nothing is).

    `servers` are those that are spoken to. `warning` is empty, or says what is not as it should be all the same.
    """

    name: str
    text: str
    serial: int | None
    servers: list[str]
    warning: str = ""


class RefreshOutcome(StrEnum):
    """What came of asking a zone's primaries."""

    ASKED = "asked"  # nobody waited for more
    UPDATED = "updated"  # another version is here
    FETCHED = "fetched"  # the same serial, fetched whole
    CONFIRMED = "confirmed"  # a primary has the version that is here, none has a newer one
    FAILED = "failed"  # what is here stays, and `text` says why
    PENDING = "pending"  # it is not known within `wait_s`


class RefreshView(ZoneOrderView):
    """`serial_before` and `serial_after` are the zone's as its primaries count; null: no version is here.

    `serial` is another one where records are laid over a zone that is handed on. `warning` has what was wrong with
    primaries while another one gave or confirmed the version. `codes`: what that is called, or why it failed.
    """

    outcome: RefreshOutcome
    serial_before: int | None
    serial_after: int | None
    codes: list[str]
