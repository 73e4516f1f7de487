"""The zones of a name server as documents: those that are served, and those that should be."""

from __future__ import annotations

import math
from collections.abc import Collection

from understudy.model.name import Name
from understudy.model.promotion import Promotion
from understudy.service.name_server import NameServer
from understudy.service.reports.zone_views import PromotionView, RefusalView, SecondaryView, UpstreamView, ZoneView
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.watching.server_report import report_name_servers
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Standing

_WHY_NOT = {
    Standing.EMPTY: "no primary has given it yet",
    Standing.EXPIRED: "its copy has expired",
}


def known_zones(server: NameServer) -> Collection[Name]:
    """Every zone that is served, and those from other servers that are not here."""
    return server.zones.keys() | server.fetched.keys()


def why_not_served(fetched: FetchedZone) -> str:
    """What keeps a zone from other servers from being answered."""
    if fetched.conflict:
        return "a version is here, and is in the way of a record"
    return _WHY_NOT.get(fetched.secondary.standing, fetched.secondary.standing.value)


def why_unserved(server: NameServer, origin: Name) -> str:
    """What keeps a zone of this server from being answered; empty: nothing does."""
    if origin in server.zones:
        return ""
    fetched = server.fetched.get(origin)
    return "it could not be read" if fetched is None else why_not_served(fetched)


def report_zones(server: NameServer) -> list[ZoneView]:
    """Every zone that is served, and those from other servers that are not here."""
    steered, serials = server.decider.publisher.count_steered(), server.serials()
    found = []
    for origin in sorted(known_zones(server), key=lambda each: each.labels[::-1]):
        loaded, fetched = server.zones.get(origin), server.fetched.get(origin)
        if loaded is not None:
            found.append(_served(server, loaded, serials.get(origin, loaded.zone.serial), steered=steered[origin]))
        elif fetched is not None:
            found.append(_missing(server, fetched))
    return found


def _served(server: NameServer, loaded: LoadedZone, serial: int, *, steered: int) -> ZoneView:
    origin = loaded.definition.name
    fetched = server.fetched.get(origin)
    return ZoneView(
        name=str(origin),
        source=loaded.definition.source.value,
        file=str(loaded.definition.file),
        serial=serial,
        records=loaded.zone.record_count,
        names=loaded.zone.name_count,
        steered=steered,
        loaded_at=loaded.loaded_at,
        problem=loaded.problem,
        secondaries=_secondaries(server, origin),
        refusals=_refusals(server, origin),
        name_servers=report_name_servers(server, origin, serial),
        upstream=None if fetched is None else _upstream(server, fetched),
    )


def _missing(server: NameServer, fetched: FetchedZone) -> ZoneView:
    """Queries for it get SERVFAIL."""
    definition, upstream = fetched.definition, _upstream(server, fetched)
    return ZoneView(
        name=str(definition.name),
        source=definition.source.value,
        file=str(definition.file),
        serial=None,
        records=0,
        names=0,
        steered=0,
        loaded_at=None,
        problem=f"not served: {why_not_served(fetched)}",
        secondaries=[],
        refusals=[],
        name_servers=[],
        upstream=upstream,
    )


def _upstream(server: NameServer, fetched: FetchedZone) -> UpstreamView:
    secondary, primary = fetched.secondary, fetched.primary
    promotion = server.store.desired.promotions.get(fetched.definition.name)
    complaint = fetched.problem or fetched.passed_over
    return UpstreamView(
        standing=secondary.standing.value,
        primaries=[str(each) for each in fetched.definition.primaries],
        primary=None if primary is None else str(primary),
        serial=fetched.serial,
        refreshed_at=secondary.refreshed_at,
        due_at=secondary.due if math.isfinite(secondary.due) else None,
        expires_at=secondary.expires_at,
        problem=complaint.text,
        codes=list(complaint.codes),
        disk_problem=fetched.disk_problem,
        promotion=None if promotion is None else _promotion(promotion),
    )


def _promotion(promotion: Promotion) -> PromotionView:
    return PromotionView(author=promotion.author, reason=promotion.reason, at=promotion.at)


def _refusals(server: NameServer, origin: Name) -> list[RefusalView]:
    """The newest first."""
    return [
        RefusalView(client=each.client, key=each.key, why=each.why, at=each.at) for each in server.refused.of(origin)
    ]


def _secondaries(server: NameServer, origin: Name) -> list[SecondaryView]:
    """Those that are told of the zone's versions."""
    return [
        SecondaryView(
            server=str(target),
            serial=told.serial,
            acknowledged_at=told.at,
            is_pending=is_pending,
            problem=told.problem,
        )
        for target, told, is_pending in server.notifier.notices.standing(origin)
    ]
