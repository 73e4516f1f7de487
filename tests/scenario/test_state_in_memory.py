"""A state folder that cannot be used at the start and can be later (semantics 5.5): nobody has to do anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.store.backlog import Pace
from understudy.store.sqlite_store import open_any_store
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Command, Expected, Restart
from understudy.testing.virtual_time import VirtualClock, run_virtual

FILES = {
    "understudy.yaml": (
        "listen: 127.0.0.1:5300\n"
        "zones: {example.com: {file: example.com.zone}}\n"
        "checks: {web: {tcp: 80, interval: 5s}}\n"
        "records: {www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}}\n"
    ),
    "example.com.zone": "$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n",
}
HASTY = Pace(linger_s=0.001, observed_every_s=0.001, return_every_s=0.0)


class InTheWay:
    """A file where the state folder should be."""

    def __init__(self, world: ServerWorld) -> None:
        self.world = world
        self.folder = world.folder / "state"
        self.folder.write_text("in the way")
        world.open_store = lambda: open_any_store(self.folder, world.clock, pace=HASTY)

    async def go(self) -> None:
        """And the tables that are saved every two seconds come by."""
        self.folder.unlink()
        await self.world.advance(self.world.clock.now() - self.world.clock.start + 3.0)
        await self.world.server.store.flush()
        await self.world.advance(self.world.clock.now() - self.world.clock.start + 3.0)

    async def answer(self) -> str:
        return str(await self.world.ask(Ask("www.example.com", "A", "192.0.2.200", Expected())))


@pytest.mark.parametrize("is_mended_at", ["while it runs", "before it ends"])
def test_what_was_drained_while_there_was_no_folder_is_drained_after_a_restart(
    tmp_path: Path, is_mended_at: str
) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, tmp_path)
        obstacle = InTheWay(world)
        await world.start(FILES)
        await world.advance(10)
        assert "192.0.2.10" in await obstacle.answer()
        await world.command(Command("drain", "192.0.2.10", reason="new kernel"))
        assert "198.51.100.10" in await obstacle.answer()
        assert "store/volatile" in await world.alarms()
        if is_mended_at == "while it runs":
            await obstacle.go()
            assert "store/volatile" not in await world.alarms()
        else:
            obstacle.folder.unlink()
        await world.restart(Restart(60))
        assert "198.51.100.10" in await obstacle.answer()
        assert "store/volatile" not in await world.alarms()
        texts = [event.text for event in await world.server.store.events()]
        assert any("new kernel" in text for text in texts)
        assert any("can be written again" in text for text in texts) == (is_mended_at == "while it runs")
        await world.end()

    run_virtual(main)
