"""What comes from other servers and is not what it seems: signed where records hide it, or changed under its serial."""

from __future__ import annotations

import asyncio

from understudy.engine import Zone
from understudy.model.event import Event, EventKind, Severity
from understudy.model.transfer import Primary
from understudy.service.name_server import NameServer
from understudy.service.secondary.fetched import FetchedZone
from understudy.zones.loss import COMPARED_MAX, compare, is_same

_RRSIG, _DNSKEY = 46, 48  # RFC 4034 2 and 3


def is_zone_signed(zone: Zone) -> bool:
    """Whether the apex has a key or a signature (RFC 4035 2)."""
    return not {_RRSIG, _DNSKEY}.isdisjoint(zone.types_at(zone.origin))


def tell_signed(server: NameServer, care: FetchedZone) -> None:
    """Told once, for as long as it is so: signatures are not answered here, and do not fit what records answer."""
    origin = care.definition.name
    doubt = ""
    if care.loaded is not None and is_zone_signed(care.loaded.zone):
        doubt = _doubt(is_overlaid=bool(server.candidate.configuration.records_in(origin)))
    if doubt not in ("", care.doubt):
        server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), doubt, Severity.WARNING))
    care.doubt = doubt


def _doubt(*, is_overlaid: bool) -> str:
    """What resolvers that validate do not take, and why (RFC 4035 5)."""
    if not is_overlaid:
        return (
            "it is signed (DNSSEC) by its primary, and this server answers without signatures: if the zone above has a"
            " DS, resolvers that validate refuse all of it; name only servers in its NS records that sign, or hand the"
            " signatures on, as BIND, NSD, Knot and PowerDNS do as secondaries of this one"
        )
    from understudy.zones.advice_proof import REMEDY  # with what looks at zones for people

    return (
        "it is signed (DNSSEC) by its primary, and no signature fits what records answer here, nor the SOA with a"
        " serial of ours: if the zone above has a DS, resolvers that validate refuse those names, and that a name does"
        f" not exist, from secondaries too, and all that this server answers, which is without signatures; {REMEDY}"
    )


async def tell_changed_silently(server: NameServer, care: FetchedZone, zone: Zone, *, primary: Primary) -> None:
    """The same serial with other content, which other secondaries do not notice. Looked at where it costs little."""
    held = care.newest
    if held is None or held.zone.serial != zone.serial or zone.record_count > COMPARED_MAX:
        return
    if not await asyncio.to_thread(is_same, held.zone, zone):
        difference = await asyncio.to_thread(compare, held.zone, zone)
        text = (
            f"{primary} has changed the zone and left its serial {zone.serial}, so that nobody who has it notices:"
            f" give it a later serial there. With its version: {difference}"
        )
        server.journal.tell(
            Event(server.clock.now(), EventKind.ZONE, str(care.definition.name), text, Severity.WARNING)
        )
