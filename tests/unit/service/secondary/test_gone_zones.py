"""What is left of zones that are handed on no more."""

from __future__ import annotations

from pathlib import Path

from tests.unit.service.primary.test_versions import CONFIGURATION, HANDED_ON, ORIGIN, ZONE, live
from understudy.testing.server_world import ServerWorld

TWO_ZONES = CONFIGURATION.replace("checks:", "  example.net: {{file: example.net.zone{transfer}}}\nchecks:")


def test_a_zone_that_is_gone_leaves_nothing_behind_and_one_that_is_not_here_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    (tmp_path / "example.net.zone").write_text(ZONE.format(serial=7))
    folder, one_zone = tmp_path / "state" / "handed-on", CONFIGURATION.format(transfer=HANDED_ON)

    def kept() -> list[str]:
        return sorted(file.name for file in folder.iterdir())

    async def life(world: ServerWorld) -> None:
        assert kept() == ["example.com.zone", "example.net.zone"]
        assert await world.reload(one_zone) == ""
        await world.advance(80)
        assert kept() == ["example.com.zone"], "it went while the server was up"
        assert await world.reload(TWO_ZONES.format(transfer=HANDED_ON)) == ""
        await world.advance(100)
        (folder / "example.com.zone.new").write_text("what a crash left")
        await world.end()
        (tmp_path / "understudy.yaml").write_text(one_zone)
        await world._open()
        await world.advance(120)
        assert kept() == ["example.com.zone"], "it went while the server was down"
        world.server.zones.clear()
        world.server.versions.withdraw((ORIGIN,))
        await world.advance(130)
        assert kept() == ["example.com.zone"], "it is not here, and the configuration has it"

    live(tmp_path, life, configuration=TWO_ZONES)


def test_nothing_is_taken_for_gone_while_a_catalog_has_not_come(tmp_path: Path) -> None:
    (tmp_path / "state" / "handed-on").mkdir(parents=True)
    (tmp_path / "state" / "handed-on" / "member.test.zone").write_text("of a zone that the catalog listed")
    followed = "  cat.test: {{source: transfer, primaries: [192.0.2.1], catalog: true}}\nchecks:"

    async def life(_world: ServerWorld) -> None:
        kept = sorted(file.name for file in (tmp_path / "state" / "handed-on").iterdir())
        assert kept == ["example.com.zone", "member.test.zone"]

    live(tmp_path, life, configuration=CONFIGURATION.replace("checks:", followed))
