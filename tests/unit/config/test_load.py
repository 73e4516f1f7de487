from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from understudy.config.load import load
from understudy.model.check import CheckRef
from understudy.model.endpoint import Endpoint, Member, Pool
from understudy.model.errors import ConfigError
from understudy.model.name import Name
from understudy.model.record import PolicyKind, Record

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_shortest_useful_file_is_a_primary_and_a_backup() -> None:
    loaded = load(EXAMPLES / "shortest.yaml")

    configuration = loaded.configuration
    www = Name.parse("www.example.com")
    check = "https://www.example.com/healthz"
    first, second = "www.example.com#1", "www.example.com#2"
    assert loaded.warnings == ()
    assert loaded.files == (EXAMPLES / "shortest.yaml",)
    assert configuration.node.listen == ("127.0.0.1:5300",)
    assert configuration.zones[Name.parse("example.com")].file == EXAMPLES / "example.com.zone"
    assert configuration.records == {
        www: Record(www, Name.parse("example.com"), PolicyKind.TIERS, (first, second), CheckRef(check))
    }
    assert configuration.pools == {
        first: Pool(first, (Member(Endpoint(IPv4Address("192.0.2.10"))),)),
        second: Pool(second, (Member(Endpoint(IPv4Address("198.51.100.10"))),)),
    }
    assert configuration.checks[check].kind == "http"
    assert configuration.sources["record:www.example.com"] == (str(EXAMPLES / "shortest.yaml"), 5)


def test_a_missing_file_is_a_problem_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "nowhere.yaml")

    assert [problem.code for problem in caught.value.problems] == ["file.unreadable"]
