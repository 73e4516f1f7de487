"""What an operator asks of one zone, beside its configuration."""

from __future__ import annotations

from understudy.model.errors import ZoneOrderRefusedError
from understudy.model.event import Event, EventKind
from understudy.service.decree import UNKNOWN_AUTHOR
from understudy.service.name_server import NameServer
from understudy.service.subjects import find_zone
from understudy.service.zone_views import ZoneOrderView, ZoneRequest


def notify_secondaries(server: NameServer, request: ZoneRequest) -> ZoneOrderView:
    """Tell a zone's secondaries of its version once more, now. Raises NotFoundError, ZoneOrderRefusedError."""
    origin = find_zone(server.zones, request.name)
    loaded = server.zones[origin]
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
        text = f"{origin} has nobody to be told: no `notify`, and no address of another name server in the zone"
        raise ZoneOrderRefusedError(text, hint="name the servers in `transfer.notify`", code="zone.nobody-to-tell")
    text = f"serial {serial} is told again to {', '.join(told)}, {_by(request)}"
    server.journal.tell(Event(server.clock.now(), EventKind.ZONE, str(origin), text, detail={"serial": serial}))
    return ZoneOrderView(name=str(origin), text=text, serial=serial, servers=told)


def _by(request: ZoneRequest) -> str:
    """Who wants it, and why if that was said."""
    return f"by {request.author or UNKNOWN_AUTHOR}" + (f": {request.reason}" if request.reason else "")
