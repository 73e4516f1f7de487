"""Zone files that this host cannot read for a moment, though nothing is wrong with them."""

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

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


def test_what_a_host_without_memory_refuses_is_told_once_with_the_latest_numbers_in_status(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = count(1)

    def fail(*_: object) -> object:
        raise OSError(errno.ENOMEM, f"the zone needs at least {next(tries)} MiB more memory, and can have 0 MiB")

    async def life(world: ServerWorld) -> None:
        file, configuration = world.folder / "example.com.zone", world.folder / "understudy.yaml"
        watching = asyncio.create_task(watch_files(world.server))
        monkeypatch.setattr("understudy.service.reload.load_zone", fail)
        monkeypatch.setattr("understudy.service.zone_table.load_zone", fail)
        file.write_text(file.read_text().replace("hostmaster 7", "hostmaster 8"))
        await pass_s(world, 10)
        assert f"{next(tries) - 1} MiB more" in world.server.zones[ORIGIN].problem
        assert len(refusals(world)) == 1
        configuration.write_text(configuration.read_text() + "\n")
        await pass_s(world, 10)
        assert f"{next(tries) - 1} MiB more" in world.server.alarms.text("configuration")
        assert len(reload_refusals(world)) == 1
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    live(life)


def reload_refusals(world: ServerWorld) -> list[str]:
    events = [event.text for event in world.disk.content.events if event.kind == "configuration"]
    return [text for text in events if "refused" in text]


@pytest.mark.parametrize("file", ["understudy.yaml", "key.secret"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES], ids=errno.errorcode.get)
def test_a_configuration_that_this_host_could_not_read_is_read_when_it_can(
    live: Callable[..., None], monkeypatch: pytest.MonkeyPatch, file: str, number: int
) -> None:
    """Nobody will change the file again; what a change of it ends is not asked again and again."""
    opened: Callable[..., object] = Path.open
    tries: list[Path] = []

    def fail(path: Path, *words: object, **others: object) -> object:
        if path.name != file:
            return opened(path, *words, **others)
        tries.append(path)
        raise OSError(number, os.strerror(number))

    async def life(world: ServerWorld) -> None:
        watching = asyncio.create_task(watch_files(world.server))
        (world.folder / "key.secret").write_text("c2VjcmV0IHNlY3JldCBzZWNyZXQ=\n")
        configuration = world.folder / "understudy.yaml"
        configuration.write_text(configuration.read_text() + "keys: {k: {secret_file: key.secret}}\n")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", fail)
            await pass_s(world, 10)
            assert os.strerror(number) in world.server.alarms.text("configuration")
            assert len(reload_refusals(world)) == 1
            assert (len(tries) > 5) == (number == errno.EMFILE)
        await pass_s(world, 3)
        assert bool(world.server.candidate.configuration.keys) == (number == errno.EMFILE)
        assert bool(world.server.alarms.text("configuration")) == (number != errno.EMFILE)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    live(life)
