"""What secondaries see: a version for each change of an answer, and never a serial twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from understudy.engine import Engine
from understudy.service.candidate import read_candidate
from understudy.service.name_server import NameServer
from understudy.service.parts import Parts
from understudy.service.reports.zone_report import report_zones
from understudy.store.versions import VersionsKept
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.builders import endpoint, name
from understudy.testing.fake_network import Behaviour
from understudy.testing.memory_store import MemoryStore
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Restart
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.steered import PLACEHOLDER

ORIGIN = name("example.com")
"""The zone of these tests; its file has serial 7."""
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster {serial} 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {{file: example.com.zone{transfer}}}
checks:
  web: {{tcp: 80, interval: 5s, fall: 1, rise: 1}}
records:
  www.example.com: {{check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {{delay: 10s}}}}
"""
HANDED_ON = ", transfer: {to: [192.0.2.0/24], merge: 1s}"


SILENT = CONFIGURATION.replace("failback:", "on_all_down: {on_all_down}, failback:")


def live(
    folder: Path,
    life: Callable[[ServerWorld], Awaitable[None]],
    transfer: str = HANDED_ON,
    *,
    configuration: str = CONFIGURATION,
    more: str = "",
) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        text = configuration.format(transfer=transfer)
        await world.start({"understudy.yaml": text, "example.com.zone": ZONE.format(serial=7) + more})
        await world.advance(60)
        await life(world)
        await world.end()

    run_virtual(main)


def serial(world: ServerWorld) -> int | None:
    """What secondaries see, which is what the SOA says."""
    found = world.server.versions.serial_of(ORIGIN)
    ((_, answered, _),) = world.server.engine.zones()
    assert found in {None, answered}
    assert report_zones(world.server)[0].serial == answered
    return found


def behave(world: ServerWorld, address: str, conduct: str) -> None:
    world.behave(endpoint(address), Behaviour.parse(conduct), check="web")


async def fail(world: ServerWorld, *addresses: str) -> None:
    """They refuse from the first minute on, and everybody has heard of it when 80 s have passed."""
    for address in addresses:
        behave(world, address, "refuses")
    await world.advance(80)


def told(world: ServerWorld) -> list[str]:
    return [line for line in world.log.getvalue().splitlines() if "secondaries get serial" in line]


def test_a_zone_that_is_handed_on_to_nobody_keeps_the_serial_of_its_file(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        assert serial(world) is None
        assert world.server.engine.zones() == [("example.com.", 7, world.server.engine.zones()[0][2])]

    live(tmp_path, life, transfer="")


def test_each_decision_that_changes_an_answer_is_a_version(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert serial(world) == 8  # later than the file's, because records are laid over it
        await fail(world, "192.0.2.10")
        assert serial(world) == 9
        behave(world, "192.0.2.10", "up")
        await world.advance(120)
        assert serial(world) == 10
        assert len(told(world)) == 3

    live(tmp_path, life)


def test_a_version_has_what_is_answered_with_the_record_s_own_ttl(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        kept = await world.server.store.versions(ORIGIN)
        assert [(each.before, each.serial) for each in kept] == [(None, 8), (8, 9)]
        assert bytes((198, 51, 100, 10)) in kept[-1].difference
        assert bytes((192, 0, 2, 10)) in kept[-1].difference

    live(tmp_path, life)


def test_an_unchanged_zone_has_its_serial_and_its_history_after_a_restart(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        assert serial(world) == 9
        for is_kill, instant_s in ((False, 100), (True, 130)):
            await world.restart(Restart(is_kill=is_kill, pause_s=1.0))
            await world.advance(instant_s)
            assert serial(world) == 9
        assert "as before" in told(world)[-1]
        behave(world, "192.0.2.10", "up")
        await world.advance(200)
        kept = await world.server.store.versions(ORIGIN)
        assert [(each.before, each.serial) for each in kept] == [(None, 8), (8, 9), (9, 10)]

    live(tmp_path, life)


def test_a_zone_that_changed_while_nobody_served_it_gets_the_next_serial(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert serial(world) == 8
        await world.end()
        (tmp_path / "example.com.zone").write_text(ZONE.format(serial=7) + "new IN A 192.0.2.1\n")
        await world._open()
        await world.advance(100)
        assert serial(world) == 9

    live(tmp_path, life)


NEW = "new IN A 192.0.2.1\n"


async def change_while_down(world: ServerWorld, folder: Path, text: str) -> tuple[int | None, list[int | None]]:
    """The file is another one at the next start: the serial then, and what each kept version came from."""
    await world.end()
    (folder / "example.com.zone").write_text(text)
    await world._open()
    await world.clock.sleep(20)
    found = serial(world)
    return found, [each.before for each in await world.server.store.versions(ORIGIN)]


@pytest.mark.parametrize(("file_serial", "expected"), [(7, 10), (20, 21)])
def test_what_changed_while_nobody_served_it_is_a_difference(tmp_path: Path, file_serial: int, expected: int) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        found = await change_while_down(world, tmp_path, ZONE.format(serial=file_serial) + NEW)
        assert found == (expected, [None, 8, 9])
        (last,) = (await world.server.store.versions(ORIGIN))[-1:]
        assert len(last.difference) < 300
        assert bytes((192, 0, 2, 1)) in last.difference
        assert ixfr(world, 8) == [expected, 8, expected, expected]
        found = await change_while_down(world, tmp_path, ZONE.format(serial=file_serial))
        assert found == (expected + 1, [None, 8, 9, expected])

    live(tmp_path, life)


def test_from_a_backup_serials_go_on_behind_those_that_are_lost(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        world.disk.versions, world.disk.lost = VersionsKept.DOUBTFUL, 5
        await world.clock.sleep(86400)
        found = await change_while_down(world, tmp_path, ZONE.format(serial=7))
        assert found == (9 + 5 + 1, [None])

    live(tmp_path, life)


def ixfr(world: ServerWorld, held: int) -> list[int]:
    """The serials of all SOA records of the answer to somebody who has this version."""
    query = dns.message.make_query(ORIGIN.absolute, "IXFR")
    query.authority.append(dns.rrset.from_text(ORIGIN.absolute, 0, "IN", "SOA", f". . {held} 0 0 0 0"))
    wire = world.server.engine.answer(query.to_wire(), "192.0.2.77", transport="tcp")
    assert wire is not None
    answer = dns.message.from_wire(wire, xfr=True, one_rr_per_rrset=True).answer
    return [int(each[0].serial) for each in answer if each.rdtype == dns.rdatatype.SOA]


@pytest.mark.parametrize("damage", ["", "@ SOA", ZONE.format(serial=8), ZONE.format(serial=6)])
def test_without_what_the_history_begins_with_it_begins_anew(tmp_path: Path, damage: str) -> None:
    async def life(world: ServerWorld) -> None:
        (base,) = (tmp_path / "state" / "handed-on").iterdir()
        if damage:
            base.write_text(damage)
        else:
            base.unlink()
        assert await change_while_down(world, tmp_path, ZONE.format(serial=7) + NEW) == (9, [None])
        assert await change_while_down(world, tmp_path, ZONE.format(serial=7)) == (10, [None, 9])

    live(tmp_path, life)


def test_a_zone_that_is_handed_on_no_more_leaves_nothing_behind(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert len(list((tmp_path / "state" / "handed-on").iterdir())) == 1
        assert await world.reload(CONFIGURATION.format(transfer="")) == ""
        await world.advance(80)
        assert list((tmp_path / "state" / "handed-on").iterdir()) == []

    live(tmp_path, life)


def test_versions_that_never_reached_the_disk_are_skipped_by_the_next_start(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        world.disk.is_full = True
        await fail(world, "192.0.2.10")
        assert serial(world) == 9
        assert "versions/store" in await world.alarms()
        await world._stop()
        world.disk.is_open = world.disk.is_full = False
        await world._open()
        await world.advance(110)
        found = serial(world)
        assert found is not None
        assert 800 < found < 1200  # ten a second, since the one that is known
        first = (await world.server.store.versions(ORIGIN))[0]
        assert first.before is None, "the answered serial never goes back to the last one that is known"
        assert first.serial > 800
        assert "versions/store" not in await world.alarms()

    live(tmp_path, life)


def test_a_file_s_higher_serial_counts(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        (tmp_path / "example.com.zone").write_text(ZONE.format(serial=2026112200))
        assert await world.reload(CONFIGURATION.format(transfer=HANDED_ON)) == ""
        await world.advance(70)
        assert serial(world) == 2026112201
        (tmp_path / "example.com.zone").write_text(ZONE.format(serial=5))
        assert await world.reload(CONFIGURATION.format(transfer=HANDED_ON)) == ""
        await world.advance(80)
        assert serial(world) == 2026112201  # nothing else changed, and serials do not go back

    live(tmp_path, life)


def test_a_burst_makes_one_version_at_once_and_one_at_its_end(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        versions = world.server.versions
        for step in range(5):
            text = ZONE.format(serial=7) + f"new IN A 192.0.2.{step}\n"
            (tmp_path / "example.com.zone").write_text(text)
            assert await world.reload(CONFIGURATION.format(transfer=HANDED_ON)) == ""
            await world.advance(60 + 0.1 * step)
        assert versions.serial_of(ORIGIN) == 9
        await world.advance(61.5)
        assert versions.serial_of(ORIGIN) == 10

    live(tmp_path, life)


def test_a_zone_that_is_handed_on_no_more_says_so_and_goes_on_when_it_is_again(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert serial(world) == 8
        assert await world.reload(CONFIGURATION.format(transfer="")) == ""
        await world.advance(70)
        assert serial(world) is None
        assert await world.reload(CONFIGURATION.format(transfer=HANDED_ON)) == ""
        await world.advance(80)
        assert serial(world) == 8

    live(tmp_path, life)


def transferred(world: ServerWorld) -> dict[tuple[str, str], set[str]]:
    """What a secondary gets: (owner, type) -> rdata."""
    query = dns.message.make_query("example.com", "AXFR")
    wire = world.server.engine.answer(query.to_wire(), "192.0.2.53", transport="tcp")
    assert wire is not None
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    found: dict[tuple[str, str], set[str]] = {}
    for rrset in message.answer:
        key = (rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype))
        found.setdefault(key, set()).update(rdata.to_text() for rdata in rrset)
    return found


WWW = "www.example.com."


@pytest.mark.parametrize("on_all_down", ["nodata", "servfail"])
def test_a_name_that_answers_nothing_exists_at_secondaries(tmp_path: Path, on_all_down: str) -> None:
    async def life(world: ServerWorld) -> None:
        assert transferred(world)[WWW, "A"] == {"192.0.2.10"}
        assert (WWW, "TXT") not in transferred(world)
        await fail(world, "192.0.2.10", "198.51.100.10")
        found = transferred(world)
        assert {rtype for owner, rtype in found if owner == WWW} == {"TXT"}
        assert found[WWW, "TXT"] == {f'"{PLACEHOLDER}"'}
        behave(world, "198.51.100.10", "up")
        await world.advance(120)
        found = transferred(world)
        assert {rtype for owner, rtype in found if owner == WWW} == {"A"}

    live(tmp_path, life, configuration=SILENT.replace("{on_all_down}", on_all_down))


def test_what_stands_at_the_name_is_left_alone_and_enough(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert transferred(world)[WWW, "TXT"] == {'"ours"'}
        await fail(world, "192.0.2.10", "198.51.100.10")
        found = transferred(world)
        assert {rtype: found[WWW, rtype] for owner, rtype in found if owner == WWW} == {"TXT": {'"ours"'}}

    configuration = SILENT.replace("{on_all_down}", "nodata")
    live(tmp_path, life, configuration=configuration, more='www IN TXT "ours"\n')


def test_a_record_that_goes_while_it_answers_nothing_leaves_nothing(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10", "198.51.100.10")
        assert (WWW, "TXT") in transferred(world)
        text = CONFIGURATION.format(transfer=HANDED_ON).partition("checks:")[0]
        assert await world.reload(text) == ""
        await world.advance(90)
        assert WWW not in {owner for owner, _ in transferred(world)}

    live(tmp_path, life, configuration=SILENT.replace("{on_all_down}", "nodata"))


async def begun(world: ServerWorld) -> int:
    """The serial that is answered when a server begins to answer, before its tasks have run."""
    await world._stop()
    world.disk.is_open = world.disk.is_full = False
    candidate = read_candidate(world.folder / "understudy.yaml", world.clock.now())
    store = MemoryStore(world.disk)
    parts = Parts(world.clock, Engine([]), store, make_log(LogLevel.ERROR, LogStyle.JSON), world.network.probe)
    server = NameServer(candidate, parts)
    server.begin()
    ((_, answered, _),) = server.engine.zones()
    store.close()
    await world._open()
    return answered


def test_a_start_answers_the_serial_that_secondaries_have_from_the_first_moment(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert (serial(world), await begun(world)) == (8, 8)
        (tmp_path / "example.com.zone").write_text(ZONE.format(serial=7) + "new IN A 192.0.2.1\n")
        assert await begun(world) == 8
        await world.advance(100)
        assert serial(world) == 9

    live(tmp_path, life)


def test_a_start_that_does_not_know_the_last_serial_answers_none_that_is_earlier(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        world.disk.is_full = True
        await fail(world, "192.0.2.10")
        assert serial(world) == 9
        assert 800 < await begun(world) < 1200

    live(tmp_path, life)


def test_a_zone_that_was_never_handed_on_begins_with_its_own_serial(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert await begun(world) == 7

    live(tmp_path, life, transfer="")


def test_a_zone_that_goes_and_comes_back_is_answered_with_the_serial_that_it_had(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        await fail(world, "192.0.2.10")
        assert serial(world) == 9
        loaded = world.server.zones[ORIGIN]
        assert world.server.versions.first_serial(loaded) == 9
        assert await world.reload("listen: 127.0.0.1:0\n") == ""
        await world.advance(90)
        assert world.server.versions.first_serial(loaded) == 9

    live(tmp_path, life)
