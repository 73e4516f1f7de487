"""The file with the secrets of cookies, while serving."""

from __future__ import annotations

from collections.abc import Callable

import dns.edns
import dns.message

from understudy.engine import Engine
from understudy.service.reload import reload_quietly
from understudy.testing.server_world import ServerWorld

Live = Callable[..., None]


def asked_with(engine: Engine, cookie: bytes) -> bytes:
    """The cookie that a client gets which has this one."""
    option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    query = dns.message.make_query("www.example.com.", "A", use_edns=0, options=[option])
    answer = dns.message.from_wire(engine.answer(query.to_wire()) or b"")
    found: list[bytes] = [each.to_wire() for each in answer.options if each.otype == dns.edns.OptionType.COOKIE]
    return found[0]


def is_used(world: ServerWorld, secret: bytes) -> bool:
    """Whether new cookies are made with it: an engine that has no other gives them back, because they are good."""
    cookie = asked_with(world.server.engine, b"12345678")
    return asked_with(Engine([], cookie_secrets=[secret]), cookie) == cookie


async def heed(world: ServerWorld) -> None:
    """What a file's change sets off."""
    assert world.server.candidate.has_changed_files()
    await reload_quietly(world.server, "file change")


def name_the_file(world: ServerWorld) -> None:
    """Have the configuration name the file `secret`."""
    file = world.folder / "understudy.yaml"
    file.write_text(file.read_text().replace("zones:", "server: {cookie_secret_file: secret}\nzones:"))


def test_a_changed_file_is_used_and_a_bad_one_refused(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        assert is_used(world, bytes(16))
        (world.folder / "secret").write_text("01" * 16)
        name_the_file(world)
        await heed(world)
        assert is_used(world, b"\1" * 16)
        (world.folder / "secret").write_text("this is no secret")
        await heed(world)
        assert is_used(world, b"\1" * 16)
        assert "configuration" in await world.alarms()
        (world.folder / "secret").write_text("02" * 16 + "\n" + "01" * 16)
        await heed(world)
        assert is_used(world, b"\2" * 16)
        assert "configuration" not in await world.alarms()

    live(life)


def test_a_file_that_comes_late_is_waited_for(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        name_the_file(world)
        await heed(world)
        assert is_used(world, bytes(16))
        assert "configuration" in await world.alarms()
        (world.folder / "secret").write_text("03" * 16)
        await heed(world)
        assert is_used(world, b"\3" * 16)

    live(life)
