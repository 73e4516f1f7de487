"""A primary that is slow to give a zone keeps neither the others of that zone waiting, nor other zones (ADR 0043)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.turns import OF_ONE
from understudy.testing.fetching import FIRST, FROM_TWO, ORIGIN, SECOND, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual

FOR_EVER_S = 1e6


class SlowPrimaries(FakePrimaries):
    """Primaries some of which take their time to give a zone; `under_way` counts whom that goes on with."""

    def __init__(self) -> None:
        super().__init__()
        self.slow_s: dict[Primary, float] = {}
        self.under_way: list[Primary] = []

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        found = self.has[contact.primary]
        self.under_way.append(contact.primary)
        try:
            await asyncio.sleep(self.slow_s.get(contact.primary, 0.0))
        finally:
            self.under_way.remove(contact.primary)
        await super().fetch(origin, contact, held)
        assert isinstance(found, Zone)
        return found if origin == ORIGIN else version(found.serial, origin=origin)


Story = Callable[[FetchingServer, SlowPrimaries], Awaitable[None]]


def tell(folder: Path, story: Story, configuration: str = FROM_TWO) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = SlowPrimaries()
        run = FetchingServer(clock, folder, primaries)
        await run.start(configuration)
        await asyncio.sleep(5)
        await story(run, primaries)
        await run.end()
        await asyncio.sleep(0)
        assert not primaries.under_way

    run_virtual(main)


def drip(primaries: SlowPrimaries, serial: int, slow_s: float = FOR_EVER_S) -> None:
    """The first one says that it has this, and gives it slowly."""
    primaries.has[FIRST] = version(serial, "192.0.2.99")
    primaries.slow_s[FIRST] = slow_s


def test_another_primary_is_used_while_one_drips(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 9)
        primaries.has[SECOND] = version(2)
        run.notify("192.0.2.2")
        await asyncio.sleep(9)
        assert run.serial == 1
        await asyncio.sleep(3)
        assert run.serial == 2
        assert primaries.under_way == [FIRST]
        primaries.has[SECOND] = version(3)
        run.notify("192.0.2.2")
        await asyncio.sleep(1.5)  # it is known to be slow
        assert run.serial == 3
        assert primaries.under_way == [FIRST]
        log = run.world.log.getvalue()
        assert "192.0.2.1:53 is slow: a transfer that takes over 10 s goes on beside" in log
        assert log.count("is slow to give one: zones that have other primaries turn to those first") == 1

    tell(tmp_path, story)


def test_a_zone_is_refreshed_and_does_not_expire_while_a_primary_of_it_drips(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 9)
        for _ in range(150):
            await asyncio.sleep(10)
            assert run.address() == "192.0.2.10"
        assert primaries.under_way == [FIRST]
        assert run.world.log.getvalue().count("not refreshed, serial 1 stays: 192.0.2.1:53 is slow") == 1

    tell(tmp_path, story)


def test_what_came_slowly_is_taken_after_all(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 9, 60)
        run.notify("192.0.2.1")
        await asyncio.sleep(55)
        assert run.serial == 1
        await asyncio.sleep(10)
        assert (run.serial, run.address()) == (9, "192.0.2.99")
        assert run.world.server.fetched[ORIGIN].primary == FIRST
        assert not run.world.server.fetched[ORIGIN].problem
        assert "gives transfers again" in run.world.log.getvalue()

    tell(tmp_path, story)


def test_what_came_slowly_is_left_where_another_one_gave_something_newer(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 2, 60)
        run.notify("192.0.2.1")
        await asyncio.sleep(30)
        primaries.has[SECOND] = version(3)
        run.notify("192.0.2.2")
        await asyncio.sleep(5)
        assert run.serial == 3
        await asyncio.sleep(40)
        assert primaries.fetched[-1][0] == FIRST
        assert (run.serial, run.address()) == (3, "192.0.2.10")

    tell(tmp_path, story)


def test_what_comes_of_it_in_the_end_is_told_if_it_is_nothing(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 9, 60)
        primaries.breaks[FIRST] = TransferError("192.0.2.1:53 stalled", code="transfer.stalled")
        run.notify("192.0.2.1")
        await asyncio.sleep(65)
        assert run.serial == 1
        assert "passed over: 192.0.2.1:53 stalled" in run.world.log.getvalue()

    tell(tmp_path, story)


def test_the_only_primary_of_a_zone_is_waited_for(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 9, 60)
        run.notify("192.0.2.1")
        await asyncio.sleep(62)
        assert run.serial == 9
        assert "slow" not in run.world.log.getvalue()

    tell(tmp_path, story, FROM_TWO.replace(", 192.0.2.2", ""))


def test_a_slow_primary_sees_no_more_connections_than_any_other(tmp_path: Path) -> None:
    names = [f"zone{number}.example" for number in range(3 * OF_ONE)]
    zones = "".join(f"  {name}: {{source: transfer, primaries: [192.0.2.1, 192.0.2.2]}}\n" for name in names)

    async def story(run: FetchingServer, primaries: SlowPrimaries) -> None:
        drip(primaries, 2)
        primaries.has[SECOND] = version(2)
        most = 0
        for name in names:
            run.notify("192.0.2.1", name)
        for _ in range(400):
            await asyncio.sleep(0.1)
            most = max(most, len(primaries.under_way))
        assert most == OF_ONE
        assert {run.world.server.zones[Name.parse(name)].zone.serial for name in names} == {2}

    tell(tmp_path, story, f"{FROM_TWO}{zones}")
