"""Catalogs from other servers (RFC 9432) in virtual time: zones come, go, begin anew, clash and outlive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import dns.message
import pytest

from understudy.config.load import examine_text
from understudy.engine import Zone
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.secondaries import Secondaries
from understudy.testing.fetching import SILENT, FetchingServer
from understudy.testing.played_catalogs import CATALOG, CatalogPrimary, catalog, events, served, tell
from understudy.testing.story import Restart

CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  catalog.example: {source: transfer, primaries: [192.0.2.1], catalog: true}
"""
ALARM = "catalog/catalog.example"


def test_the_zones_of_a_catalog_are_fetched_and_answered(tmp_path: Path) -> None:
    async def story(run: FetchingServer, _primary: CatalogPrimary) -> None:
        assert served(run) == {"a.example.", "b.example."}
        assert run.address("host.a.example") == "192.0.2.1"
        assert "a.example, b.example came" in events(run)

    tell(tmp_path, story, CONFIGURATION)


def test_nobody_is_answered_what_a_catalog_lists(tmp_path: Path) -> None:
    """RFC 9432 section 7."""

    async def story(run: FetchingServer, _primary: CatalogPrimary) -> None:
        for owner, rcode in (("1.zones.catalog.example", "NXDOMAIN"), ("version.catalog.example", "NXDOMAIN")):
            assert run.address(owner) == rcode
        query = dns.message.make_query("catalog.example", "SOA")
        wire = run.world.server.engine.answer(query.to_wire())
        assert dns.message.from_wire(wire or b"").answer[0][0].serial == 1

    tell(tmp_path, story, CONFIGURATION)


def test_zones_come_and_go_with_the_catalog_and_leave_nothing_behind(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        copies = run.world.server.candidate.configuration.node.state_dir / "zones"
        primary.catalog = catalog(2, {"b.example": "2", "c.example": "3"})
        await asyncio.sleep(12)
        assert served(run) == {"b.example.", "c.example."}
        assert run.address("host.a.example") == "REFUSED"
        assert {file.name for file in copies.iterdir()} == {f"{each}.example.zone" for each in ("catalog", "b", "c")}
        assert primary.served.count("b.example None") == 1

    tell(tmp_path, story, CONFIGURATION)


def test_a_zone_with_another_label_is_fetched_anew(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.catalog = catalog(2, {"a.example": "9", "b.example": "2"})
        await asyncio.sleep(12)
        assert served(run) == {"a.example.", "b.example."}
        assert primary.served.count("a.example None") == 2
        assert primary.served.count("b.example None") == 1
        assert "a.example begins anew" in events(run)

    tell(tmp_path, story, CONFIGURATION)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (catalog(2, {}, ""), "no versions"),
        (catalog(2, {}, 'version TXT "2"\nversion TXT "3"\n'), "2 versions"),
        (catalog(2, {"c.example": "1", "C.example": "2"}), "c.example is a member twice"),
    ],
)
def test_a_broken_catalog_changes_nothing_and_is_told(tmp_path: Path, broken: Zone, complaint: str) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.catalog = broken
        await asyncio.sleep(12)
        assert served(run) == {"a.example.", "b.example."}
        assert complaint in events(run)
        assert ALARM in await run.world.alarms()
        primary.catalog = catalog(3, {"b.example": "2"})
        await asyncio.sleep(12)
        assert served(run) == {"b.example."}
        assert ALARM not in await run.world.alarms()

    tell(tmp_path, story, CONFIGURATION)


def test_a_restart_answers_from_what_is_on_disk_without_any_primary(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        before = list(primary.served)
        primary.catalog = SILENT
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        assert served(run) == {"a.example.", "b.example."}
        assert run.address("host.b.example") == "192.0.2.1"
        assert primary.served == before
        primary.catalog = catalog(2, {"b.example": "2"})
        await asyncio.sleep(12)
        assert served(run) == {"b.example."}

    tell(tmp_path, story, CONFIGURATION)


def test_a_zone_of_the_configuration_is_not_taken_from_a_catalog(tmp_path: Path) -> None:
    (tmp_path / "own").write_text(
        "$TTL 1h\n@ SOA ns1 h 7 1h 15m 1w 60\n@ NS ns1\nns1 A 192.0.2.53\nhost A 192.0.2.77\n"
    )
    own = CONFIGURATION + "  a.example: {file: own}\n"

    async def story(run: FetchingServer, _primary: CatalogPrimary) -> None:
        assert run.address("host.a.example") == "192.0.2.77"
        assert run.address("host.b.example") == "192.0.2.1"
        assert ALARM in await run.world.alarms()
        assert await run.world.reload(CONFIGURATION) == ""
        await asyncio.sleep(3)
        assert run.address("host.a.example") == "192.0.2.1"
        assert ALARM not in await run.world.alarms()
        assert await run.world.reload(own) == ""
        await asyncio.sleep(3)
        assert run.address("host.a.example") == "192.0.2.77"
        assert ALARM in await run.world.alarms()

    tell(tmp_path, story, own)


def test_a_reload_may_begin_and_end_to_follow_a_catalog(tmp_path: Path) -> None:
    plain = CONFIGURATION.replace(", catalog: true", "")

    async def story(run: FetchingServer, _primary: CatalogPrimary) -> None:
        assert served(run) == set()
        assert run.address("1.zones.catalog.example") == "NOERROR"  # an ordinary zone, until it is called a catalog
        assert await run.world.reload(CONFIGURATION) == ""
        await asyncio.sleep(3)
        assert served(run) == {"a.example.", "b.example."}
        assert await run.world.reload(plain) == ""
        await asyncio.sleep(3)
        assert served(run) == set()

    tell(tmp_path, story, plain)


def test_many_zones_come_a_few_at_a_time(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.pause_s = 0.01
        primary.catalog = catalog(2, {f"z{number}.example": f"n{number}" for number in range(300)})
        await asyncio.sleep(30)
        assert len(served(run)) == 300
        assert 2 <= primary.most <= 20

    tell(tmp_path, story, CONFIGURATION)


def test_others_have_their_turn_while_many_zones_come_and_go(tmp_path: Path) -> None:
    async def changed(run: FetchingServer, primary: CatalogPrimary, found: Zone, count: int) -> int:
        """The most zones that went or were taken up in one turn of the loop, until so many are served."""
        await asyncio.sleep(2)
        primary.catalog, server, seen = found, run.world.server, []
        assert run.notify("192.0.2.1", str(CATALOG)) == "NOERROR"
        for _ in range(1_000_000):
            seen.append((len(server.zones), sum(care.is_busy for care in server.fetched.values())))
            if len(server.zones) == count + 1:
                break
            await asyncio.sleep(0)
        return max(max(abs(b - a) for a, b in zip(*pair, strict=True)) for pair in pairwise(seen))

    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        many = {f"z{number}.example": f"n{number}" for number in range(900)}
        assert await changed(run, primary, catalog(2, many), 900) <= 20
        assert await changed(run, primary, catalog(3, {}), 0) <= 200
        await asyncio.sleep(1)
        assert served(run) == set()
        assert [origin for origin, _, _ in run.world.server.engine.zones()] == [CATALOG.absolute]

    tell(tmp_path, story, CONFIGURATION)


def test_one_zone_s_news_is_no_reason_to_look_at_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = Secondaries._look

    async def count(self: Secondaries, cares: Sequence[FetchedZone], now: float) -> None:
        looks.append(len(cares))
        await look(self, cares, now)

    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.catalog = catalog(2, {f"z{number}.example": f"n{number}" for number in range(300)})
        await asyncio.sleep(30)
        monkeypatch.setattr(Secondaries, "_look", count)
        primary.serial = 2
        for number in range(10):
            assert run.notify("192.0.2.1", f"z{number}.example") == "NOERROR"
            await asyncio.sleep(0.05)
            assert run.address(f"host.z{number}.example") == "192.0.2.2"
        assert len(looks) >= 10
        assert max(sorted(looks)[:-1]) <= 2  # but for one, once in a second

    tell(tmp_path, story, CONFIGURATION)


def test_the_zones_may_come_from_elsewhere_than_the_catalog(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    text = CONFIGURATION.replace("catalog: true", "catalog: {primaries: [192.0.2.7], key: k, zonemd: require}")
    examined = examine_text(text.replace("zones:", "keys: {k: {secret_file: k}}\nzones:"), tmp_path / "u.yaml")
    assert examined.configuration is not None
    template = examined.configuration.zones[CATALOG].members
    assert template is not None
    assert [(each.address, str(each.key)) for each in template.primaries] == [("192.0.2.7", "k")]
    assert template.zonemd.value == "require"
    for wrong, code in (("{file: own, catalog: true}", "zone.source"), ("{primaries: [192.0.2.1], catalog: no}", "")):
        found = examine_text(f"listen: 127.0.0.1\nzones: {{a.example: {wrong}}}\n", tmp_path / "u.yaml").errors
        assert [problem.code for problem in found if problem.code == code] == [code] * bool(code)
        assert found
