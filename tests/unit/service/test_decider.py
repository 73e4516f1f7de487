"""What the pipeline concludes reaches the engine, whatever else happens in the same turn."""

from collections.abc import Callable, Mapping
from pathlib import Path

from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.verdict import ProbeKey, Verdict, VerdictState
from understudy.service.reload import reload_zone
from understudy.service.zone_table import LoadedZone
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


def test_a_verdict_in_the_turn_in_which_another_zone_is_read_again_is_published(
    live: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE)

    async def life(world: ServerWorld) -> None:
        server = world.server
        key = ProbeKey(endpoint("192.0.2.10"), "web")
        settle_zones = server.decider.settle_zones

        def settle_after_a_fall(zones: Mapping[Name, LoadedZone], now: Instant) -> None:
            server.monitor._verdicts[key] = Verdict(VerdictState.DOWN, now, now)
            server.pipeline.note(key)
            settle_zones(zones, now)

        server.decider.settle_zones = settle_after_a_fall  # type: ignore[method-assign]  # the turn that is meant
        await reload_zone(server, Name.parse("example.net"))
        assert "198.51.100.10" in await answered(world)

    live(life, CONFIGURATION, ZONE)
