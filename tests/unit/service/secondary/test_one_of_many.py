"""What changes in one zone of many costs by that zone: the others are not looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from understudy.model.configuration import Configuration
from understudy.model.name import Name
from understudy.service.reload import reload, reload_zone
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Expected
from understudy.testing.virtual_time import VIRTUAL_START

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


def write_zones(folder: Path, age_s: float = 100.0) -> None:
    """Files that were changed so long before the server begins."""
    for origin in ORIGINS:
        path = folder / f"{origin}.zone"
        path.write_text(ZONE)
        os.utime(path, (VIRTUAL_START - age_s,) * 2)


def publications(world: ServerWorld) -> dict[str, int]:
    return {origin: count for origin, _, count in world.server.engine.zones()}


def test_another_file_of_one_zone_is_read_published_and_handed_on_without_a_look_at_the_others(
    live: Callable[..., None], tmp_path: Path
) -> None:
    write_zones(tmp_path)

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


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (("www.zone3.example: {check: web,", "www.zone3.example: {ttl: 7, check: web,"), {"zone3.example."}),
        (("www.zone3.example: {check: web,", "new.zone3.example: {check: web,"), {"zone3.example."}),
        (("[192.0.2.0/24]}}", "[198.51.100.0/24]}}"), {"zone0.example."}),
        (
            ("www.zone3.example: {check", "www.zone5.example.zone4.example: {check"),
            {"zone3.example.", "zone4.example."},
        ),
        (("listen", "# a remark\nlisten"), set()),
    ],
)
def test_a_reload_publishes_the_zones_that_it_changes_and_no_others(
    live: Callable[..., None], tmp_path: Path, change: tuple[str, str], touched: set[str]
) -> None:
    write_zones(tmp_path)

    async def life(world: ServerWorld) -> None:
        server, file = world.server, tmp_path / "understudy.yaml"
        zones, before, serials = dict(server.zones), publications(world), server.serials()
        file.write_text(file.read_text().replace(*change, 1))
        await reload(server, "test")
        await world.advance(70)
        after = publications(world)
        assert {origin for origin in after if after[origin] != before[origin]} == touched
        assert {f"{each}." for each in server.zones if server.serials()[each] != serials[each]} <= touched
        untouched = [each for each in server.zones if each.absolute not in touched]
        assert all(server.zones[each] is zones[each] for each in untouched)

    live(life, CONFIGURATION, ZONE)


def test_a_reload_takes_up_what_is_different_and_nothing_else(live: Callable[..., None], tmp_path: Path) -> None:
    write_zones(tmp_path)

    async def life(world: ServerWorld) -> None:
        server, file = world.server, tmp_path / "understudy.yaml"
        server.journal.tell = told.append  # type: ignore[method-assign,assignment]  # what is told is looked at here
        file.write_text(
            file.read_text().replace("www.zone3.example: {check: web,", "www.zone3.example: {ttl: 7, check: web,")
        )
        await reload(server, "test")
        await world.advance(70)
        assert {event.subject for event in told} <= {"configuration", "zone3.example", "www.zone3.example"}

    told: list[Any] = []
    live(life, CONFIGURATION, ZONE)


def test_files_of_zones_are_read_by_a_reload_only_where_they_have_changed(
    live: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.service import zone_table

    write_zones(tmp_path)
    read: list[str] = []
    load = zone_table.load_zone

    def noting(definition: Any, *rest: Any) -> Any:
        read.append(str(definition.name))
        return load(definition, *rest)

    async def life(world: ServerWorld) -> None:
        monkeypatch.setattr(zone_table, "load_zone", noting)
        await reload(world.server, "test")
        assert read == []
        (tmp_path / f"{CHANGED}.zone").write_text(ZONE.replace(" 7 ", " 8 "))
        await reload(world.server, "test")
        assert read == [str(CHANGED)]
        assert world.server.zones[CHANGED].zone.serial == 8
        await reload(world.server, "test")
        assert read == [str(CHANGED)] * 2, "its times may be those of yet another change"

    live(life, CONFIGURATION, ZONE)


def test_a_file_that_was_changed_within_moments_of_being_read_is_read_again(
    live: Callable[..., None], tmp_path: Path
) -> None:
    write_zones(tmp_path, age_s=1.0)

    async def life(world: ServerWorld) -> None:
        before = world.server.zones[CHANGED]
        await reload(world.server, "test")
        assert world.server.zones[CHANGED] is not before

    live(life, CONFIGURATION, ZONE)


def test_a_zone_whose_newer_content_is_faulty_is_read_by_each_reload(live: Callable[..., None], tmp_path: Path) -> None:
    write_zones(tmp_path)

    async def life(world: ServerWorld) -> None:
        path = tmp_path / f"{CHANGED}.zone"
        path.write_text("no zone")
        os.utime(path, (VIRTUAL_START - 50,) * 2)
        await reload_zone(world.server, CHANGED)
        assert world.server.zones[CHANGED].problem
        assert await world.reload((tmp_path / "understudy.yaml").read_text()) == "config"

    live(life, CONFIGURATION, ZONE)
