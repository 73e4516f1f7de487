from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import load
from understudy.model.check import AtLeast, CheckRef
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Pool, WithdrawLimit
from understudy.model.name import Name
from understudy.model.record import PolicyKind, Record
from understudy.testing.builders import member, pool

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def larger() -> Configuration:
    return load(ROOT / "examples" / "main.yaml").configuration


def test_the_larger_example_warns_only_of_what_it_does_not_use() -> None:
    assert [warning.code for warning in load(ROOT / "examples" / "main.yaml").warnings] == []


def test_pools_keep_order_weights_and_guards(larger: Configuration) -> None:
    assert larger.pools["frankfurt"] == pool("frankfurt", "192.0.2.10", "2001:db8::10", member("192.0.2.11", weight=50))
    assert larger.pools["guarded"] == Pool(
        "guarded",
        (
            member("203.0.113.1"),
            member("203.0.113.2"),
            member("203.0.113.3"),
            member("203.0.113.4", is_disabled=True),
        ),
        WithdrawLimit(1, 600.0),
    )


def test_a_record_keeps_what_it_says(larger: Configuration) -> None:
    assert larger.records[Name.parse("www.example.com")] == Record(
        name=Name.parse("www.example.com"),
        zone=Name.parse("example.com"),
        policy=PolicyKind.TIERS,
        pools=("frankfurt", "dublin"),
        requirement=CheckRef("web"),
        fallback="sorry",
    )


def test_a_record_may_stand_at_the_apex(larger: Configuration) -> None:
    apex = larger.records[Name.parse("example.com")]

    assert apex.zone == apex.name
    assert apex.requirement == AtLeast(2, (CheckRef("web"), CheckRef("db")))


def test_a_list_of_checks_combines_as_required(larger: Configuration) -> None:
    api = larger.records[Name.parse("api.example.net")]

    assert api.requirement == AtLeast(1, (CheckRef("https://api.example.net/live"), CheckRef("tcp:8443")))
    assert (api.policy, api.pools, api.answers_max) == (PolicyKind.ALL, ("guarded",), 2)


def test_single_endpoints_are_one_inline_pool(larger: Configuration) -> None:
    shops = larger.records[Name.parse("*.shops.example.net")]

    assert shops.pools == ("*.shops.example.net#1",)
    assert larger.pools["*.shops.example.net#1"].members == (member("192.0.2.30", weight=3), member("198.51.100.30"))


def test_every_object_has_its_source(larger: Configuration) -> None:
    file = str(ROOT / "examples" / "main.yaml")
    lines = Path(file).read_text().splitlines()
    keys = {
        *(f"zone:{name}" for name in larger.zones),
        *(f"check:{name}" for name in larger.checks),
        *(f"pool:{name}" for name in larger.pools),
        *(f"record:{name}" for name in larger.records),
    }

    assert keys <= larger.sources.keys()
    for key in ("record:cdn.example.net", "pool:dublin", "check:db-fast", "zone:example.net", "check:web-and-db"):
        place, line = larger.sources[key]
        assert place == file
        assert key.partition(":")[2] in lines[line - 1]
