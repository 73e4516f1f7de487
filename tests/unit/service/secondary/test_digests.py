"""Message digests (ZONEMD) of zones in files, of versions that are handed on, and of zones from other servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.message
import pytest

from understudy.engine import Zone
from understudy.model.errors import ConfigError, TransferError
from understudy.model.name import Name
from understudy.model.zone import DigestRule, ZoneDefinition, ZoneSource
from understudy.service.candidate import read_candidate
from understudy.service.reload import reload_zone
from understudy.service.secondary.digests import require_sent_digest
from understudy.service.zone_table import load_zones
from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

ORIGIN = Name.parse("example.com")
CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone, zonemd: require, transfer: {to: [127.0.0.1], merge: 1s, zonemd: sha384}}
records:
  www.example.com: {check: "tcp:80", tiers: [[192.0.2.10], [198.51.100.10]]}
"""


def text(serial: int, more: str = "", digest: str | None = None) -> str:
    plain = f"$TTL 1h\n@ IN SOA ns1 hostmaster {serial} 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n{more}"
    made = Zone.parse(ORIGIN.absolute, plain.encode()).zonemd("sha512").hex() if digest is None else digest
    return f"{plain}@ IN ZONEMD {serial} 1 2 {made}\n" if made else plain


def live(folder: Path, life: Callable[[ServerWorld], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        await world.start({"understudy.yaml": CONFIGURATION, "example.com.zone": text(7)})
        await world.advance(60)
        await life(world)
        await world.end()

    run_virtual(main)


def copy(world: ServerWorld) -> Zone:
    """What a secondary gets."""
    query = dns.message.make_query("example.com", "AXFR")
    wire = world.server.engine.answer(query.to_wire(), transport="tcp")
    lines = "\n".join(rrset.to_text() for rrset in dns.message.from_wire(wire or b"").answer).split("\n")
    return Zone.parse(ORIGIN.absolute, "\n".join(dict.fromkeys(lines)).encode())


def test_each_version_that_is_handed_on_proves_itself(tmp_path: Path) -> None:
    """RFC 8976 2.1 has the type."""

    async def life(world: ServerWorld) -> None:
        first = copy(world)
        assert (first.serial, first.verify_zonemd()) == (8, "verified")
        world.behave(endpoint("192.0.2.10"), Behaviour.parse("refuses"), check="tcp:80")
        await world.advance(120)
        second = copy(world)
        assert (second.serial, second.verify_zonemd()) == (9, "verified")
        await world.end()
        await world._open()
        await world.advance(180)
        assert copy(world).rrsets() == second.rrsets()

    live(tmp_path, life)


@pytest.mark.parametrize("digest", ["00" * 64, ""], ids=["wrong", "missing"])
def test_a_file_without_a_right_digest_leaves_the_last_good_version(tmp_path: Path, digest: str) -> None:
    async def life(world: ServerWorld) -> None:
        (tmp_path / "example.com.zone").write_text(text(8, "new IN A 192.0.2.1\n", digest))
        await reload_zone(world.server, ORIGIN)
        assert world.server.zones[ORIGIN].zone.serial == 7
        assert "zone.zonemd" in world.server.zones[ORIGIN].problem
        assert "zone/example.com" in await world.alarms()
        (tmp_path / "example.com.zone").write_text(text(8, "new IN A 192.0.2.1\n"))
        await reload_zone(world.server, ORIGIN)
        assert world.server.zones[ORIGIN].zone.serial == 8
        assert "zone/example.com" not in await world.alarms()

    live(tmp_path, life)


def test_a_start_with_a_wrong_digest_names_the_file(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.sleep(0)
        world = ServerWorld(clock, tmp_path)
        with pytest.raises(ConfigError, match=r"example\.com\.zone:1:1: zone\.zonemd"):
            await world.start({"understudy.yaml": CONFIGURATION, "example.com.zone": text(7, digest="00" * 64)})

    run_virtual(main)


def test_a_digest_that_delays_failovers_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example.com.zone").write_text(text(7))
    configuration = CONFIGURATION.replace("merge: 1s", "merge: 1s, notify: [192.0.2.53]")
    (tmp_path / "understudy.yaml").write_text(configuration)
    assert [problem.code for problem in read_candidate(tmp_path / "understudy.yaml", 0.0).warnings] == []
    monkeypatch.setattr("understudy.service.candidate.COSTLY_RECORDS", 3)
    (warning,) = read_candidate(tmp_path / "understudy.yaml", 0.0).warnings
    assert (warning.code, warning.line) == ("transfer.zonemd-cost", 3)
    (tmp_path / "understudy.yaml").write_text(configuration.replace(", zonemd: sha384", ""))
    assert read_candidate(tmp_path / "understudy.yaml", 0.0).warnings == ()


def test_a_file_is_judged_by_the_rule_of_its_zone(tmp_path: Path) -> None:
    (tmp_path / "z").write_text(text(7, digest="00" * 64))
    for rule, count in ((DigestRule.IGNORE, 0), (DigestRule.VERIFY, 1), (DigestRule.REQUIRE, 1)):
        definition = ZoneDefinition(ORIGIN, ZoneSource.FILE, tmp_path / "z", zonemd=rule)
        _, problems = load_zones([definition], 0.0)
        assert [problem.code for problem in problems] == ["zone.zonemd"] * count


def test_a_version_from_another_server_is_judged_as_well(tmp_path: Path) -> None:
    definition = ZoneDefinition(ORIGIN, ZoneSource.TRANSFER, tmp_path / "z", zonemd=DigestRule.REQUIRE)
    require_sent_digest(definition, Zone.parse(ORIGIN.absolute, text(7).encode()))
    with pytest.raises(TransferError, match="serial 8: its message digest") as raised:
        require_sent_digest(definition, Zone.parse(ORIGIN.absolute, text(8, digest="00" * 64).encode()))
    assert raised.value.code == "transfer.zonemd"
