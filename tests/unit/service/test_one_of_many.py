"""What changes in one zone of many costs by that zone: the others are not looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from understudy.model.configuration import Configuration
from understudy.model.name import Name
from understudy.service.reload import reload_zone
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Expected

ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
COUNT = 20
ORIGINS = [f"zone{number}.example" for number in range(COUNT)]
CONFIGURATION = (
    "listen: 127.0.0.1:0\nchecks:\n  web: {tcp: 80, interval: 5s}\nzones:\n"
    + "".join(f"  {each}: {{file: {each}.zone, transfer: {{to: [192.0.2.0/24]}}}}\n" for each in ORIGINS)
    + "records:\n"
    + "".join(f"  www.{each}: {{check: web, tiers: [[192.0.2.10], [198.51.100.10]]}}\n" for each in ORIGINS)
)
CHANGED = Name.parse(ORIGINS[3])


class Whole(dict[Any, Any]):
    """A table in which things may be looked up, and that nobody may go through."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("all of them are gone through for a change of one")

    keys = values = items = __iter__  # type: ignore[assignment]  # they go through it as well


def forbid_passes(world: ServerWorld) -> None:
    configuration = world.server.pipeline.configuration
    assert configuration is world.server.candidate.configuration
    for table in ("records", "records_by_zone", "zones"):
        object.__setattr__(configuration, table, Whole(getattr(configuration, table)))


def permit_passes(configuration: Configuration) -> None:
    for table in ("records", "records_by_zone", "zones"):
        object.__setattr__(configuration, table, dict(dict.items(getattr(configuration, table))))


def test_another_file_of_one_zone_is_read_published_and_handed_on_without_a_look_at_the_others(
    live: Callable[..., None], tmp_path: Path
) -> None:
    for origin in ORIGINS:
        (tmp_path / f"{origin}.zone").write_text(ZONE)

    async def life(world: ServerWorld) -> None:
        server = world.server
        (tmp_path / f"{CHANGED}.zone").write_text(ZONE.replace(" 7 ", " 70 ") + "new IN A 192.0.2.99\n")
        forbid_passes(world)
        await reload_zone(server, CHANGED)
        await world.advance(70)
        permit_passes(server.pipeline.configuration)
        assert server.versions.serial_of(CHANGED) == 71
        found = await world.ask(Ask(f"new.{CHANGED}", "A", "192.0.2.200", Expected()))
        assert "192.0.2.99" in str(found)
        assert "192.0.2.10" in str(await world.ask(Ask(f"www.{CHANGED}", "A", "192.0.2.200", Expected())))

    live(life, CONFIGURATION, ZONE)
