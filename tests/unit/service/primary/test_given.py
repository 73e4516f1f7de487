"""What secondaries are given by a reload, and by a record of host names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from understudy.engine import Zone
from understudy.service.reports.export import export_zone
from understudy.testing.builders import endpoint, name
from understudy.testing.fake_network import Behaviour
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

ORIGIN = name("example.com")
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone TRANSFER}
checks:
  web: {tcp: 80, interval: 5s, fall: 1, rise: 1}
records:
  www.example.com: {check: web, weighted: [{address: a.example.net, weight: 1}, {address: b.example.net, weight: 9}]}
"""
HANDED_ON = ", transfer: {to: [192.0.2.0/24], merge: 60s}"


def given(transfer: str) -> str:
    return CONFIGURATION.replace(" TRANSFER", transfer)


def live(folder: Path, life: Callable[[ServerWorld], Awaitable[None]]) -> None:
    """A minute of a server that hands its zone on."""

    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        await world.start({"understudy.yaml": given(HANDED_ON), "example.com.zone": ZONE})
        await world.advance(60)
        await life(world)
        await world.end()

    run_virtual(main)


def asked(world: ServerWorld) -> dns.message.Message:
    """What a secondary gets."""
    query = dns.message.make_query("example.com.", "AXFR").to_wire()
    octets = world.server.engine.answer(query, "192.0.2.54", transport="tcp")
    return dns.message.from_wire(octets or b"", one_rr_per_rrset=True)


async def fail(world: ServerWorld, host: str) -> None:
    """It refuses from now on, and everybody has heard of it when 80 s have passed."""
    world.behave(endpoint(host), Behaviour.parse("refuses"), check="web")
    await world.advance(80)


def test_a_server_that_a_reload_adds_to_those_who_are_told_is_told_of_the_version_that_there_is(tmp_path: Path) -> None:
    async def life(world: ServerWorld) -> None:
        def told() -> dict[str, bool]:
            notices = world.server.notifier.notices
            return {str(target): is_pending for target, _, is_pending in notices.standing(ORIGIN)}

        await world.reload(given(HANDED_ON.replace("merge", "notify: [192.0.2.54], merge")))
        await world.advance(62)
        assert (told(), world.server.versions.serial_of(ORIGIN)) == ({"192.0.2.54:53": True}, 8)
        await world.reload(given(HANDED_ON.replace("merge", "notify: [], merge")))
        await world.advance(64)
        assert (told(), world.server.versions.serial_of(ORIGIN)) == ({}, 8)

    live(tmp_path, life)


@pytest.mark.parametrize("transfer", ["", HANDED_ON.replace("192.0.2.0/24", "198.51.100.1")])
def test_who_may_not_have_the_zone_any_more_is_refused_it_at_once(tmp_path: Path, transfer: str) -> None:
    """However long versions are merged for."""

    async def life(world: ServerWorld) -> None:
        await fail(world, "b.example.net")
        assert asked(world).rcode() == dns.rcode.NOERROR
        await world.reload(given(transfer))
        assert asked(world).rcode() == dns.rcode.REFUSED

    live(tmp_path, life)


def test_of_weighted_host_names_secondaries_get_the_heaviest_because_a_name_has_one_cname(tmp_path: Path) -> None:
    """RFC 2181 section 10.1. BIND and Knot refuse a zone with two; NSD and PowerDNS answer both."""

    async def life(world: ServerWorld) -> None:
        async def exported() -> list[str]:
            text = await export_zone(world.server, "example.com")
            assert Zone.parse("example.com.", text.encode()).types_at("www.example.com.") == [dns.rdatatype.CNAME]
            zone = dns.zone.from_text(text, origin="example.com", relativize=False)
            return [rdata.to_text() for _, _, rdata in zone.iterate_rdatas("CNAME")]

        def handed_on() -> list[str]:
            return [rrset[0].to_text() for rrset in asked(world).answer if rrset.rdtype == dns.rdatatype.CNAME]

        assert handed_on() == await exported() == ["b.example.net."]
        await fail(world, "b.example.net")
        assert handed_on() == await exported() == ["a.example.net."]

    live(tmp_path, life)
