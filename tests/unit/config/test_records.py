from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import Loaded, examine_text, load_text
from understudy.model.name import Name
from understudy.model.record import Failback, FailbackMode, OnAllDown, Record
from understudy.testing.builders import pool

HEAD = "listen: 127.0.0.1\nzones: {example.com: {file: z}, sub.example.com: {file: z}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "z").touch()
    return tmp_path


def load_in(folder: Path, text: str) -> Loaded:
    return load_text(HEAD + text, folder / "u.yaml")


def record_of(loaded: Loaded, text: str = "www.example.com") -> Record:
    return loaded.configuration.records[Name.parse(text)]


def warnings_of(loaded: Loaded) -> list[str]:
    return [f"{warning.line}:{warning.column} {warning.code}" for warning in loaded.warnings]


def in_a_record(check: str) -> str:
    return f"records: {{www.example.com: {{tiers: [[192.0.2.1]], check: {check}}}}}"


def test_a_record_belongs_to_the_deepest_zone(folder: Path) -> None:
    loaded = load_in(folder, "records: {a.sub.example.com: {tiers: [[192.0.2.1]], check: tcp:80}}")

    assert record_of(loaded, "a.sub.example.com").zone == Name.parse("sub.example.com")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("manual", Failback(FailbackMode.MANUAL)),
        ("{mode: never}", Failback(FailbackMode.NEVER)),
        ("{delay: 5m}", Failback(FailbackMode.AUTO, 300)),
    ],
)
def test_failback_is_a_mode_or_a_mapping(folder: Path, written: str, meant: Failback) -> None:
    loaded = load_in(
        folder, f"records: {{www.example.com: {{tiers: [[192.0.2.1]], check: tcp:80, failback: {written}}}}}"
    )

    assert record_of(loaded).failback == meant


def test_inline_pools_are_named_after_their_record_and_tier(folder: Path) -> None:
    loaded = load_in(
        folder,
        "pools: {near: [192.0.2.9]}\nrecords: {www.example.com: {check: tcp:80, on_all_down: servfail, ttl: 5m,"
        " tiers: [[192.0.2.1], near, [192.0.2.2]], fallback: [192.0.2.3], failover_delay: 2}}",
    )

    record = record_of(loaded)
    assert record.pools == ("www.example.com#1", "near", "www.example.com#3")
    assert record.fallback == "www.example.com#fallback"
    assert (record.ttl_s, record.on_all_down, record.failover_delay_s) == (300, OnAllDown.SERVFAIL, 2.0)
    assert loaded.configuration.pools["www.example.com#fallback"] == pool("www.example.com#fallback", "192.0.2.3")


def test_pools_and_single_endpoints_mix_in_one_list(folder: Path) -> None:
    loaded = load_in(
        folder,
        "pools: {near: [192.0.2.9]}\n"
        "records: {www.example.com: {check: tcp:80, all: [192.0.2.1, near, {address: 192.0.2.2}, [192.0.2.3]]}}",
    )

    record = record_of(loaded)
    assert record.pools == ("www.example.com#1", "near", "www.example.com#3")
    assert loaded.configuration.pools["www.example.com#1"] == pool("www.example.com#1", "192.0.2.1", "192.0.2.2")


def test_anchors_and_merges_are_written_out(folder: Path) -> None:
    loaded = load_in(
        folder,
        "records:\n  a.example.com: &plain {tiers: &two [[192.0.2.1], [192.0.2.2]], check: tcp:80, ttl: 5}\n"
        "  b.example.com: *plain\n  c.example.com: {<<: *plain, ttl: 6}\n"
        "  d.example.com: {tiers: *two, check: tcp:80}\n",
    )

    ttls = {str(name): record.ttl_s for name, record in loaded.configuration.records.items()}
    assert ttls == {"a.example.com": 5, "b.example.com": 5, "c.example.com": 6, "d.example.com": 30}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("checks: {web: tcp:80}", ["3:15 check.unused"]),
        ("checks: {web: tcp:80, all: {all_of: [web, tcp:81]}}", ["3:15 check.unused", "3:28 check.unused"]),
        ("pools: {near: [192.0.2.1]}", ["3:15 pool.unused"]),
        ("records: {www.example.com: {tiers: [[192.0.2.1]]}}", ["3:28 record.unmonitored"]),
        (in_a_record("[tcp:80, tcp:80]"), ["3:58 check.repeated"]),
        (in_a_record("{tcp: 80, monitors: []}"), ["3:78 check.unmonitored"]),
        (
            "records: {www.example.com: {weighted: [192.0.2.1, 192.0.2.2], check: tcp:80}}",
            ["3:39 weighted.no-weights"],
        ),
        (
            "records: {www.example.com: {tiers: [[192.0.2.1], [192.0.2.1]], check: tcp:80}}",
            ["3:50 endpoint.repeated"],
        ),
        (
            "records: {www.example.com: {tiers: [[192.0.2.1, '2001:db8::1']], check: tcp:80, min_healthy: 2}}",
            ["3:94 min_healthy.family"] * 2,
        ),
        (
            "records: {www.example.com: {tiers: [[{address: 192.0.2.1, disabled: true}]], check: tcp:80}}",
            ["3:37 pool.disabled"],
        ),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(folder: Path, text: str, expected: list[str]) -> None:
    assert warnings_of(load_in(folder, text)) == expected


def test_an_unknown_pool_is_told_beside_whatever_else_is_wrong_with_the_record(tmp_path: Path) -> None:
    text = (
        "listen: 127.0.0.1\nzones: {example.com: {file: z}}\npools: {near: [192.0.2.1], far: [192.0.2.2]}\nrecords:\n"
        "  a.example.com: {tiers: [[192.0.2.300], near, nowhere], check: tcp:80, fallback: far, bogus: 1}\n"
        "  b.example.com: {all: none, weighted: [gone, [192.0.2.1]], check: tcp:80, fallback: [192.0.2.300]}\n"
    )
    examined = examine_text(text, tmp_path / "understudy.yaml")
    found = [
        f"{each.line}:{each.column} {each.message}" for each in examined.errors if each.code == "reference.unknown"
    ]
    assert found == [
        "5:48 there is no pool 'nowhere'",
        "6:24 there is no pool 'none'",
        "6:41 there is no pool 'gone'",
    ]
    assert examined.warnings == (), "a pool that something faulty uses is used"
