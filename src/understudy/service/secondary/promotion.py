"""Zones from other servers that an operator makes the primary here, and gives back (ADR 0031)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from understudy.model.errors import TransferError, ZoneOrderRefusedError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.name import Name
from understudy.model.promotion import Promotion
from understudy.model.zone import ZoneSource
from understudy.service.decree import UNKNOWN_AUTHOR
from understudy.service.ledger import Written, write
from understudy.service.name_server import NameServer
from understudy.service.reports.zone_views import DemoteRequest, PromoteRequest, ZoneOrderView, ZoneRequest
from understudy.service.secondary.catalogs import catch_up
from understudy.service.secondary.fetched import NO_COMPLAINT, FetchedZone, Follower
from understudy.service.zone_orders import find_fetched, require_follower
from understudy.service.zone_table import LoadedZone
from understudy.store.draft import Draft, Signature
from understudy.zones.loss import compare
from understudy.zones.secondary import Offer, worth_fetching
from understudy.zones.serial import is_later


async def promote(server: NameServer, request: PromoteRequest) -> ZoneOrderView:
    """Make the copy that is here the primary. Raises NotFoundError, ZoneOrderRefusedError, StoreError.

    Refused while a primary answers, unless it is forced: two servers would go their own ways.
    """
    care, follower = find_fetched(server, request.name), require_follower(server)
    origin = care.definition.name
    _require_a_version(server, care)
    if not request.is_forced:
        _require_silence(origin, await follower.offers(care))
    async with server.reloading:
        loaded = _require_a_version(server, care)
        warning = await _write(server, _signature(server, request).promotion(origin))
        care.secondary = care.secondary.promoted()
        care.loaded, care.unused, care.conflict, care.problem = (
            replace(loaded, is_awaited=False),
            None,
            "",
            NO_COMPLAINT,
        )
        care.is_whole_wanted = care.is_notified = False
        server.zones[origin] = care.loaded
        server.decider.publish_zones({origin: care.loaded})
        _tell_secondaries(server, origin)
        server.alarms.clear(f"zone/{origin}", server.clock.now())
        show_promotions(server)
        follower.wake()
    text = f"promoted with serial {_serial(server, origin)}: it follows no primary any more, and does not expire"
    return _told(server, request, text, warning=warning)


def _require_a_version(server: NameServer, care: FetchedZone) -> LoadedZone:
    origin = care.definition.name
    promotion = server.store.desired.promotions.get(origin)
    if promotion is not None:
        text = f"{origin} is promoted already, by {promotion.author}: {promotion.reason_text}"
        raise ZoneOrderRefusedError(text, hint="`understudy zone demote` gives it back", code="zone.promoted")
    if care.loaded is None:
        text = f"{origin} has no version here that could be answered, so there is nothing to promote"
        raise ZoneOrderRefusedError(text, hint="write it {file: ...} with a copy from elsewhere", code="zone.empty")
    return care.loaded


def _require_silence(origin: Name, answers: Sequence[Offer | TransferError]) -> None:
    alive = [f"{each.primary} with serial {each.serial}" for each in answers if isinstance(each, Offer)]
    if alive:
        text = f"{origin} has a primary that answers: {', '.join(alive)}; promoted, this server would go its own way"
        hint = "stop the primary first, or say --even-so if its content is not wanted any more"
        raise ZoneOrderRefusedError(text, hint=hint, code="zone.primary-answers")


def _tell_secondaries(server: NameServer, origin: Name) -> None:
    """They may have lost their primary too, and know of nobody else who has something newer."""
    loaded, serial = server.zones[origin], server.versions.serial_of(origin)
    if loaded.definition.transfer is not None and serial is not None:
        server.notifier.announce(loaded, loaded.definition.transfer, serial)


async def demote(server: NameServer, request: DemoteRequest) -> ZoneOrderView:
    """Follow the primaries again. Raises NotFoundError, ZoneOrderRefusedError, StoreError.

    Refused while none answers, because the zone would then expire, and while the newest that they have is older than
    what is here, unless that is to be taken.
    """
    care, follower = find_fetched(server, request.name), require_follower(server)
    origin = care.definition.name
    _require_promotion(server, origin)
    if origin in server.members.orphans():
        return await _let_go(server, request, care)
    newest = _require_primary(origin, await follower.offers(care))
    held = care.serial
    is_older = held is not None and is_later(held, newest.serial)
    if is_older and not request.is_primary_taken:
        raise await _refused_loss(follower, care, newest)
    async with server.reloading:
        _require_promotion(server, origin)
        now = server.clock.now()
        warning = await _write(server, _signature(server, request).demotion(origin))
        care.secondary = care.secondary.demoted(now)
        care.is_whole_wanted = request.is_primary_taken
        show_promotions(server)
        text = f"demoted: it follows {newest.primary} again, which has serial {newest.serial}"
        text += f", and takes that in place of serial {held}" if request.is_primary_taken else ""
        told = _told(server, request, text, warning=warning)
        await catch_up(server)
        follower.wake()
    return told


async def _let_go(server: NameServer, request: DemoteRequest, care: FetchedZone) -> ZoneOrderView:
    """Its catalog does not list it any more, so there is nothing to go back to: without the promotion it is gone."""
    origin = care.definition.name
    catalog = server.members.table[origin].catalog
    if not request.is_primary_taken:
        text = f"{origin} is here only because it is promoted: the catalog {catalog} lists it no more"
        hint = "write it into the configuration to keep it, or say --take-primary to let it go"
        raise ZoneOrderRefusedError(text, hint=hint, code="zone.not-listed")
    async with server.reloading:
        warning = await _write(server, _signature(server, request).demotion(origin))
        told = _told(server, request, f"demoted, and gone: the catalog {catalog} lists it no more", warning=warning)
        show_promotions(server)
        await catch_up(server)
        require_follower(server).wake()
    return told


def _require_promotion(server: NameServer, origin: Name) -> None:
    if not server.is_promoted(origin):
        text = f"{origin} is not promoted: it follows its primaries"
        raise ZoneOrderRefusedError(text, hint="`understudy zone list` shows what is", code="zone.not-promoted")


def _require_primary(origin: Name, answers: Sequence[Offer | TransferError]) -> Offer:
    """The newest that there is."""
    offers = worth_fetching([each for each in answers if isinstance(each, Offer)], None)
    if not offers:
        faults = "; ".join(each.message for each in answers if isinstance(each, TransferError))
        text = f"{origin} has no primary that answers ({faults}); demoted, it would expire"
        hint = "bring a primary back, or name one that has the zone in `primaries`"
        raise ZoneOrderRefusedError(text, hint=hint, code="zone.no-primary")
    return offers[0]


async def _refused_loss(follower: Follower, care: FetchedZone, newest: Offer) -> ZoneOrderRefusedError:
    """What the operator loses, as far as that can be told."""
    ours = care.loaded
    try:
        theirs = await follower.whole(care, newest.primary)
        loss = "" if ours is None else await asyncio.to_thread(compare, ours.zone, theirs)
    except TransferError as error:
        loss = f"what would be lost cannot be told: {error.message}"
    text = f"{newest.primary} has serial {newest.serial}, older than {care.serial} here. With its version: {loss}"
    hint = f"give the primary a serial later than {care.serial}, or say --take-primary"
    return ZoneOrderRefusedError(text, hint=hint, code="zone.primary-behind")


async def end_promotions(server: NameServer) -> None:
    """A zone that the configuration has from elsewhere now, or not at all, is promoted no more.

    Should it come from other servers again one day, they are followed. What is nowhere may still be listed by a catalog
    that has not come.
    """
    zones = server.definitions
    has_catalogs = any(each.members is not None for each in zones.values())
    for promotion in list(server.store.desired.promotions.values()):
        definition = zones.get(promotion.origin)
        is_elsewhere = definition is not None and definition.source is not ZoneSource.TRANSFER
        if is_elsewhere or (definition is None and not has_catalogs):
            now, origin = server.clock.now(), promotion.origin
            await _write(server, Signature("configuration file", "another source", now).demotion(origin))
            text = "promoted no more: the configuration has it from elsewhere, or no longer"
            server.journal.tell(Event(now, EventKind.ZONE, str(origin), text))
    show_promotions(server)


def show_promotions(server: NameServer) -> None:
    """An alarm for as long as a zone stands without its primary, because it is easily forgotten."""
    now, promotions = server.clock.now(), server.store.desired.promotions
    text = "; ".join(_alarm(each) for each in promotions.values())
    server.alarms.set_alarm("promoted", text, now)


def _alarm(promotion: Promotion) -> str:
    return f"{promotion.origin} is promoted and follows no primary, by {promotion.author}: {promotion.reason_text}"


async def _write(server: NameServer, draft: Draft) -> str:
    async with server.writing:
        written: Written = await write(server, draft)
    return written.warning


def _signature(server: NameServer, request: ZoneRequest) -> Signature:
    return Signature(request.author or UNKNOWN_AUTHOR, request.reason, server.clock.now())


def _serial(server: NameServer, origin: Name) -> int:
    serial = server.engine.serial(origin.absolute)
    return server.zones[origin].zone.serial if serial is None else serial


def _told(server: NameServer, request: ZoneRequest, text: str, *, warning: str) -> ZoneOrderView:
    """The event and the answer."""
    care = find_fetched(server, request.name)
    origin, serial = care.definition.name, server.engine.serial(care.definition.name.absolute)
    by = f"{text}; by {request.author or UNKNOWN_AUTHOR}: {request.reason or 'no reason given'}"
    event = Event(server.clock.now(), EventKind.ZONE, str(origin), by, Severity.WARNING, {"serial": serial})
    server.journal.tell(event)
    servers = [str(primary) for primary in care.definition.primaries]
    return ZoneOrderView(name=str(origin), text=text, serial=serial, servers=servers, warning=warning)
