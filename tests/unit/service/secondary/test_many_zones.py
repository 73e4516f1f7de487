"""Many zones from other servers at once: all are answered first, and then saved; whoever is dead holds up no copy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import pytest

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.fetched import FetchedZone
from understudy.testing.fetching import SILENT, FakePrimaries, FetchingServer
from understudy.testing.virtual_time import VirtualClock, run_virtual

COUNT = 120
ORIGINS = [Name.parse(f"zone{number}.example") for number in range(COUNT)]
CONFIGURATION = "listen: 127.0.0.1:5300\nzones:\n" + "".join(
    f"  {origin}: {{source: transfer, primaries: [192.0.2.1]}}\n" for origin in ORIGINS
)


class ManyZones(FakePrimaries):
    """A primary of them all that notes how many copies there are whenever a zone has come."""

    def __init__(self, folder: Path, dead: Collection[Name] = ()) -> None:
        super().__init__()
        self.copies = folder / "state" / "zones"
        self.saved: list[int] = []
        self._dead = frozenset(dead)

    async def fetch(self, origin: Name, _contact: Contact, _held: Zone | None) -> Zone | None:
        await asyncio.sleep(4.0 if origin in self._dead else self.pause_s)
        if origin in self._dead:
            raise TransferError(str(SILENT), code=SILENT.code)
        self.saved.append(self.count_copies())
        return Zone.parse(
            origin.absolute, b"@ 60 SOA ns hostmaster 1 1000 100 10000 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
        )

    def count_copies(self) -> int:
        return len(list(self.copies.glob("*.zone"))) if self.copies.is_dir() else 0


def tell(folder: Path, primary: ManyZones, story: Callable[[FetchingServer], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        run = FetchingServer(clock, folder, primary)
        await run.start(CONFIGURATION)
        await story(run)
        await run.end()

    run_virtual(main)


def test_no_zone_waits_for_the_disk_while_others_have_not_come(tmp_path: Path) -> None:
    primary = ManyZones(tmp_path)
    primary.pause_s = 0.2

    async def story(run: FetchingServer) -> None:
        await asyncio.sleep(1)
        assert len(run.world.server.zones) == COUNT
        assert max(primary.saved[: COUNT - 20]) == 0
        await asyncio.sleep(4)
        assert primary.count_copies() == COUNT

    tell(tmp_path, primary, story)


def test_a_copy_is_saved_soon_though_other_zones_wait_for_a_dead_primary(tmp_path: Path) -> None:
    primary = ManyZones(tmp_path, dead=ORIGINS[10:])

    async def story(run: FetchingServer) -> None:
        await asyncio.sleep(5)  # of the 24 that the dead ones take
        assert len(run.world.server.zones) == 10
        assert primary.count_copies() == 10

    tell(tmp_path, primary, story)


def test_copies_of_an_earlier_run_are_cared_for_though_some_are_damaged(tmp_path: Path) -> None:
    first = ManyZones(tmp_path)

    async def story(_run: FetchingServer) -> None:
        await asyncio.sleep(5)
        for origin in ORIGINS[:2]:
            (first.copies / f"{origin}.zone").write_text("no zone")

    tell(tmp_path, first, story)
    second = ManyZones(tmp_path)

    async def later(run: FetchingServer) -> None:
        assert len(run.world.server.fetched) == len(run.world.server.zones) == COUNT
        assert len(second.saved) == 2
        assert run.world.log.getvalue().count("cannot be used") == 2

    tell(tmp_path, second, later)


def test_zones_that_are_not_due_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    heed = FetchedZone.heed

    def count(care: FetchedZone, now: float) -> None:
        nonlocal looks
        looks += 1
        heed(care, now)

    async def story(run: FetchingServer) -> None:
        await asyncio.sleep(20)
        assert len(run.world.server.zones) == COUNT
        monkeypatch.setattr(FetchedZone, "heed", count)
        await asyncio.sleep(500)
        assert looks == 0
        await asyncio.sleep(1000)
        assert looks < 8 * COUNT

    tell(tmp_path, ManyZones(tmp_path), story)


def test_a_zone_expires_in_time_while_it_waits_for_primaries_that_stall(tmp_path: Path) -> None:
    primary = ManyZones(tmp_path)

    async def story(run: FetchingServer) -> None:
        await asyncio.sleep(20)
        primary.pause_s = 1e6
        primary.have(Zone.parse("example.com.", b"@ 60 SOA ns hostmaster 2 1000 100 10000 60\n@ 60 NS ns\n"))
        await asyncio.sleep(9970)
        assert len(run.world.server.zones) == COUNT
        await asyncio.sleep(20)
        assert not run.world.server.zones

    tell(tmp_path, primary, story)
