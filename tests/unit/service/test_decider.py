"""What the pipeline concludes reaches the engine, whatever else happens in the same turn."""

from collections.abc import Callable
from pathlib import Path

import dns.message

from understudy.model.name import Name
from understudy.model.verdict import ProbeKey, Verdict, VerdictState
from understudy.testing.builders import endpoint
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Expected

ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone}
  example.net: {file: example.net.zone}
checks:
  web: {tcp: 80, interval: 5s, fall: 1}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
"""


async def answered(world: ServerWorld) -> str:
    return str(await world.ask(Ask("www.example.com", "A", "192.0.2.200", Expected())))


def test_a_verdict_in_the_turn_in_which_another_zone_is_published_reaches_the_engine(
    live: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE)

    async def life(world: ServerWorld) -> None:
        server = world.server
        key = ProbeKey(endpoint("192.0.2.10"), "web")
        now = server.clock.now()
        server.monitor._verdicts[key] = Verdict(VerdictState.DOWN, now, now)
        server.pipeline.note(key)
        server.decider.settle_zones({Name.parse("example.net"): server.zones[Name.parse("example.net")]}, now)
        assert "198.51.100.10" in await answered(world)

    live(life, CONFIGURATION, ZONE)


def test_what_is_published_can_be_answered_before_it_is_told(live: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE)

    async def life(world: ServerWorld) -> None:
        server, key, now = world.server, ProbeKey(endpoint("192.0.2.10"), "web"), world.server.clock.now()
        told = world.log.getvalue()
        seen: list[tuple[bool, str]] = []

        def look() -> None:
            wire = server.engine.answer(dns.message.make_query("www.example.com", "A").to_wire())
            seen.append((world.log.getvalue() == told, dns.message.from_wire(wire or b"").answer[0][0].to_text()))

        server.monitor._verdicts[key] = Verdict(VerdictState.DOWN, now, now)
        server.pipeline.note(key)
        server.decider.settle_zones(server.zones, now, on_published=look)
        assert seen == [(True, "198.51.100.10")]
        assert world.log.getvalue() != told

    live(life, CONFIGURATION, ZONE)


def test_a_shorter_ttl_is_no_change_for_secondaries(live: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE)

    async def life(world: ServerWorld) -> None:
        changed: list[Name] = []
        world.server.decider.on_change = lambda _origin, owners: changed.extend(owners)
        world.network.set(endpoint("192.0.2.10"), "refuses")
        for second in range(61, 70):
            await world.advance(second)
            if "ttl 5" in await answered(world):
                break
        assert changed == []
        assert await answered(world) == "192.0.2.10 ttl 5"
        await world.advance(120)
        assert changed == [Name.parse("www.example.com")]

    live(life, CONFIGURATION.replace(", fall: 1", ", fall: 4"), ZONE)


def held(world: ServerWorld) -> str:
    return next(each.text for each in world.server.alarms.active if each.key == "held")


def test_what_is_held_and_leaves_the_configuration_alarms_nobody(live: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE)
    more = CONFIGURATION + "  api.example.com: {check: web, tiers: [[192.0.2.20], [198.51.100.20]]}\n"

    async def life(world: ServerWorld) -> None:
        await world.advance(70)
        for address in ("192.0.2.10", "192.0.2.20"):
            world.network.set(endpoint(address), "unreachable")
        await world.advance(200)
        assert "2 endpoints is held" in held(world)
        assert await world.reload(CONFIGURATION) == ""
        assert "192.0.2.10" in held(world)
        assert "2 endpoints" not in held(world)

    live(life, more, ZONE)
