"""A zone fetched over a link that loses a fifth of what it carries, delays the rest at will, and is cut for an hour."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from understudy.engine import Zone
from understudy.model.name import Name
from understudy.service.secondary.contact import Contact
from understudy.testing.fetching import BROKEN, SILENT, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.secondary import Offer

T = TypeVar("T")

CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}
"""
LOSS = 0.2
DELAY_MAX_S = 3.0  # answers overtake each other
SILENCE_S = 4.0  # two attempts of two seconds
CHANGE_S = 60.0  # at most between two changes
HOUR_S = 3600.0
LAG_MAX_S = 400.0  # refresh is 100 s and retry 10 s: a dozen questions in vain, one after the other
BACK_S = 200.0  # retry is 10 s


class LossyPrimaries(FakePrimaries):
    """Two primaries behind the link; `is_cut`: nothing comes through."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.is_cut = False
        self._chance = chance

    def change(self, serial: int) -> None:
        """Both have a version whose address tells its serial."""
        self.have(version(serial, f"10.0.{serial // 256}.{serial % 256}"))

    async def ask_offer(self, origin: Name, contact: Contact) -> Offer:
        """Two datagrams there and back."""
        lost = self.is_cut or all(self._chance.random() > (1 - LOSS) ** 2 for _ in range(2))
        return await self._carried(super().ask_offer(origin, contact), SILENT if lost else None)

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        """A connection that ends before its time, one in five."""
        lost = SILENT if self.is_cut else BROKEN if self._chance.random() < LOSS else None
        return await self._carried(super().fetch(origin, contact, held), lost)

    async def _carried(self, answer: Awaitable[T], lost: Exception | None) -> T:
        found = await answer  # what it was when it was asked, whenever that arrives
        await asyncio.sleep(SILENCE_S if lost is not None else self._chance.uniform(0, DELAY_MAX_S))
        if lost is not None or self.is_cut:
            raise lost or SILENT
        return found


class Link:
    """The story's one server with its primaries, which change all the time."""

    def __init__(self, run: FetchingServer, primaries: LossyPrimaries, chance: random.Random) -> None:
        self.run, self.primaries = run, primaries
        self._chance = chance
        self.newest = 1
        self._changed_at = {1: 0.0}

    async def live(self, for_s: float, *, may_expire: bool = False) -> None:
        """Change now and then, and look every second at what is answered."""
        loop = asyncio.get_running_loop()
        end, next_change = loop.time() + for_s, 0.0
        while loop.time() < end:
            if loop.time() >= next_change:
                self.newest += 1
                self._changed_at[self.newest] = loop.time()
                self.primaries.change(self.newest)
                next_change = loop.time() + self._chance.uniform(0, CHANGE_S)
            await asyncio.sleep(1.0)
            self._look(loop.time(), may_expire=may_expire)

    def _look(self, now: float, *, may_expire: bool) -> None:
        answered = self.run.address()
        if may_expire:
            return
        _, _, high, low = answered.split(".")
        serial = 256 * int(high) + int(low)
        assert serial == self.run.serial, "a version is answered whole"
        following = self._changed_at.get(serial + 1, now)
        assert now - following < LAG_MAX_S, f"serial {serial} is answered, {self.newest} was made long ago"


Story = Callable[[Link], Awaitable[None]]


@pytest.fixture(params=range(2))
def tell(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Story], None]:
    def run(story: Story) -> None:
        async def main(clock: VirtualClock) -> None:
            chance = random.Random(request.param)
            primaries = LossyPrimaries(chance)
            primaries.change(1)
            server = FetchingServer(clock, tmp_path, primaries)
            await server.start(CONFIGURATION)
            await asyncio.sleep(BACK_S)
            await story(Link(server, primaries, chance))
            await server.end()

        run_virtual(main)

    return run


def test_a_copy_follows_over_a_lossy_link(tell: Callable[[Story], None]) -> None:
    async def story(link: Link) -> None:
        await link.live(2 * HOUR_S)
        await asyncio.sleep(LAG_MAX_S)
        assert link.run.serial == link.newest

    tell(story)


def test_a_copy_expires_while_the_link_is_cut_and_is_back_soon_after(tell: Callable[[Story], None]) -> None:
    async def story(link: Link) -> None:
        await link.live(HOUR_S / 4)
        link.primaries.is_cut = True
        await link.live(HOUR_S, may_expire=True)
        assert link.run.address() == "SERVFAIL", "no primary has been heard for longer than SOA expire"
        asked = link.primaries.asked
        link.primaries.is_cut = False
        await asyncio.sleep(BACK_S)
        assert link.primaries.asked > asked
        assert link.run.serial == link.newest
        await link.live(HOUR_S / 4)

    tell(story)
