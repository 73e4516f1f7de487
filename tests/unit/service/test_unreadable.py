"""Zone files that this host cannot read for a moment, though nothing is wrong with them."""

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress

import pytest

from understudy.model.name import Name
from understudy.service.reload import watch_files
from understudy.testing.server_world import ServerWorld

ORIGIN = Name.parse("example.com")


async def pass_s(world: ServerWorld, duration_s: float) -> None:
    await world.advance(world.clock.now() - world.clock.start + duration_s)


def refusals(world: ServerWorld) -> list[str]:
    events = [event.text for event in world.disk.content.events if event.kind == "zone"]
    return [text for text in events if "is not used" in text]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO], ids=errno.errorcode.get)
def test_a_zone_that_this_host_could_not_read_is_read_when_it_can(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Its file is as it should be, so nobody will change it again."""

    def fail(*_: object) -> object:
        raise OSError(number, os.strerror(number))

    async def life(world: ServerWorld) -> None:
        file, zones = world.folder / "example.com.zone", world.server.zones
        watching = asyncio.create_task(watch_files(world.server))
        with monkeypatch.context() as patch:
            patch.setattr("understudy.service.reload.load_zone", fail)
            file.write_text(file.read_text().replace("hostmaster 7", "hostmaster 8"))
            await pass_s(world, 10)
            assert os.strerror(number) in zones[ORIGIN].problem
            assert await world.alarms() == ["zone/example.com"]
            assert len(refusals(world)) == 1
        await pass_s(world, 3)
        assert zones[ORIGIN].zone.serial == 8
        assert await world.alarms() == []
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    live(life)
