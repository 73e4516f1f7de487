"""Catalogs (RFC 9432) of the zones that are handed on: a version for each zone that comes or goes, for secondaries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from understudy.config.load import examine_text
from understudy.testing.builders import name
from understudy.testing.memory_store import MemoryDisk
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Restart
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.catalog import member_label
from understudy.zones.serial import is_later

CATALOG = name("catalog.example")
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
HANDED_ON = "transfer: {to: [127.0.0.1], merge: 1s}"
HEAD = f"""\
listen: 127.0.0.1:0
zones:
  catalog.example: {{source: catalog, transfer: {{to: [127.0.0.1], notify: [192.0.2.53], merge: 1s}}}}
  a.example: {{file: zone, {HANDED_ON}}}
  alone.example: {{file: zone}}
"""


def live(folder: Path, life: Callable[[ServerWorld], Awaitable[None]], configuration: str = HEAD) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        await world.start({"understudy.yaml": configuration, "zone": ZONE})
        await world.advance(10)
        await life(world)
        await world.end()

    run_virtual(main)


def answer(world: ServerWorld, owner: str, rtype: str, client: str = "127.0.0.1") -> dns.message.Message:
    query = dns.message.make_query(owner, rtype)
    wire = world.server.engine.answer(query.to_wire(), client, transport="tcp")
    return dns.message.from_wire(wire or b"")


def members(world: ServerWorld) -> dict[str, str]:
    """What a secondary gets: member -> label, and the group as a suffix of its own."""
    found: dict[str, str] = {}
    for rrset in answer(world, "catalog.example", "AXFR").answer:
        labels = rrset.name.to_text().split(".")
        if rrset.rdtype == dns.rdatatype.PTR:
            found |= {rdata.to_text(): labels[0] for rdata in rrset}
        if rrset.rdtype == dns.rdatatype.TXT and labels[0] == "group":
            found[f"group {rrset[0]}"] = labels[1]
    return found


def serial(world: ServerWorld) -> int:
    found = world.server.versions.serial_of(CATALOG)
    assert found is not None
    assert answer(world, "catalog.example", "SOA", "192.0.2.99").answer[0][0].serial == found
    return found


def test_the_zones_that_are_handed_on_are_listed(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert members(world) == {"a.example.": member_label(name("a.example"))}
        version = [
            rrset for rrset in answer(world, "catalog.example", "AXFR").answer if rrset.name.labels[0] == b"version"
        ]
        assert [rrset.to_text() for rrset in version] == ['version.catalog.example. 0 IN TXT "2"']

    live(tmp_path, life)


def test_whoever_asks_sees_the_serial_and_no_member(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        owner = f"{member_label(name('a.example'))}.zones.catalog.example"
        assert answer(world, owner, "PTR").rcode() == dns.rcode.NXDOMAIN
        assert answer(world, "version.catalog.example", "TXT").rcode() == dns.rcode.NXDOMAIN
        assert answer(world, "catalog.example", "AXFR", "192.0.2.99").rcode() == dns.rcode.REFUSED

    live(tmp_path, life)


def test_secondaries_hear_of_a_new_zone_before_the_catalog_lists_it(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        heard: list[str] = []
        world.server.versions.on_version = lambda loaded, _transfer, _serial: heard.append(str(loaded.definition.name))
        assert await world.reload(f"{HEAD}  b.example: {{file: zone, {HANDED_ON}}}\n") == ""
        await world.advance(20)
        assert heard == ["b.example", "catalog.example"]

    live(tmp_path, life)


def test_a_zone_that_comes_or_goes_makes_one_version(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        first = serial(world)
        more = f"{HEAD}  b.example: {{file: zone, transfer: {{to: [127.0.0.1], group: gold}}}}\n"
        assert await world.reload(more) == ""
        await world.advance(20)
        assert serial(world) == first + 1
        label = member_label(name("b.example"))
        before = {"a.example.": member_label(name("a.example"))}
        assert members(world) == before | {"b.example.": label, 'group "gold"': label}
        assert await world.reload(more.replace("192.0.2.53", "192.0.2.54")) == ""
        await world.advance(30)
        assert serial(world) == first + 1
        assert await world.reload(HEAD) == ""
        await world.advance(40)
        assert serial(world) == first + 2
        assert members(world) == before

    live(tmp_path, life)


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        before = serial(world), members(world)
        await world.restart(Restart(is_kill=True, pause_s=1.0))
        await world.advance(30)
        assert (serial(world), members(world)) == before

    live(tmp_path, life)


def test_a_host_that_knows_nothing_begins_a_catalog_later_than_any_that_was_there(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        assert await world.reload(f"{HEAD}  b.example: {{file: zone, {HANDED_ON}}}\n") == ""
        await world.advance(20)
        before = serial(world)
        await world.end()
        world.disk = MemoryDisk()
        await world._open()
        await world.clock.sleep(10)
        assert is_later(serial(world), before)

    live(tmp_path, life)


def test_a_zone_may_be_listed_by_some_catalogs_or_none(tmp_path: Path) -> None:
    other = HEAD.replace("  a.example", "  other.example: {source: catalog, transfer: {to: [127.0.0.1]}}\n  a.example")
    there = HANDED_ON.replace("merge: 1s", "catalogs: [other.example]")
    nowhere = HANDED_ON.replace("merge: 1s", "catalogs: []")
    other += f"  b.example: {{file: zone, {there}}}\n  c.example: {{file: zone, {nowhere}}}\n"

    async def life(world: ServerWorld) -> None:
        assert set(members(world)) == {"a.example."}
        listed = answer(world, "other.example", "AXFR").answer
        assert {rrset[0].to_text() for rrset in listed if rrset.rdtype == dns.rdatatype.PTR} == {
            "a.example.",
            "b.example.",
        }

    live(tmp_path, life, other)


def test_a_zone_that_is_given_to_another_catalog_is_said_to_be_so_by_those_before(tmp_path: Path) -> None:
    """RFC 9432 4.3.1."""
    other = HEAD.replace("  a.example", "  other.example: {source: catalog, transfer: {to: [127.0.0.1]}}\n  a.example")
    steps = ["catalogs: [catalog.example]", "catalogs: [catalog.example], given_to: other.example"]
    steps += ["given_to: other.example", "catalogs: [other.example]"]
    label = member_label(name("a.example"))
    listed, given = (f"{label}.zones", "a.example."), (f"coo.{label}.zones", "other.example.")
    seen: list[tuple[set[tuple[str, str]], set[tuple[str, str]]]] = []

    async def life(world: ServerWorld) -> None:
        for number, step in enumerate(steps):
            assert await world.reload(other.replace("merge: 1s}}\n  alone", f"{step}}}}}\n  alone")) == ""
            await world.advance(20 * number + 20)
            seen.append((pointers(world, "catalog.example"), pointers(world, "other.example")))

    live(tmp_path, life, other)
    assert seen == [({listed}, set()), ({listed, given}, set()), ({listed, given}, {listed}), (set(), {listed})]


def pointers(world: ServerWorld, catalog: str) -> set[tuple[str, str]]:
    """(owner below the catalog, name) of each PTR record."""
    rrsets = [each for each in answer(world, catalog, "AXFR").answer if each.rdtype == dns.rdatatype.PTR]
    return {(str(each.name).removesuffix(f".{catalog}."), rdata.to_text()) for each in rrsets for rdata in each}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("source: catalog, transfer", "source: catalog, file: zone, transfer"), "zone.source"),
        (("source: catalog, transfer", "source: catalog, primaries: [192.0.2.1], transfer"), "zone.source"),
        (
            ("{source: catalog, transfer: {to: [127.0.0.1], notify: [192.0.2.53], merge: 1s}}", "{source: catalog}"),
            "key.missing",
        ),
        ((HANDED_ON, HANDED_ON.replace("merge: 1s", "catalogs: [a.example]")), "reference.unknown"),
        ((HANDED_ON, HANDED_ON.replace("merge: 1s", "catalogs: [..]")), "name.bad"),
        ((HANDED_ON, HANDED_ON.replace("merge: 1s", "given_to: ..")), "name.bad"),
        ((HANDED_ON, HANDED_ON.replace("merge: 1s", "group: ä")), "value.group"),
        ((", notify: [192.0.2.53]", ""), "catalog.notify"),
        (
            (
                "alone.example: {file: zone}\n",
                "alone.example: {file: zone}\nrecords: {x.catalog.example: {tiers: [[192.0.2.1]]}}\n",
            ),
            "record.in-catalog",
        ),
    ],
)
def test_what_is_wrong_with_a_catalog_is_told(tmp_path: Path, change: tuple[str, str], code: str) -> None:
    (tmp_path / "zone").write_text(ZONE)
    assert change[0] in HEAD
    examined = examine_text(HEAD.replace(*change), tmp_path / "u.yaml")
    assert [problem.code for problem in (*examined.errors, *examined.warnings)][:1] == [code]


def test_a_zone_that_was_added_while_the_server_was_down_is_a_difference_of_the_catalog(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        before = members(world)
        await world.end()
        (tmp_path / "understudy.yaml").write_text(HEAD + f"  b.example: {{file: zone, {HANDED_ON}}}\n")
        await world._open()
        await world.clock.sleep(10)
        assert members(world).keys() - before.keys() == {"b.example."}
        kept = await world.server.store.versions(CATALOG)
        assert [each.before is None for each in kept] == [True, False]
        assert len(kept[-1].difference) < 400

    live(tmp_path, life)
