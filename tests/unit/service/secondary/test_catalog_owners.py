"""Catalogs that are followed (RFC 9432): whose a zone is, how it changes hands, what its group means, who gets it.

Sections: RFC 9432 4.3.1, 4.3.2, 5.2, 5.3 and 5.4.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from understudy.config.load import examine_text
from understudy.config.plan import plan
from understudy.model.errors import UnderstudyError
from understudy.model.name import Name
from understudy.service.desk import Desk
from understudy.service.reports.zone_views import DemoteRequest, PromoteRequest
from understudy.testing.fetching import SILENT, FetchingServer
from understudy.testing.played_catalogs import (
    CATALOG,
    OTHER,
    CatalogPrimary,
    Story,
    catalog,
    events,
    properties,
    served,
    tell,
)
from understudy.testing.story import Restart

A, B = Name.parse("a.example"), Name.parse("b.example")
HEAD = "listen: 127.0.0.1:5300\nzones:\n"
FIRST = "  catalog.example: {source: transfer, primaries: [192.0.2.1], catalog: true}\n"
BOTH = f"{HEAD}  another.example: {{source: transfer, primaries: [192.0.2.2], catalog: true}}\n{FIRST}"
ALARM = "catalog/another.example"
ROUND_S = 12
"""In which each catalog is refreshed once."""


async def shows(primary: CatalogPrimary, serial: int, labels: dict[str, str], more: str = properties()) -> None:
    """The other catalog has this from now on, and it has come."""
    primary.catalogs[OTHER] = catalog(serial, labels, more, origin=OTHER)
    await asyncio.sleep(ROUND_S)


async def gives_away(primary: CatalogPrimary, label: str = "1") -> None:
    more = properties(f"coo.{label}.zones PTR another.example.")
    primary.catalog = catalog(2, {"a.example": label, "b.example": "2"}, more)
    await asyncio.sleep(ROUND_S)


def primary_of(run: FetchingServer, origin: Name) -> str:
    definition = run.world.server.definition_of(origin)
    return definition.primaries[0].address if definition is not None else ""


def follow_both(folder: Path, story: Story) -> None:
    tell(folder, story, BOTH)


def kept(folder: Path, file: str) -> list[Path]:
    return list(folder.rglob(file))


def test_a_zone_that_is_given_to_another_catalog_keeps_what_is_here(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        await gives_away(primary)
        assert primary_of(run, A) == "192.0.2.1"
        await shows(primary, 2, {"c.example": "3", "a.example": "1"})
        assert primary_of(run, A) == "192.0.2.2"
        assert run.world.server.zones[A].definition.primaries[0].address == "192.0.2.2"
        assert primary.served.count("a.example None") == 1
        assert "a.example came from another catalog" in events(run)
        primary.catalog = catalog(3, {"b.example": "2"})
        await asyncio.sleep(ROUND_S)
        assert run.address("host.a.example") == "192.0.2.1"
        assert await run.world.alarms() == []

    follow_both(tmp_path, story)


def test_a_zone_that_is_given_away_under_another_label_is_fetched_anew(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        await gives_away(primary)
        await shows(primary, 2, {"a.example": "7"})
        assert primary_of(run, A) == "192.0.2.2"
        assert primary.served.count("a.example None") == 2
        assert "a.example begins anew" in events(run)

    follow_both(tmp_path, story)


def test_a_catalog_does_not_get_a_zone_that_nobody_gave_it(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        await shows(primary, 2, {"a.example": "1"})
        assert primary_of(run, A) == "192.0.2.1"
        assert "a.example of the catalog another.example is not taken from it: it is here already" in events(run)
        assert ALARM in await run.world.alarms()
        await shows(primary, 3, {"a.example": "1", "b.example": "4"})
        assert '"event": "b.example of the catalog another.example is not taken from it' in events(run)
        for is_kill in (True, False):
            await run.restart(Restart(is_kill=is_kill, pause_s=1.0))
            await asyncio.sleep(ROUND_S)
            assert primary_of(run, A) == "192.0.2.1"
        assert ALARM in await run.world.alarms()
        primary.catalog = catalog(2, {"b.example": "2"})
        await asyncio.sleep(ROUND_S)
        assert primary_of(run, A) == "192.0.2.2"
        assert primary.served.count("a.example None") == 2
        await shows(primary, 4, {"a.example": "1"})
        assert ALARM not in await run.world.alarms()
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        assert not kept(tmp_path, "owners.json")

    follow_both(tmp_path, story)


def test_a_damaged_list_of_owners_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        await shows(primary, 2, {"a.example": "1"})
        files = kept(tmp_path, "owners.json")
        assert len(files) == 1
        for damage in ("[]", "{", '{"a..b": "x"}'):
            files[0].write_text(damage)
            await run.restart(Restart(is_kill=True, pause_s=1.0))
            assert "cannot be used, the first that lists one has it" in events(run)
            assert served(run) == {"a.example.", "b.example.", "another.example."}

    follow_both(tmp_path, story)


GROUPS = f"""{HEAD}  catalog.example:
    source: transfer
    primaries: [192.0.2.1]
    transfer: {{to: [192.0.2.53], notify: [192.0.2.53]}}
    watch: {{interval: 30s}}
    catalog:
      groups:
        far: {{primaries: [192.0.2.7], watch: false}}
        near: {{transfer: {{to: [198.51.100.1], notify: [198.51.100.1]}}, zonemd: verify}}
"""


def test_the_group_of_a_zone_says_how_it_is_treated(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        server = run.world.server
        more = properties("group.1.zones TXT near", "group.1.zones TXT far", "group.2.zones TXT strange")
        primary.catalog = catalog(2, {"a.example": "1", "b.example": "2"}, more)
        await asyncio.sleep(ROUND_S)
        assert (primary_of(run, A), primary_of(run, B)) == ("192.0.2.7", "192.0.2.1")
        assert server.zones[A].definition.watch is None
        assert server.zones[B].definition.watch is not None
        assert primary.served.count("a.example None") == 1
        assert "groups of the catalog that are not known here: strange" in events(run)
        primary.catalog = catalog(3, {"a.example": "1", "b.example": "2"}, properties("group.1.zones TXT near"))
        await asyncio.sleep(ROUND_S)
        near = server.zones[A].definition
        assert near.transfer is not None
        assert (near.transfer.networks, near.zonemd) == (("198.51.100.1/32",), "verify")
        assert near.primaries[0].address == "192.0.2.1"
        assert primary.served.count("a.example None") == 1

    tell(tmp_path, story, GROUPS)


def test_the_zones_of_a_catalog_that_is_handed_on_are_handed_on_and_watched(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        versions, notices = run.world.server.versions, run.world.server.notifier.notices
        assert [versions.serial_of(each) for each in (CATALOG, A, B)] == [1, 1, 1]
        assert {notice.origin for notice in notices.take(run.world.clock.now())[0]} == {CATALOG, A, B}
        assert run.world.server.zones[A].definition.watch is not None
        primary.serial = 5
        primary.catalog = catalog(2, {"a.example": "9"})
        await asyncio.sleep(ROUND_S)
        assert [versions.serial_of(each) for each in (CATALOG, A, B)] == [2, 5, None]

    tell(tmp_path, story, GROUPS)


def test_what_is_wrong_with_a_group_is_told_where_it_stands(tmp_path: Path) -> None:
    for wrong, code in (
        ("primaries: [192.0.2.7]", ""),
        ("primaries: [192.0.2.7], key: none", "reference.unknown"),
        ("transfer: {to: [{key: none}]}", "reference.unknown"),
        ("primaries: []", "value.empty"),
        ("group: x", "key.unknown"),
    ):
        text = GROUPS.replace("primaries: [192.0.2.7], watch: false", wrong)
        found = examine_text(text, tmp_path / "u.yaml").errors
        assert [(problem.code, problem.line) for problem in found] == ([(code, 10)] if code else [])


def test_a_plan_names_what_changes_for_the_zones_of_a_catalog(tmp_path: Path) -> None:
    before, after = (
        examine_text(text, tmp_path / "u.yaml").configuration
        for text in (
            GROUPS,
            GROUPS.replace("192.0.2.7", "192.0.2.8").replace("catalog:\n", "catalog:\n      zonemd: verify\n", 1),
        )
    )
    assert before is not None
    assert after is not None
    lines = "\n".join(plan(before, after).lines())
    assert "catalog.groups.far.primaries [192.0.2.7:53] -> [192.0.2.8:53]" in lines


async def promote(run: FetchingServer, name: str) -> None:
    await Desk(run.world.server).promote_zone(PromoteRequest(name=name, author="ops", reason="lost"))


async def demote(run: FetchingServer, name: str, *, is_primary_taken: bool = False) -> str:
    request = DemoteRequest(name=name, author="ops", is_primary_taken=is_primary_taken)
    return (await Desk(run.world.server).demote_zone(request)).text


def test_a_promoted_zone_stays_when_its_catalog_drops_it(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.silence = SILENT
        await promote(run, "a.example")
        primary.silence = None
        primary.catalog = catalog(2, {"b.example": "2"})
        await asyncio.sleep(ROUND_S)
        assert run.address("host.a.example") == "192.0.2.1"
        assert "a.example stays because it is promoted" in events(run)
        primary.silence = SILENT
        for is_kill in (True, False):
            await run.restart(Restart(is_kill=is_kill, pause_s=1.0))
            await asyncio.sleep(5000)
            assert run.address("host.a.example") == "192.0.2.1"
        primary.silence = None
        with pytest.raises(UnderstudyError) as raised:
            await demote(run, "a.example")
        assert (raised.value.code, run.address("host.a.example")) == ("zone.not-listed", "192.0.2.1")
        assert "demoted, and gone" in await demote(run, "a.example", is_primary_taken=True)
        await asyncio.sleep(3)
        assert run.address("host.a.example") == "REFUSED"
        assert "promoted" not in await run.world.alarms()
        assert not kept(tmp_path, "a.example.zone")

    tell(tmp_path, story, HEAD + FIRST)


def test_a_promoted_zone_that_is_listed_again_goes_on_as_one_of_its_catalog(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: CatalogPrimary) -> None:
        primary.silence = SILENT
        await promote(run, "a.example")
        primary.silence = None
        primary.catalog = catalog(2, {"b.example": "2"})
        await asyncio.sleep(ROUND_S)
        primary.serial = 3
        primary.catalog = catalog(3, {"a.example": "5", "b.example": "2"})
        await asyncio.sleep(ROUND_S)
        assert run.address("host.a.example") == "192.0.2.1"
        assert "follows 192.0.2.1:53 again" in await demote(run, "a.example")
        await asyncio.sleep(3)
        assert run.address("host.a.example") == "192.0.2.3"
        assert "a.example begins anew" in events(run)

    tell(tmp_path, story, HEAD + FIRST)
