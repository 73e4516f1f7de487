"""Whom to watch: the name servers that a zone and its configuration name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence

from understudy.checks.transport.own import is_own
from understudy.model.name import Name, NameSyntaxError
from understudy.model.transfer import default_via
from understudy.model.watch import NamedServer, ServerPlace, WatchSettings
from understudy.model.zone import ZoneDefinition
from understudy.service.watching.addresses import Resolve, Unsaid
from understudy.service.zone_table import LoadedZone
from understudy.zones.name_servers import DNS_PORT, host_addresses, named_servers

NOBODY = "invalid."  # RFC 9432 4.1: what catalogs name as their server, which nobody can look up


class Host:
    """This host at one moment: its addresses, each of which the system is asked for once, and where we listen.

    `vias` are the addresses that other servers see, unless something else is written of them.
    """

    def __init__(self, listen: Collection[str], vias: Sequence[str] = ()) -> None:
        self.vias = vias
        self._listen = frozenset(listen)
        self._known: dict[str, bool] = {}

    def is_own(self, address: str) -> bool:
        """Whether it has the address."""
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = is_own(address)
        return known

    def is_listening(self, place: ServerPlace) -> bool:
        """Whether this server answers there."""
        anywhere = "[::]" if ":" in place.address else "0.0.0.0"  # noqa: S104  # compared, not bound
        is_everywhere = f"{anywhere}:{place.port}" in self._listen
        return str(place) in self._listen or (is_everywhere and self.is_own(place.address))


class Ways:
    """Which of our addresses the servers of a zone see: what is written beside them, else the default."""

    def __init__(self, definition: ZoneDefinition | None, vias: Sequence[str]) -> None:
        self._vias = vias
        self._written: dict[tuple[str, int], str] = {}
        if definition is not None:
            notify = definition.transfer.notify if definition.transfer is not None else None
            for each in (*(notify or ()), *definition.primaries):
                self._written[each.address, each.port] = each.via

    def to(self, address: str, port: int) -> ServerPlace:
        """One of them."""
        written = self._written.get((address, port))
        return ServerPlace(address, port, default_via(address, self._vias) if written is None else written)


async def find_targets(
    loaded: LoadedZone, zones: Mapping[Name, LoadedZone], host: Host, *, resolve: Resolve
) -> tuple[NamedServer, ...]:
    """Each server once, under the name of its NS record if it has one.

    Addresses to be ignored are left out. Of a name that our resolver says nothing about, no address is known.
    """
    definition = loaded.definition
    settings = definition.watch or WatchSettings()
    ways = Ways(definition, host.vias)
    upstream = {ways.to(each.address, each.port) for each in definition.primaries}
    found: dict[ServerPlace | str, NamedServer] = {}
    for name, addresses in (await _named(loaded, zones, resolve)).items():
        if isinstance(addresses, Unsaid):
            found[name] = NamedServer(name.rstrip("."), None, is_unresolved=True)
            continue
        if not addresses:
            found[name] = NamedServer(name.rstrip("."), None)
        for address in addresses:
            place = ways.to(address, DNS_PORT)
            found[place] = NamedServer(name.rstrip("."), place, host.is_own(address), is_upstream=place in upstream)
    for place in (ways.to(each.address, each.port) for each in _configured(definition, settings)):
        is_self = host.is_listening(place)
        found.setdefault(place, NamedServer("", place, is_self, is_upstream=place in upstream))
    return tuple(each for each in found.values() if each.place is None or each.place.address not in settings.ignore)


async def _named(
    loaded: LoadedZone, zones: Mapping[Name, LoadedZone], resolve: Resolve
) -> dict[str, Collection[str] | Unsaid]:
    """The name servers of the zone with their addresses, those outside of our zones by the resolver, all at once."""
    told: dict[str, Collection[str] | Unsaid] = {
        name: known or find_here(name, zones)
        for name, known in named_servers(loaded.zone, loaded.definition.name)
        if name != NOBODY
    }
    outside = [name for name, addresses in told.items() if not addresses]
    found = await asyncio.gather(*(resolve(name) for name in outside))
    return told | dict(zip(outside, found, strict=True))


def _configured(definition: ZoneDefinition, settings: WatchSettings) -> Iterator[ServerPlace]:
    """Those whom the file names by address."""
    notify = definition.transfer.notify if definition.transfer is not None else None
    yield from (ServerPlace(each.address, each.port) for each in notify or ())
    yield from (ServerPlace(each.address, each.port) for each in definition.primaries)
    yield from settings.servers


def find_here(host: str, zones: Mapping[Name, LoadedZone]) -> tuple[str, ...]:
    """The addresses of a host in another zone that is served here, or at its apex."""
    try:
        labels = Name.parse(host).labels
    except NameSyntaxError:
        return ()
    for cut in range(len(labels)):
        zone = zones.get(Name(labels[cut:]))
        if zone is not None:
            return tuple(host_addresses(zone.zone, host))
    return ()
