"""Another configuration, other zone files, and files that come and go, while serving."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from understudy.model.errors import ConfigError, EngineError
from understudy.service.reload import propose, reload, reload_quietly, watch_files
from understudy.service.supervise import Supervisor
from understudy.testing.builders import endpoint
from understudy.testing.builders import name as dns_name
from understudy.testing.ports import free_port
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Command, Expected

Live = Callable[..., None]


async def answer(world: ServerWorld, name: str = "www.example.com", rtype: str = "A") -> str:
    await world.advance(world.clock.now() - world.clock.start)
    found = await world.ask(Ask(name, rtype, "192.0.2.200", Expected()))
    return str(replace(found, rdatas=tuple(sorted(found.rdatas))))  # they take turns


def save(world: ServerWorld, *changes: tuple[str, str], file: str = "understudy.yaml") -> None:
    path = world.folder / file
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def events(world: ServerWorld, kind: str) -> list[str]:
    return [event.text for event in world.disk.content.events if event.kind == kind]


def test_a_removed_record_answers_from_the_zone_again_or_does_not_exist(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        text = (world.folder / "understudy.yaml").read_text()
        assert await world.reload(text[: text.index("  api.example.com")]) == ""
        assert await answer(world, "api.example.com") == "NXDOMAIN"
        assert await answer(world) == "192.0.2.10, 192.0.2.11 ttl 30"
        save(world, ("plain ", "plain IN A 192.0.2.1\napi "), file="example.com.zone")
        assert await world.reload(text[: text.index("  api.example.com")]) == ""
        assert await answer(world, "api.example.com") == "192.0.2.1 ttl 3600"
        assert await world.reload(text) == "config"  # the zone has the name now
        assert await answer(world, "api.example.com") == "192.0.2.1 ttl 3600"

    live(life)


def test_the_alarms_of_a_removed_record_end_with_it(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        for address in ("192.0.2.10", "192.0.2.11", "198.51.100.10"):
            world.network.set(endpoint(address), "refuses")
        await world.advance(120)
        assert set(await world.alarms()) >= {"record/www.example.com/A", "record/api.example.com/A"}
        text = (world.folder / "understudy.yaml").read_text()
        assert await world.reload(text[: text.index("  api.example.com")]) == ""
        assert "record/api.example.com/A" not in await world.alarms()
        assert "record/www.example.com/A" in await world.alarms()

    live(life)


def test_zones_come_and_go_and_a_record_moves_between_them(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        sub = (world.folder / "example.com.zone").read_text().replace("plain", "other")
        (world.folder / "sub.zone").write_text(sub)
        save(
            world,
            ("zones:\n", "zones:\n  sub.example.com: {file: sub.zone}\n"),
            ("  api.example.com:", "  api.sub.example.com:"),
        )
        proposal = await propose(world.server)
        assert {str(change).split(":")[0] for change in proposal.plan.changes} == {
            "+ zone sub.example.com", "- record api.example.com", "+ record api.sub.example.com",
        }  # fmt: skip
        await reload(world.server, "test")
        assert await answer(world, "other.sub.example.com") == "192.0.2.1 ttl 3600"
        assert await answer(world, "api.sub.example.com") == "192.0.2.10, 192.0.2.11 ttl 30"
        assert await answer(world, "api.example.com") == "NXDOMAIN"
        save(world, ("  sub.example.com: {file: sub.zone}\n", ""))
        await reload(world.server, "test")  # the record is one of example.com now
        assert await answer(world, "api.sub.example.com") == "192.0.2.10, 192.0.2.11 ttl 30"
        assert await answer(world, "other.sub.example.com") == "NXDOMAIN"
        assert [origin for origin, _, _ in world.server.engine.zones()] == ["example.com."]

    live(life)


def test_a_renamed_zone_takes_the_place_of_the_one_before(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        save(world, ("example.com:", "example.net:"))
        await reload(world.server, "test")
        assert await answer(world, "www.example.net") == "192.0.2.10, 192.0.2.11 ttl 30"
        assert await answer(world) == "REFUSED"

    live(life)


def test_a_pool_that_two_records_share_changes_for_both_and_keeps_verdicts(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        since = {str(key.endpoint): health.since for key, health in world.server.pipeline.healths.items()}
        save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11, 192.0.2.12]"))
        await reload(world.server, "test")
        await world.advance(90)
        for name in ("www.example.com", "api.example.com"):
            assert await answer(world, name) == "192.0.2.11, 192.0.2.12 ttl 30"
        healths = {str(key.endpoint): health.since for key, health in world.server.pipeline.healths.items()}
        assert healths.keys() == {"192.0.2.11", "192.0.2.12", "198.51.100.10"}
        assert healths["192.0.2.11"] == since["192.0.2.11"]

    live(life)


def test_a_reload_while_frozen_keeps_the_answer_but_for_what_is_gone(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        assert await world.command(Command("freeze")) == ""
        save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11, 192.0.2.12]"))
        await reload(world.server, "test")
        await world.advance(120)
        assert (await answer(world)).startswith("192.0.2.11 ttl")
        assert await world.command(Command("release")) == ""
        assert await answer(world) == "192.0.2.11, 192.0.2.12 ttl 30"

    live(life)


@pytest.mark.parametrize(
    "change",
    [
        ("tiers: [near, far]", "tiers: [near, fra]"),
        ("tcp: 80", "tcp: 99999"),
        ("example.com.zone", "missing.zone"),
        ("www.example.com:", "plain.example.com:"),  # the zone has an address there
        ("www.example.com:", "www.example.org:"),  # in no zone
        ("listen:", "\tlisten:"),
    ],
)
def test_what_is_wrong_anywhere_changes_nothing_and_says_so(live: Live, change: tuple[str, str]) -> None:
    async def life(world: ServerWorld) -> None:
        before = world.server.pipeline.configuration
        save(world, change)
        with pytest.raises(ConfigError):
            await propose(world.server)
        with pytest.raises(ConfigError):
            await reload(world.server, "test")
        assert world.server.pipeline.configuration is before
        assert "configuration" in await world.alarms()
        assert events(world, "configuration")[-1].startswith("reload refused, nothing has changed: ")
        assert await answer(world) == "192.0.2.10, 192.0.2.11 ttl 30"
        save(world, change[::-1])
        await reload(world.server, "test")
        assert "configuration" not in await world.alarms()

    live(life)


def test_the_same_text_is_logged_once_and_another_with_its_plan(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        generation = world.server.store.desired.generation
        await reload(world.server, "test")
        assert world.server.store.desired.generation == generation
        save(world, ("interval: 5s", "interval: 6s"))
        await reload(world.server, "ada")
        entry = world.disk.content.entries[-1]
        assert (entry.generation, entry.author) == (generation + 1, "ada")
        assert "~ check web: interval 5s -> 6s" in str(entry.body["plan"])

    live(life)


async def watching(world: ServerWorld) -> tuple[asyncio.Event, asyncio.Task[None]]:
    """Watch the files as `run` does; set the event to end it."""
    leave = asyncio.Event()

    async def watch() -> None:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, world.clock, world.server.note_fault)
            supervisor.side(partial(watch_files, world.server), "watch files")
            await leave.wait()
            supervisor.end()

    return leave, asyncio.create_task(watch())


def watched(live: Live, life: Callable[[ServerWorld], Awaitable[None]]) -> None:
    async def whole(world: ServerWorld) -> None:
        leave, task = await watching(world)
        await life(world)
        leave.set()
        await task

    live(whole)


async def pass_s(world: ServerWorld, duration_s: float) -> None:
    await world.advance(world.clock.now() - world.clock.start + duration_s)


def test_a_saved_file_is_in_force_within_moments(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"))
        await pass_s(world, 2)
        assert await answer(world) == "192.0.2.11 ttl 30"

    watched(live, life)


def test_a_bad_file_is_refused_once_and_read_again_when_it_changes(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        save(world, ("tiers: [near, far]", "teirs: [near, far]"))
        await pass_s(world, 60)
        assert sum("reload refused" in text for text in events(world, "configuration")) == 1
        save(world, ("teirs: [near, far]", "tiers: [far]"))
        await pass_s(world, 2)
        assert await answer(world) == "198.51.100.10 ttl 30"

    watched(live, life)


def test_a_file_that_vanishes_changes_nothing_until_it_returns(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        file = world.folder / "understudy.yaml"
        text = file.read_text()
        file.unlink()
        await pass_s(world, 5)
        assert await answer(world) == "192.0.2.10, 192.0.2.11 ttl 30"
        assert "configuration" in await world.alarms()
        file.write_text(text.replace("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"))
        await pass_s(world, 2)
        assert await answer(world) == "192.0.2.11 ttl 30"
        assert await world.alarms() == []

    watched(live, life)


def test_a_zone_that_vanishes_or_breaks_keeps_its_last_good_version(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        file = world.folder / "example.com.zone"
        text = file.read_text()
        for broken in ("garbage\n", text + "www IN A 192.0.2.9\n", None):
            file.unlink() if broken is None else file.write_text(broken)
            await pass_s(world, 3)
            assert await answer(world, "plain.example.com") == "192.0.2.1 ttl 3600"
            assert "zone/example.com" in await world.alarms()
        refusals = [text for text in events(world, "zone") if "is not used" in text]
        assert len(refusals) == 3
        assert "www.example.com" in refusals[1]
        file.write_text(text.replace("192.0.2.1\n", "192.0.2.2\n").replace("hostmaster 7", "hostmaster 8"))
        await pass_s(world, 3)
        assert await answer(world, "plain.example.com") == "192.0.2.2 ttl 3600"
        assert await world.alarms() == []
        assert events(world, "zone")[-1] == "serial 7 → 8, 4 records"

    watched(live, life)


def test_a_new_zone_that_is_mended_lets_the_waiting_configuration_in(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        zone = (world.folder / "example.com.zone").read_text()
        (world.folder / "new.zone").write_text("garbage\n")
        save(world, ("zones:\n", "zones:\n  example.net: {file: new.zone}\n"))
        await pass_s(world, 3)
        assert await answer(world, "plain.example.net") == "REFUSED"
        (world.folder / "new.zone").write_text(zone)
        await pass_s(world, 3)
        assert await answer(world, "plain.example.net") == "192.0.2.1 ttl 3600"

    watched(live, life)


def test_a_fault_in_watching_is_an_alarm_and_watching_goes_on(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async def life(world: ServerWorld) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr("understudy.service.reload.read_candidate", fail)
            save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"))
            await pass_s(world, 10)
            assert "task/watch files" in await world.alarms()
        await pass_s(world, 60)
        assert await answer(world) == "192.0.2.11 ttl 30"
        await pass_s(world, 200)
        assert await world.alarms() == []

    watched(live, life)


def test_reloads_at_the_same_time_follow_one_another(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"))
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(reload_quietly(world.server, f"SIGHUP {number}"))
        assert await answer(world) == "192.0.2.11 ttl 30"
        assert world.server.zones.keys() == {dns_name("example.com")}

    live(life)


def test_a_zone_that_is_broken_at_the_start_is_missed_until_it_is_mended(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        text = (world.folder / "understudy.yaml").read_text()
        text = text.replace("zones:\n", "zones:\n  example.net: {file: new.zone}\n")
        text += "  www.example.net: {check: web, tiers: [near]}\n"
        zone = (world.folder / "example.com.zone").read_text()
        await world.end()
        world.is_lenient = True
        await world.start({"understudy.yaml": text, "new.zone": "garbage\n"})
        assert set(await world.alarms()) == {"zone/example.net", "configuration"}
        for address in ("192.0.2.10", "192.0.2.11"):
            world.network.set(endpoint(address), "refuses")
        await pass_s(world, 60)
        assert await answer(world) == "198.51.100.10 ttl 30"
        leave, task = await watching(world)
        (world.folder / "new.zone").write_text(zone)
        await pass_s(world, 5)
        assert (await answer(world, "www.example.net")).startswith("192.0.2.10, 192.0.2.11")
        assert set(await world.alarms()) == {"record/www.example.net/A"}
        leave.set()
        await task

    live(life)


def test_addresses_are_opened_and_closed_and_one_that_is_taken_refuses_the_whole_reload(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        first, second = free_port(), free_port()
        save(world, ("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{first}"))
        await reload(world.server, "test")
        assert world.server.engine.addresses == [f"127.0.0.1:{first}"]
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", second))
            save(
                world,
                (f"listen: 127.0.0.1:{first}", f"listen: [127.0.0.1:{first}, 127.0.0.1:{second}]"),
                ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"),
            )
            with pytest.raises(EngineError) as caught:
                await reload(world.server, "test")
            assert "another program listens there" in caught.value.hint
            assert world.server.engine.addresses == [f"127.0.0.1:{first}"]
            assert await answer(world) == "192.0.2.10, 192.0.2.11 ttl 30"
        await reload(world.server, "test")
        assert sorted(world.server.engine.addresses) == sorted([f"127.0.0.1:{first}", f"127.0.0.1:{second}"])
        assert await answer(world) == "192.0.2.11 ttl 30"

    live(life)


def test_a_full_disk_refuses_no_reload_and_is_an_alarm_while_it_lasts(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        world.disk.is_full = True
        save(world, ("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.11]"))
        done = await reload(world.server, "test")
        assert "in force but not on disk" in done.warning
        assert await answer(world) == "192.0.2.11 ttl 30"
        assert "store" in await world.alarms()
        world.disk.is_full = False
        await world.advance(70)
        assert "store" not in await world.alarms()

    live(life)


def test_a_start_on_a_full_disk_serves(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        await world.end()
        world.disk.content.entries.clear()
        world.disk.is_full = True
        await world.start({})
        assert await answer(world) == "192.0.2.10, 192.0.2.11 ttl 30"
        assert "store" in await world.alarms()
        world.disk.is_full = False

    live(life)
