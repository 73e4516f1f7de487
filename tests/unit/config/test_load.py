from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from understudy.config.load import load, load_text
from understudy.config.yaml_reader import SIZE_MAX_OCTETS
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


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_without_a_warning(example: Path) -> None:
    loaded = load(example)

    assert loaded.warnings == ()
    assert loaded.configuration.records


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line_breaks_of_every_system_make_no_difference(tmp_path: Path, line_break: str) -> None:
    text = (EXAMPLES / "shortest.yaml").read_text().replace("example.com.zone", str(EXAMPLES / "example.com.zone"))
    (tmp_path / "u.yaml").write_bytes(text.replace("\n", line_break).encode())

    assert load(tmp_path / "u.yaml").configuration.records == load(EXAMPLES / "shortest.yaml").configuration.records


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert load_text("\ufefflisten: 127.0.0.1", tmp_path / "u.yaml").configuration.node.listen == ("127.0.0.1:53",)


def test_what_is_no_utf_8_is_refused_at_its_octet(tmp_path: Path) -> None:
    (tmp_path / "u.yaml").write_bytes(b"listen: 127.0.0.1\nversion: \xff1")

    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "u.yaml")
    assert [(problem.line, problem.column, problem.code) for problem in caught.value.problems] == [
        (2, 10, "yaml.encoding")
    ]


def test_a_bomb_of_aliases_is_refused_before_it_is_written_out(tmp_path: Path) -> None:
    stages = "".join(f"  s{n}: &s{n} [{', '.join([f'*s{n - 1}'] * 10)}]\n" for n in range(1, 9))

    with pytest.raises(ConfigError) as caught:
        load_text(f"listen: 127.0.0.1\npools:\n  s0: &s0 [192.0.2.1]\n{stages}", tmp_path / "u.yaml")
    assert [problem.code for problem in caught.value.problems] == ["yaml.too-large"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "u.yaml").open("wb") as stream:
        stream.truncate(SIZE_MAX_OCTETS + 1)

    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "u.yaml")
    assert [problem.code for problem in caught.value.problems] == ["file.too-large"]


def test_a_hundred_records_share_the_checks_that_are_alike(tmp_path: Path) -> None:
    (tmp_path / "z").touch()
    records = "".join(
        f"  h{n}.example.com: {{tiers: [[192.0.2.{n + 1}], [198.51.100.1]], check: tcp:{n % 2 + 80}}}\n"
        for n in range(100)
    )
    text = f"listen: 127.0.0.1\nzones: {{example.com: {{file: z}}}}\nrecords:\n{records}"

    configuration = load_text(text, tmp_path / "u.yaml").configuration
    assert (len(configuration.records), len(configuration.pools)) == (100, 200)
    assert set(configuration.checks) == {"tcp:80", "tcp:81"}
