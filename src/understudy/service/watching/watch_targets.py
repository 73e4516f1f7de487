"""Whom to watch: the name servers that a zone and its configuration name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from understudy.checks.transport.faults import EndpointError, LocalError
from understudy.checks.transport.own import is_own
from understudy.checks.transport.resolve import resolve as look_up
from understudy.clock.clock import Clock
from understudy.model.instant import Instant
from understudy.model.name import Name, NameSyntaxError
from understudy.model.transfer import default_via
from understudy.model.watch import NamedServer, ServerPlace, WatchSettings
from understudy.model.zone import ZoneDefinition
from understudy.service.zone_table import LoadedZone
from understudy.zones.name_servers import DNS_PORT, host_addresses, named_servers

NOBODY = "invalid."  # RFC 9432 4.1: what catalogs name as their server, which nobody can look up
RESOLVE_S = 15.0  # chosen: a resolver that tries three servers for five seconds each has been through them

Resolve: TypeAlias = Callable[[str], Awaitable[Collection[str] | None]]
"""The addresses of a host name, none where it has none; None: our resolver does not say."""


async def resolve(host: str) -> Collection[str] | None:
    """By the system's resolver, which gets a while."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            return tuple(str(address) for address in await look_up(host))
    except EndpointError:
        return ()
    except (LocalError, TimeoutError):
        return None


class Addresses:
    """What a resolver has said of hosts: asked for again after `fresh_s`, or at once if there was no address.

    While the resolver says nothing (`is_blind`), what it said last goes on.
    """

    def __init__(self, resolve: Resolve, clock: Clock, fresh_s: float) -> None:
        self._resolve = resolve
        self._clock = clock
        self._fresh_s = fresh_s
        self.is_blind = False
        self._known: dict[str, tuple[Instant, Collection[str]]] = {}

    def last(self, host: str) -> Collection[str]:
        """The addresses that were said last, as far as any were."""
        return self._known[host][1] if host in self._known else ()

    async def of(self, host: str) -> Collection[str] | None:
        """The addresses that were said last; None: nothing was ever said."""
        asked_at, known = self._known.get(host, (0.0, None))
        if known and self._clock.now() < asked_at + self._fresh_s:
            return known
        found = await self._resolve(host)
        self.is_blind = found is None
        if found is None:
            return known
        self._known[host] = (self._clock.now(), found)
        return found


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

    Addresses to be ignored are left out, and so are names of which our resolver does not say anything.
    """
    definition = loaded.definition
    settings = definition.watch or WatchSettings()
    ways = Ways(definition, host.vias)
    upstream = {ways.to(each.address, each.port) for each in definition.primaries}
    found: dict[ServerPlace | str, NamedServer] = {}
    for name, known in named_servers(loaded.zone, definition.name):
        if name == NOBODY:
            continue
        addresses = known or find_here(name, zones) or await resolve(name)
        if addresses is None:
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


def _configured(definition: ZoneDefinition, settings: WatchSettings) -> Iterator[ServerPlace]:
    """Those whom the file names by address."""
    notify = definition.transfer.notify if definition.transfer is not None else None
    yield from (ServerPlace(each.address, each.port) for each in notify or ())
    yield from (ServerPlace(each.address, each.port) for each in definition.primaries)
    yield from settings.servers


def find_here(host: str, zones: Mapping[Name, LoadedZone]) -> tuple[str, ...]:
    """The addresses of a host in another zone that is served here."""
    try:
        labels = Name.parse(host).labels
    except NameSyntaxError:
        return ()
    for cut in range(1, len(labels)):
        zone = zones.get(Name(labels[cut:]))
        if zone is not None:
            return tuple(host_addresses(zone.zone, host))
    return ()
