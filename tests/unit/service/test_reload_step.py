"""A reload publishes what it changes, and nothing else of the zones that it changes it in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import dns.message
import dns.rdatatype
import pytest

from understudy.model.name import Name
from understudy.service import reload as reload_module
from understudy.testing.builders import EXAMPLE, endpoint
from understudy.testing.fake_network import Behaviour
from understudy.testing.fetching import FakePrimaries, FetchingServer, fetch_virtually, version
from understudy.testing.server_world import ServerWorld, write_settled
from understudy.testing.story import Ask, Expected
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.steered import PLACEHOLDER

HEAD = "listen: 127.0.0.1:0\nzones:\n  example.com: {file: example.com.zone, transfer: {to: [192.0.2.0/24]}}\n"
RECORDS = "records:\n  www.example.com: {tiers: [[192.0.2.10]]}\n  api.example.com: {tiers: [[192.0.2.20]], ttl: 60}\n"
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\nwww IN TXT beneath\n"
WWW, API = "www.example.com", "api.example.com"


def live(folder: Path, life: Callable[[ServerWorld], Awaitable[None]], *, more: str = "") -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        world.is_lenient = True
        write_settled(folder / "example.com.zone", ZONE + more)
        await world.start({"understudy.yaml": HEAD + RECORDS})
        await pass_s(world, 1)
        await life(world)
        await world.end()

    run_virtual(main)


async def pass_s(world: ServerWorld, duration_s: float) -> None:
    await world.advance(world.clock.now() - world.clock.start + duration_s)


async def answered(world: ServerWorld, name: str) -> str:
    await pass_s(world, 1)
    return str(await world.ask(Ask(name, "A", "192.0.2.200", Expected())))


def handed_on(world: ServerWorld, name: str) -> set[str]:
    """What secondaries have there."""
    query = dns.message.make_query("example.com", "AXFR")
    wire = world.server.engine.answer(query.to_wire(), "192.0.2.53", transport="tcp")
    assert wire is not None
    found = [each for each in dns.message.from_wire(wire).answer if str(each.name) == f"{name}."]
    return {f"{each.ttl} {dns.rdatatype.to_text(each.rdtype)} {it}" for each in found for it in each}


@pytest.fixture
def only_changes(monkeypatch: pytest.MonkeyPatch) -> Callable[[ServerWorld], None]:
    """From now on no zone of a server may be published whole, nor be looked through for its secondaries."""

    def forbid(world: ServerWorld) -> None:
        def expect_none(zones: Iterable[Name], **_ahead: object) -> None:
            assert not list(zones), "published whole"

        monkeypatch.setattr(world.server.decider.publisher, "publish_zones", expect_none)
        monkeypatch.setattr(world.server.versions, "note_whole", expect_none)

    return forbid


def test_records_that_change_come_and_go_cost_no_whole_zone(
    tmp_path: Path, only_changes: Callable[[ServerWorld], None]
) -> None:
    async def life(world: ServerWorld) -> None:
        only_changes(world)
        assert await world.reload(HEAD + RECORDS.replace("192.0.2.20", "192.0.2.21")) == ""
        assert await answered(world, API) == "192.0.2.21 ttl 60"
        assert handed_on(world, API) == {"60 A 192.0.2.21"}
        assert await world.reload(HEAD + RECORDS + "  new.example.com: {tiers: [[192.0.2.30]]}\n") == ""
        assert await answered(world, "new.example.com") == "192.0.2.30 ttl 30"
        assert handed_on(world, "new.example.com") == {"30 A 192.0.2.30"}
        assert await world.reload(HEAD + RECORDS.partition("  api")[0]) == ""
        assert await answered(world, API) == await answered(world, "new.example.com") == "NXDOMAIN"
        assert handed_on(world, API) == handed_on(world, "new.example.com") == set()
        assert await answered(world, WWW) == "192.0.2.10 ttl 30"
        assert len(await world.server.store.versions(next(iter(world.server.zones)))) == 4

    live(tmp_path, life)


def test_another_ttl_alone_is_answered_and_handed_on(
    tmp_path: Path, only_changes: Callable[[ServerWorld], None]
) -> None:
    async def life(world: ServerWorld) -> None:
        only_changes(world)
        assert await world.reload(HEAD + RECORDS.replace("ttl: 60", "ttl: 90")) == ""
        assert await answered(world, API) == "192.0.2.20 ttl 90"
        assert handed_on(world, API) == {"90 A 192.0.2.20"}

    live(tmp_path, life)


def test_a_reload_that_changes_no_record_makes_no_version(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        serials = world.server.serials()
        assert await world.reload(HEAD + RECORDS + "checks: {web: {tcp: 80}}\n") == ""
        await pass_s(world, 5)
        assert world.server.serials() == serials

    live(tmp_path, life)


def test_what_is_beneath_a_record_that_goes_is_answered_and_handed_on(tmp_path: Path) -> None:
    """A start takes what a reload refuses: a record over an address of its zone."""

    async def life(world: ServerWorld) -> None:
        assert await answered(world, WWW) == "192.0.2.10 ttl 30"
        assert handed_on(world, WWW) == {"30 A 192.0.2.10", '3600 TXT "beneath"'}
        assert await world.reload(HEAD + RECORDS.replace(f"  {WWW}: {{tiers: [[192.0.2.10]]}}\n", "")) == ""
        assert await answered(world, WWW) == "192.0.2.99 ttl 3600"
        assert handed_on(world, WWW) == {"3600 A 192.0.2.99", '3600 TXT "beneath"'}

    live(tmp_path, life, more="www IN A 192.0.2.99\n")


def test_a_version_that_comes_while_records_change_has_what_they_became(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1:5300\nzones:\n  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}\n"

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        for serial, address in enumerate(("198.51.100.1", "198.51.100.2"), 2):
            primaries.have(version(serial, f"192.0.2.{serial}"))
            run.notify("192.0.2.1")
            records = f"records: {{www.example.com: {{tiers: [[{address}]]}}}}\n"
            reloading = asyncio.create_task(run.world.reload(text + records))
            await asyncio.sleep(1)
            assert await reloading == ""
            await asyncio.sleep(1)  # the version may have waited for the reload
            assert run.serial == serial
            assert run.address() == f"192.0.2.{serial}"
            assert await answered(run.world, WWW) == f"{address} ttl 30"
        assert await run.world.reload(text) == ""
        assert await answered(run.world, WWW) == "NXDOMAIN"

    fetch_virtually(tmp_path, text, story)


def test_a_record_that_goes_and_comes_back_is_answered_again(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        for _ in range(2):
            assert await world.reload(HEAD + RECORDS.partition("  api")[0]) == ""
            assert await answered(world, API) == "NXDOMAIN"
            assert await world.reload(HEAD + RECORDS) == ""
            assert await answered(world, API) == "192.0.2.20 ttl 60"
            assert handed_on(world, API) == {"60 A 192.0.2.20"}

    live(tmp_path, life)


def test_a_record_that_a_zone_below_takes_over_is_in_the_zone_above_no_more(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        write_settled(world.folder / "api.zone", ZONE.replace("www", "other"))
        both = HEAD + "  api.example.com: {file: api.zone}\n" + RECORDS
        for text, expected in ((both, set()), (HEAD + RECORDS, {"60 A 192.0.2.20"})):
            assert await world.reload(text) == ""
            assert await answered(world, API) == "192.0.2.20 ttl 60"
            assert handed_on(world, API) == expected

    live(tmp_path, life)


def test_a_zone_that_expires_while_a_reload_looks_ahead_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "listen: 127.0.0.1:5300\nzones:\n  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}\n"

    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        server, log = run.world.server, reload_module._log
        await asyncio.sleep(1)
        assert EXAMPLE in server.zones

        async def expire(*given: Any, **named: Any) -> str:
            server.decider.publisher.withdraw_zones([EXAMPLE])
            del server.zones[EXAMPLE]
            return await log(*given, **named)

        monkeypatch.setattr(reload_module, "_log", expire)
        for more in ("records: {www.example.com: {tiers: [[198.51.100.1]]}}\n", ""):
            assert await run.world.reload(text + more) == ""
            assert EXAMPLE not in server.zones
            monkeypatch.undo()

    fetch_virtually(tmp_path, text, story)


def test_a_record_that_goes_takes_what_keeps_its_name_alive_with_it(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        world.behave(endpoint("192.0.2.20"), Behaviour.parse("refuses"), check="web")
        check = "checks: {web: {tcp: 80, interval: 1s, fall: 1}}\n"
        silent = "  api.example.com: {tiers: [[192.0.2.20]], check: web, on_all_down: nodata}\n"
        assert await world.reload(HEAD + check + RECORDS.partition("  api")[0] + silent) == ""
        await pass_s(world, 5)
        assert handed_on(world, API) == {f'30 TXT "{PLACEHOLDER}"'}
        assert await world.reload(HEAD + RECORDS.partition("  api")[0]) == ""
        await pass_s(world, 1)
        assert handed_on(world, API) == set()

    live(tmp_path, life)
