"""A primary with catalogs (RFC 9432) and any zone that is asked for, for a server that follows them in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.service.secondary.contact import Contact
from understudy.testing.fetching import FakePrimaries, FetchingServer
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.secondary import Offer

CATALOG, OTHER = Name.parse("catalog.example"), Name.parse("another.example")
"""The two that are there, the first with a.example and b.example, the other with c.example; refreshed after 10 s."""

_VERSION = 'version TXT "2"\n'


def catalog(serial: int, labels: Mapping[str, str], more: str = _VERSION, *, origin: Name = CATALOG) -> Zone:
    """A version with these members and their labels; `more` is in it as well."""
    lines = "".join(f"{label}.zones PTR {member}.\n" for member, label in labels.items())
    head = f"$TTL 0\n@ SOA invalid. invalid. {serial} 10 5 1000 0\n@ NS invalid.\n"
    return Zone.parse(origin.absolute, (head + more + lines).encode())


def properties(*lines: str) -> str:
    """What a version has more: `group.1.zones TXT x`, `coo.1.zones PTR other.`."""
    return _VERSION + "".join(f"{line}\n" for line in lines)


def member(origin: Name, serial: int = 1) -> Zone:
    """A version of a member, with the serial in the address of `host`; refreshed after 100 s."""
    soa = f"@ 60 SOA ns hostmaster {serial} 100 10 1000 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
    return Zone.parse(origin.absolute, f"{soa}host 60 A 192.0.2.{serial}\n".encode())


class CatalogPrimary(FakePrimaries):
    """`serial` is that of every member. `served` says what was fetched by whom had what; `most`: so many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogs: dict[Name, Zone | TransferError] = {}
        self.catalog = catalog(1, {"a.example": "1", "b.example": "2"})
        self.catalogs[OTHER] = catalog(1, {"c.example": "3"}, origin=OTHER)
        self.serial = 1
        self.served: list[str] = []
        self.running = self.most = 0
        self.silence: TransferError | None = None

    @property
    def catalog(self) -> Zone | TransferError:
        """The first one."""
        return self.catalogs[CATALOG]

    @catalog.setter
    def catalog(self, found: Zone | TransferError) -> None:
        self.catalogs[CATALOG] = found

    def _find(self, origin: Name) -> Zone:
        found = self.silence or self.catalogs.get(origin) or member(origin, self.serial)
        if isinstance(found, TransferError):
            raise found
        return found

    async def ask_offer(self, origin: Name, contact: Contact) -> Offer:
        """As a primary answers it."""
        self.asked += 1
        return Offer(contact.primary, self._find(origin).serial)

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        """As a primary gives it."""
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.pause_s)
        self.running -= 1
        self.served.append(f"{origin} {held.serial if held is not None else None}")
        self.fetched.append((contact.primary, held.serial if held is not None else None))
        return self._find(origin)


Story: TypeAlias = Callable[[FetchingServer, CatalogPrimary], Awaitable[None]]


def tell(folder: Path, story: Story, configuration: str) -> None:
    """A server that has had two seconds to fetch, and what happens then."""

    async def main(clock: VirtualClock) -> None:
        primary = CatalogPrimary()
        server = FetchingServer(clock, folder, primary)
        await server.start(configuration)
        await asyncio.sleep(2)
        await story(server, primary)
        await server.end()

    run_virtual(main)


def served(run: FetchingServer) -> set[str]:
    """The zones that are answered, but for the first catalog."""
    return {origin for origin, _, _ in run.world.server.engine.zones()} - {CATALOG.absolute}


def events(run: FetchingServer) -> str:
    """What the log says of catalogs."""
    return "".join(line for line in run.world.log.getvalue().splitlines() if "catalog" in line)
