"""Faults while versions are made for secondaries: none is told of twice with other content, none holds others up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from understudy.engine import Engine
from understudy.model.name import Name
from understudy.model.transfer import TransferOut
from understudy.service.zone_table import LoadedZone
from understudy.testing.builders import endpoint, name
from understudy.testing.fake_network import Behaviour
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

FIRST, SECOND = name("example.com"), name("example.org")
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: a.zone, transfer: {to: [192.0.2.0/24], merge: 1s}}
  example.org: {file: b.zone, transfer: {to: [192.0.2.0/24], merge: 1s}}
checks:
  web: {tcp: 80, interval: 5s, fall: 1, rise: 1}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {delay: 10s}}
  www.example.org: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {delay: 10s}}
"""


def live(folder: Path, life: Callable[[ServerWorld], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        await world.start({"understudy.yaml": CONFIGURATION, "a.zone": ZONE, "b.zone": ZONE})
        await world.advance(60)
        await life(world)
        await world.end()

    run_virtual(main)


async def fail_over(world: ServerWorld, *, at_s: float) -> None:
    world.behave(endpoint("192.0.2.10"), Behaviour.parse("refuses"), check="web")
    await world.advance(at_s)


async def serials(world: ServerWorld, origin: Name) -> list[int]:
    return [version.serial for version in await world.server.store.versions(origin)]


@pytest.mark.parametrize("faults", [1, 1000])
def test_a_fault_behind_a_version_makes_it_once_and_is_over_whether_or_not_it_comes_back(
    tmp_path: Path, faults: int
) -> None:
    async def life(world: ServerWorld) -> None:
        announced: list[tuple[Name, int]] = []
        left = [faults]

        def announce(loaded: LoadedZone, _transfer: TransferOut, serial: int) -> None:
            if loaded.definition.name == FIRST and left[0]:
                left[0] -= 1
                raise RuntimeError("planted")
            announced.append((loaded.definition.name, serial))

        world.server.versions.on_version = announce
        await fail_over(world, at_s=400)
        assert await serials(world, FIRST) == [8, 9]
        assert (world.server.versions.serial_of(FIRST), world.server.versions.serial_of(SECOND)) == (9, 9)
        assert announced == ([(SECOND, 9), (FIRST, 9)] if faults == 1 else [(SECOND, 9)])
        begun_anew = [line for line in world.log.getvalue().splitlines() if "versions failed" in line]
        assert sum('"kind": "service"' in line for line in begun_anew) == min(faults, 2)
        assert world.log.getvalue().count("a fault came behind serial 9") == 1
        left[0] = 0
        world.behave(endpoint("192.0.2.10"), Behaviour.parse("up"), check="web")
        await world.advance(600)
        assert await serials(world, FIRST) == [8, 9, 10]
        assert announced[-1] in {(FIRST, 10), (SECOND, 10)}

    live(tmp_path, life)


class Refusing:
    """The engine, which takes no version of the first zone."""

    def __init__(self, served: Engine) -> None:
        self._served = served

    def __getattr__(self, word: str) -> object:
        return getattr(self._served, word)

    def prepare(self, origin: str, *words: object, **more: object) -> object:
        if origin == FIRST.absolute:
            raise ValueError("planted")
        return Engine.prepare(self._served, origin, *words, **more)  # type: ignore[arg-type]  # handed through


async def fail_over_refused(world: ServerWorld, *, at_s: float) -> None:
    """The engine takes nothing of the first zone until then."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.server.versions, "_engine", Refusing(world.server.engine))
        await fail_over(world, at_s=at_s)


def test_a_version_that_the_engine_does_not_take_is_an_alarm_and_keeps_no_other_zone_back(
    tmp_path: Path,
) -> None:
    async def life(world: ServerWorld) -> None:
        await fail_over_refused(world, at_s=90)
        assert (world.server.versions.serial_of(FIRST), world.server.versions.serial_of(SECOND)) == (8, 9)
        assert "begun anew" not in world.log.getvalue()
        assert f"versions/{FIRST}" in await world.alarms()
        world.server.versions.note_whole((FIRST,))
        await world.advance(120)
        assert world.server.versions.serial_of(FIRST) == 9
        assert f"versions/{FIRST}" not in await world.alarms()

    live(tmp_path, life)


def test_what_a_version_that_is_not_taken_was_to_change_comes_with_the_next_change_of_anything(
    tmp_path: Path,
) -> None:
    async def life(world: ServerWorld) -> None:
        await fail_over_refused(world, at_s=90)
        world.server.versions.note(FIRST, [name("none.example.com")])  # where nothing was and nothing is
        await world.advance(120)
        assert world.server.versions.serial_of(FIRST) == 9
        assert f"versions/{FIRST}" not in await world.alarms()

    live(tmp_path, life)


def test_the_alarm_of_a_version_that_is_not_taken_ends_when_secondaries_have_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life(world: ServerWorld) -> None:
        served, alarm = world.server.engine, f"versions/{FIRST}"
        monkeypatch.setattr(world.server.versions, "_engine", Refusing(served))
        await fail_over(world, at_s=90)
        assert alarm in await world.alarms()
        world.behave(endpoint("192.0.2.10"), Behaviour.parse("up"), check="web")
        await world.advance(120)  # it answers again what secondaries have
        monkeypatch.setattr(world.server.versions, "_engine", served)
        world.server.versions.note_whole((FIRST,))
        await world.advance(130)
        assert world.server.versions.serial_of(FIRST) == 8
        assert alarm not in await world.alarms()

    live(tmp_path, life)


def test_the_alarm_of_a_version_that_is_not_taken_ends_when_the_zone_is_handed_on_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life(world: ServerWorld) -> None:
        monkeypatch.setattr(world.server.versions, "_engine", Refusing(world.server.engine))
        await fail_over(world, at_s=90)
        assert f"versions/{FIRST}" in await world.alarms()
        alone = CONFIGURATION.replace("a.zone, transfer: {to: [192.0.2.0/24], merge: 1s}", "a.zone")
        assert await world.reload(alone) == ""
        await world.advance(130)
        assert f"versions/{FIRST}" not in await world.alarms()

    live(tmp_path, life)


def test_versions_that_a_disk_took_later_are_no_alarm_any_more(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        world.disk.is_full = True
        await fail_over(world, at_s=100)
        assert {"store", "versions/store"} <= set(await world.alarms())
        world.disk.is_full = False
        await world.advance(200)
        assert await serials(world, FIRST) == [8, 9], "nothing more has changed"
        assert not {"store", "versions/store"} & set(await world.alarms())

    live(tmp_path, life)
