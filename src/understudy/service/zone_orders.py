"""What an operator asks of one zone, beside its configuration."""

from __future__ import annotations

from understudy.model.duration import format_duration
from understudy.model.errors import InvariantError, ZoneOrderRefusedError
from understudy.model.event import Event, EventKind
from understudy.service.decree import UNKNOWN_AUTHOR
from understudy.service.name_server import NameServer
from understudy.service.reports.subjects import find_zone
from understudy.service.reports.zone_views import (
    RefreshOutcome,
    RefreshRequest,
    RefreshView,
    ZoneOrderView,
    ZoneRequest,
)
from understudy.service.secondary.fetched import NO_COMPLAINT, FetchedZone, Follower
from understudy.service.zone_table import LoadedZone


def notify_secondaries(server: NameServer, request: ZoneRequest) -> ZoneOrderView:
    """Tell a zone's secondaries of its version once more, now. Raises NotFoundError, ZoneOrderRefusedError."""
    loaded = find_answered(server, request.name)
    origin = loaded.definition.name
    transfer, serial = loaded.definition.transfer, server.versions.serial_of(origin)
    if transfer is None:
        text, hint = f"{origin} is handed on to nobody", "give the zone a `transfer`, with whom to notify"
        raise ZoneOrderRefusedError(text, hint=hint, code="zone.not-handed-on")
    if serial is None:
        text, hint = f"{origin} has no version for secondaries yet", "look at `understudy events`, or wait a moment"
        raise ZoneOrderRefusedError(text, hint=hint, code="zone.no-version")
    server.notifier.announce(loaded, transfer, serial)
    told = [str(target) for target, _, _ in server.notifier.notices.standing(origin)]
    if not told:
        text = f"{origin} has nobody to be told: no `notify`, and no address of another name server"
        raise ZoneOrderRefusedError(text, hint="name the servers in `transfer.notify`", code="zone.nobody-to-tell")
    text = f"serial {serial} is told again to {', '.join(told)}, {_by(request)}"
    server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text, detail={"serial": serial}))
    return ZoneOrderView(name=str(origin), text=text, serial=serial, servers=told)


async def refresh(server: NameServer, request: RefreshRequest) -> RefreshView:
    """Ask a zone's primaries now, or fetch it whole whatever they have; what came of it, if that is waited for.

    Raises NotFoundError, ZoneOrderRefusedError.
    """
    care, follower = find_fetched(server, request.name), require_follower(server)
    origin = care.definition.name
    if server.is_promoted(origin):
        text = f"{origin} is promoted: it follows no primary"
        raise ZoneOrderRefusedError(text, hint="`understudy zone demote` first", code="zone.promoted")
    before, awaited = care.serial, care.rounds_begun + 1
    care.is_notified, care.quiet_until = True, 0.0
    care.is_whole_wanted |= request.is_whole
    follower.wake()
    primaries = [str(primary) for primary in care.definition.primaries]
    what = "is fetched whole from" if request.is_whole else "is asked for at"
    text = f"{what} {', '.join(primaries)}, {_by(request)}"
    server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text))
    outcome, warning, complaint = RefreshOutcome.ASKED, "", NO_COMPLAINT
    if request.wait_s:
        is_over = await care.wait_for_round(awaited, request.wait_s, is_whole=request.is_whole)
        outcome = _outcome(care, request, before) if is_over else RefreshOutcome.PENDING
        text, warning = _tell(care, outcome, before, request=request), care.passed_over.text
        complaint = care.problem or care.passed_over
    return RefreshView(
        name=str(origin),
        text=text,
        serial=server.engine.serial(origin.absolute),
        servers=primaries,
        warning=warning,
        outcome=outcome,
        serial_before=before,
        serial_after=care.serial,
        codes=list(complaint.codes),
    )


def _outcome(care: FetchedZone, request: RefreshRequest, before: int | None) -> RefreshOutcome:
    """What the round that has just ended left behind."""
    if care.problem:
        return RefreshOutcome.FAILED
    if care.serial != before:
        return RefreshOutcome.UPDATED
    return RefreshOutcome.FETCHED if request.is_whole else RefreshOutcome.CONFIRMED


def _tell(care: FetchedZone, outcome: RefreshOutcome, before: int | None, *, request: RefreshRequest) -> str:
    serial = f"serial {care.serial}"
    match outcome:
        case RefreshOutcome.UPDATED:
            return f"{serial if before is None else f'serial {before} → {care.serial}'} from {care.primary}"
        case RefreshOutcome.FETCHED:
            return f"fetched whole from {care.primary}: {serial}, as before"
        case RefreshOutcome.CONFIRMED:
            return f"{serial} is the newest, says {care.primary}"
        case RefreshOutcome.FAILED:
            stays = "nothing is here" if care.serial is None else f"serial {before} stays"
            return f"not {'fetched whole' if request.is_whole else 'refreshed'}, {stays}: {care.problem}"
        case _:
            limit = format_duration(request.wait_s)
            return f"not known within {limit}: the primaries are still being asked, or the zone fetched"


def find_answered(server: NameServer, name: str) -> LoadedZone:
    """The zone of this name that there is a version of. Raises as above."""
    origin = find_zone({**server.zones, **server.fetched}, name)
    loaded = server.zones.get(origin)
    if loaded is None:
        text = f"{origin} has no version here that could be answered"
        raise ZoneOrderRefusedError(text, hint=f"`understudy zone show {origin}` says why", code="zone.empty")
    return loaded


def find_fetched(server: NameServer, name: str) -> FetchedZone:
    """The zone from other servers of this name, also one that is not answered now. Raises as above."""
    origin = find_zone({**server.zones, **server.fetched}, name)
    care = server.fetched.get(origin)
    if care is None:
        text = f"{origin} is read from a file: this server is its primary already"
        raise ZoneOrderRefusedError(text, hint="change the file, or write {source: transfer}", code="zone.not-fetched")
    return care


def require_follower(server: NameServer) -> Follower:
    """Who speaks to primaries; there is always somebody while requests are taken."""
    if server.follower is None:
        raise InvariantError("nobody speaks to primaries yet")
    return server.follower


def _by(request: ZoneRequest) -> str:
    """Who wants it, and why if that was said."""
    return f"by {request.author or UNKNOWN_AUTHOR}" + (f": {request.reason}" if request.reason else "")
