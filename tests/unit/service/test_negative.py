"""How long a resolver may remember that a steered record has no address (RFC 2308 5; semantics 4.5 and 4.7)."""

from collections.abc import Callable

import dns.message
import pytest

from understudy.service.decree import decree
from understudy.service.reports.views import OverrideRequest
from understudy.testing.builders import endpoint
from understudy.testing.server_world import ServerWorld

Live = Callable[..., None]

LONG_NEGATIVE_TTL = """\
$TTL 1h
@       IN SOA  ns1 hostmaster 7 1h 15m 1w 1d
        IN NS   ns1
ns1     IN A    192.0.2.53
"""


def configured(ttl: str) -> str:
    return f"""\
listen: 127.0.0.1:0
zones:
  example.com: {{file: example.com.zone}}
records:
  www.example.com: {{check: "tcp:80", tiers: [[192.0.2.10]], on_all_down: nodata, ttl: {ttl}}}
"""


def soa_ttl_s(world: ServerWorld) -> int:
    query = dns.message.make_query("www.example.com", "A")
    now = world.clock.to_monotonic(world.clock.now())
    wire = world.server.engine.answer(query.to_wire(), "192.0.2.200", transport="tcp", now=now)
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert not response.answer
    (soa,) = response.authority
    return soa.ttl


@pytest.mark.parametrize(("ttl", "expected"), [("30s", 30), ("5m", 300), ("2d", 3600)])
def test_no_address_is_remembered_no_longer_than_an_address(live: Live, ttl: str, expected: int) -> None:
    async def life(world: ServerWorld) -> None:
        world.network.set(endpoint("192.0.2.10"), "refuses")
        await world.advance(120)
        assert soa_ttl_s(world) == expected

    live(life, configured(ttl), LONG_NEGATIVE_TTL)


def test_no_address_is_remembered_until_the_drain_ends(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        drain = OverrideRequest(kind="drain", subject="192.0.2.10", author="ops", duration_s=100.0, is_forced=True)
        await decree(world.server, drain)
        assert soa_ttl_s(world) == 100
        await world.advance(60 + 90)
        assert soa_ttl_s(world) == 10

    live(life, configured("5m"), LONG_NEGATIVE_TTL)
