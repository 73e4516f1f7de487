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
