"""Primaries that a test plays, and a server that fetches from them, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, TypeAlias

import dns.message
import dns.opcode
import dns.rcode

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.copies import restore_copies
from understudy.service.secondary.inquiry import Conversation, Gather, Survey
from understudy.service.secondary.secondaries import Secondaries
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Restart
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.secondary import Offer

ORIGIN = Name.parse("example.com")
FIRST, SECOND = Primary("192.0.2.1", 53), Primary("192.0.2.2", 53)
SILENT = TransferError("no answer", code="transfer.unreachable")
BROKEN = TransferError("broke off", code="transfer.unfinished")


def version(serial: int, address: str = "192.0.2.10", more: str = "", *, origin: Name = ORIGIN) -> Zone:
    """A version of the zone: refreshed after 100 s, again after 10 s, expired after 1,000 s."""
    soa = f"@ 60 SOA ns hostmaster {serial} 100 10 1000 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
    return Zone.parse(origin.absolute, f"{soa}host 60 A {address}\n{more}".encode())


class FakePrimaries:
    """What each primary has; an error instead of a version is raised.

    Zones other than ORIGIN have the same serial, and no more than that. `differences` is given to who holds a version,
    in place of the whole. `expires`: for how many seconds a primary says that its version is good. `asked` counts the
    questions, `pause_s` is what a transfer takes, `silence_s` an answer.
    `gather`: whoever has many zones to fetch gets them together; `survey`: likewise what is there of many.
    """

    gather: Gather | None = None
    survey: Survey | None = None

    def __init__(self) -> None:
        self.has: dict[Primary, Zone | TransferError] = {FIRST: version(1), SECOND: version(1)}
        self.differences: dict[Primary, Zone] = {}
        self.expires: dict[Primary, int] = {}
        self.breaks: dict[Primary, TransferError] = {}
        self.fetched: list[tuple[Primary, int | None]] = []
        self.asked = 0
        self.pause_s = 0.0
        self.silence_s: dict[Primary, float] = {}

    def have(self, found: Zone | TransferError) -> None:
        """All of them have the same from now on."""
        self.has = dict.fromkeys(self.has, found)

    async def ask_offer(self, _origin: Name, contact: Contact) -> Offer:
        """As a primary answers it."""
        self.asked += 1
        await asyncio.sleep(self.silence_s.get(contact.primary, 0.0))
        found = self.has[contact.primary]
        if isinstance(found, TransferError):
            raise found
        return Offer(contact.primary, found.serial, self.expires.get(contact.primary))

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        """As a primary gives it."""
        primary = contact.primary
        self.fetched.append((primary, held.serial if held is not None else None))
        if primary in self.breaks:
            raise self.breaks[primary]
        found = self.has[primary]
        if isinstance(found, TransferError):
            await asyncio.sleep(self.silence_s.get(primary, 0.0))
            raise found
        await asyncio.sleep(self.pause_s)
        if origin != ORIGIN:
            return version(found.serial, origin=origin)
        return found if held is None else self.differences.get(primary, found)


class FetchingServer:
    """A server with the primaries of a test, from one start to its end."""

    def __init__(self, clock: VirtualClock, folder: Path, primaries: FakePrimaries) -> None:
        self.world = ServerWorld(clock, folder)
        self.primaries = primaries
        self._secondaries: Secondaries
        self._task: asyncio.Task[None] | None = None

    async def start(self, configuration: str) -> None:
        """From a configuration file."""
        await self.world.start({"understudy.yaml": configuration})
        await self.resume()

    async def restart(self, restart: Restart) -> None:
        """End and start again, with what is on disk."""
        await self._leave()
        await self.world.restart(restart)
        await self.resume()

    async def end(self) -> None:
        """As after SIGTERM."""
        await self._leave()
        await self.world.end()

    def notify(self, client: str, origin: str = "example.com") -> str:
        """Somebody says that a zone has changed; the rcode that he gets."""
        message = dns.message.make_query(origin, "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        wire = self.world.server.engine.answer(message.to_wire(), client)
        self._secondaries.heed_notices()
        return dns.rcode.to_text(dns.message.from_wire(wire or b"").rcode())

    def address(self, name: str = "host.example.com") -> str:
        """The address that is answered, or the rcode."""
        wire = self.world.server.engine.answer(dns.message.make_query(name, "A").to_wire())
        response = dns.message.from_wire(wire or b"")
        found = [rdata.to_text() for rrset in response.answer for rdata in rrset]
        return found[0] if found else dns.rcode.to_text(response.rcode())

    @property
    def serial(self) -> int:
        """That of the version which is answered from, as its primary gave it."""
        return self.world.server.zones[ORIGIN].zone.serial

    async def resume(self) -> None:
        """Begin to fetch, from what is on disk."""
        restore_copies(self.world.server)
        self.world.server.decider.publish_zones(self.world.server.zones)
        primaries = self.primaries
        talk = Conversation(primaries.ask_offer, primaries.fetch, lambda: 0.0, primaries.gather, primaries.survey)
        self._secondaries = Secondaries(self.world.server, talk)
        self._task = asyncio.create_task(self._secondaries.run())
        await asyncio.sleep(0.5)

    async def _leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


Story: TypeAlias = Callable[[FetchingServer, FakePrimaries], Awaitable[None]]

FROM_TWO = """\
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}
"""
"""A server that has its zone from FIRST and SECOND."""


class Tell(Protocol):
    """Tells a story in a folder of its own, as `fetch_virtually`."""

    def __call__(self, story: Story, configuration: str = ..., *, first: int | None = ...) -> None:
        """Nothing but the story has to be given."""


def fetch_virtually(folder: Path, configuration: str, story: Story, *, first: int | None = None) -> None:
    """A story of a server that has begun to fetch; with `first` that serial has come ten seconds ago."""

    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        if first is not None:
            primaries.have(version(first))
        server = FetchingServer(clock, folder, primaries)
        await server.start(configuration)
        if first is not None:
            await server.world.advance(10)
        await story(server, primaries)
        await server.end()

    run_virtual(main)
