"""Name servers that are watched, in virtual time: what each shows, how often it is asked, and what is told of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.message

from understudy.model.event import EventKind, Severity
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import ServerPlace
from understudy.service.reload import reload
from understudy.service.reports.zone_views import NamedServerView
from understudy.service.watching.addresses import Unsaid
from understudy.service.watching.server_report import report_name_servers
from understudy.service.watching.watch import Eyes, Watch
from understudy.store.store import EventFilter
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.sighting import Reply, Sample, Sighting

ORIGIN = Name.parse("example.com")
SECOND, OUTSIDE = ServerPlace("192.0.2.54", 53), ServerPlace("198.51.100.53", 53)
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone, WATCH}
records:
  www.example.com: {tiers: [[192.0.2.10]], ttl: 30}
"""
ZONE = """\
$TTL 1h
@       IN SOA  ns1 hostmaster SERIAL 1h 15m 1w 60
        IN NS   ns1
        IN NS   ns2
        IN NS   ns.elsewhere.example.
ns1     IN A    127.0.0.1
ns2     IN A    192.0.2.54
"""
MANY = 100
MANY_ZONES = "listen: 127.0.0.1:0\nzones:\n" + "".join(
    f"  z{number}.example: {{file: example.com.zone, WATCH}}\n" for number in range(MANY)
)
SILENT = Reply(is_heard=False, problem="no answer")


class Servers:
    """What each server shows; those without an entry have serial 7. `asked` counts the looks."""

    def __init__(self, clock: VirtualClock) -> None:
        self.shows: dict[ServerPlace, Sighting] = {}
        self.asked: Counter[ServerPlace] = Counter()
        self.under_way = self.most_under_way = 0
        self.takes_s = 0.0
        self.resolved = 0
        self.resolving_s: dict[str, float] = {}
        self.is_resolver_dead, self.host = False, "ns.elsewhere.example."
        self.glanced_at: list[tuple[ServerPlace, float]] = []
        self.samples: dict[ServerPlace, Sequence[Sample]] = {}
        self._clock = clock

    async def look(self, _origin: Name, place: ServerPlace, samples: Sequence[Sample]) -> Sighting:
        """As `understudy.service.watching.look.look`."""
        self.asked[place] += 1
        self.samples[place] = samples
        await self._take()
        return self.shows.get(place, has(7))

    async def ask_serial(self, _origin: Name, place: ServerPlace) -> Reply:
        """As `understudy.service.watching.look.ask_soa`."""
        self.glanced_at.append((place, self._clock.now()))
        found = self.shows.get(place, has(7)).udp
        await self._take()
        return found

    async def resolve(self, host: str) -> Collection[str] | Unsaid:
        """Knows one host, if it is well."""
        self.resolved += 1
        await asyncio.sleep(self.resolving_s.get(host, 0.0))
        if self.is_resolver_dead:
            return Unsaid(f"our resolver could not answer for {host.rstrip('.')}")
        return (OUTSIDE.address,) if host == self.host else ()

    async def _take(self) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.takes_s)
        self.under_way -= 1


def has(serial: int) -> Sighting:
    """A server that is well and has this serial."""
    return Sighting(Reply(is_heard=True, serial=serial), Reply(is_heard=True, serial=serial))


@dataclass
class Scene:
    """A server that watches others."""

    world: ServerWorld
    servers: Servers
    watch: Watch

    def state(self, place: ServerPlace = SECOND, origin: Name = ORIGIN) -> str:
        """How a server stands."""
        found = self.world.server.watched[origin]
        return next(watched.state for named, watched in found.items() if named.place == place)

    @property
    def alarms(self) -> dict[str, str]:
        """Those in force, by their key."""
        return {each.key: each.text for each in self.world.server.alarms.active}

    async def told(self) -> list[tuple[Severity, str]]:
        """The history of the servers."""
        events = await self.world.server.store.events(EventFilter(kinds=frozenset({EventKind.ZONE})))
        return [(each.severity, each.text) for each in events if "ns" in each.text or "198.51" in each.text]

    async def acknowledge(self, serial: int, place: ServerPlace = SECOND, origin: Name = ORIGIN) -> None:
        """A version is made, and the server says that it has heard of it."""
        (self.world.folder / "example.com.zone").write_text(ZONE.replace("SERIAL", str(serial)))
        await reload(self.world.server, "operator")
        self.hear(serial, place, origin)

    def hear(self, serial: int, place: ServerPlace = SECOND, origin: Name = ORIGIN) -> None:
        """The server says that it has heard of this version."""
        self.world.server.notifier.on_acknowledged(origin, NotifyTarget(place.address, place.port), serial)

    def fetch(self, kind: str = "AXFR", client: str = SECOND.address) -> None:
        """A server asks for the zone, and has been sent it."""
        query = dns.message.make_query(ORIGIN.absolute, kind)
        self.world.server.engine.answer(query.to_wire(), client, transport="tcp")
        self.watch.heed_visits()

    def serial(self) -> int:
        """What is answered here."""
        return self.world.server.serials()[ORIGIN]

    def view(self, place: ServerPlace = SECOND) -> NamedServerView:
        """What `status` says of a server."""
        views = report_name_servers(self.world.server, ORIGIN, None)
        return next(view for view in views if view.server == str(place))

    async def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.clock.sleep(seconds)


def play(
    folder: Path, story: Callable[[Scene], Awaitable[None]], *, configuration: str = "", zone: str = "watch: true"
) -> None:
    """Tell the story of a server that has watched others for a while; WATCH in the text is what a zone says of it."""

    async def main(clock: VirtualClock) -> None:
        world, servers = ServerWorld(clock, folder), Servers(clock)
        text = (configuration or CONFIGURATION).replace("WATCH", zone)
        await world.start({"understudy.yaml": text, "example.com.zone": ZONE.replace("SERIAL", "7")})
        eyes = Eyes(servers.look, servers.resolve, servers.ask_serial, chance=lambda: 0.5)
        watch = Watch(world.server, eyes)
        task = asyncio.ensure_future(watch.run())
        await clock.sleep(20.5)
        await story(Scene(world, servers, watch))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await world.end()

    run_virtual(main)
