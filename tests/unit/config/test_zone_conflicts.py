from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from understudy.config.load import load_text
from understudy.config.zone_conflicts import LOCATED_MAX, conflicts
from understudy.model.configuration import Configuration
from understudy.model.errors import Problem
from understudy.model.name import Name

A, NS, CNAME, MX, TXT, AAAA, DNAME = 1, 2, 5, 15, 16, 28, 39
EXAMPLE = Name.parse("example.com")


@dataclass
class WrittenZone:
    """A zone as a table: (owner, type) -> line; `located` counts how often its file was read again."""

    lines: dict[tuple[str, int], int]
    located: list[str] = field(default_factory=list)

    def types_at(self, owner: str) -> list[int]:
        return [rtype for name, rtype in self.lines if name == owner]

    def delegation_above(self, owner: str) -> str | None:
        for cut, rtype in self.lines:
            if rtype == NS and cut != EXAMPLE.absolute and f".{owner}".endswith(f".{cut}"):
                return cut
        return None

    def locate(self, owner: str, rtype: int) -> tuple[str, int] | None:
        self.located.append(owner)
        return ("example.com.zone", self.lines[owner, rtype]) if self.lines[owner, rtype] else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "z").touch()
    return tmp_path


def configure(folder: Path, *records: str) -> Configuration:
    text = "listen: 127.0.0.1\nzones: {example.com: {file: z}}\nrecords:\n" + "".join(f"  {each}\n" for each in records)
    return load_text(text, folder / "u.yaml").configuration


def find_fetched(folder: Path, lines: dict[tuple[str, int], int], *records: str) -> list[str]:
    text = "listen: 127.0.0.1\nzones: {example.com: {source: transfer, primaries: [192.0.2.1]}}\nrecords:\n"
    configuration = load_text(text + "".join(f"  {each}\n" for each in records), folder / "u.yaml").configuration
    return [problem.code for problem in conflicts(configuration, {EXAMPLE: WrittenZone(lines)})]


def find(folder: Path, lines: dict[tuple[str, int], int], *records: str) -> list[Problem]:
    return conflicts(configure(folder, *records), {EXAMPLE: WrittenZone(lines)})


@pytest.mark.parametrize(("rtype", "word"), [(A, "A"), (AAAA, "AAAA"), (CNAME, "CNAME")])
def test_a_steered_name_in_the_zone_file_is_an_error_that_names_both_places(
    folder: Path, rtype: int, word: str
) -> None:
    found = find(folder, {("www.example.com.", rtype): 17}, "www.example.com: {tiers: [[192.0.2.1]]}")

    assert [str(problem) for problem in found] == [
        (
            f"{folder / 'u.yaml'}:4:1: record.in-zone-file: www.example.com is steered here,"
            f" and has {word} records in its zone too (example.com.zone:17) (remove them from the zone file)"
        )
    ]


def test_every_type_that_is_in_the_way_is_told(folder: Path) -> None:
    """By their numbers: RFC 1035 3.2.2, RFC 3596 2.1; an alias of a tree has RFC 6672 2.1."""
    lines = {("www.example.com.", A): 17, ("www.example.com.", AAAA): 18}
    found = find(folder, lines, "www.example.com: {tiers: [[192.0.2.1]]}")

    places = [problem.message.rpartition(" ")[2] for problem in found]
    assert places == ["(example.com.zone:17)", "(example.com.zone:18)"]


def test_other_data_beside_addresses_is_fine(folder: Path) -> None:
    lines = {("www.example.com.", MX): 5, ("www.example.com.", TXT): 6, ("example.com.", NS): 2}

    assert find(folder, lines, "www.example.com: {tiers: [[192.0.2.1]]}", "example.com: {all: [192.0.2.1]}") == []


@pytest.mark.parametrize(
    "record",
    ["www.example.com: {tiers: [[a.example.net]]}", "www.example.com: {tiers: [[192.0.2.1]], fallback: [a.b.c]}"],
)
def test_nothing_may_stand_beside_a_cname_that_a_record_answers(folder: Path, record: str) -> None:
    found = find(folder, {("www.example.com.", MX): 5, ("www.example.com.", TXT): 6}, record)

    assert [problem.code for problem in found] == ["record.cname-beside-data"]
    assert "MX there (example.com.zone:5)" in found[0].message


@pytest.mark.parametrize("name", ["sub.example.com", "www.sub.example.com", "a.b.sub.example.com"])
def test_a_record_at_or_below_a_delegation_is_an_error(folder: Path, name: str) -> None:
    found = find(folder, {("sub.example.com.", NS): 9}, f"{name}: {{tiers: [[192.0.2.1]]}}")

    assert [problem.code for problem in found] == ["record.below-delegation"]
    assert "the NS records of sub.example.com (example.com.zone:9)" in found[0].message


def test_a_record_below_a_dname_is_an_error(folder: Path) -> None:
    found = find(folder, {("old.example.com.", DNAME): 9}, "a.b.old.example.com: {tiers: [[192.0.2.1]]}")

    assert [problem.code for problem in found] == ["record.below-dname"]
    assert "the DNAME of old.example.com (example.com.zone:9)" in found[0].message


def test_a_dname_at_the_apex_is_above_every_other_name(folder: Path) -> None:
    found = find(folder, {("example.com.", DNAME): 9}, "www.example.com: {tiers: [[192.0.2.1]]}")

    assert [problem.code for problem in found] == ["record.below-dname"]


def test_a_record_at_a_dname_itself_is_fine(folder: Path) -> None:
    assert find(folder, {("old.example.com.", DNAME): 9}, "old.example.com: {tiers: [[192.0.2.1]]}") == []


def test_a_zone_that_is_not_loaded_is_not_looked_at(folder: Path) -> None:
    assert conflicts(configure(folder, "www.example.com: {tiers: [[192.0.2.1]]}"), {}) == []


def test_a_place_that_cannot_be_found_is_left_out(folder: Path) -> None:
    found = find(folder, {("www.example.com.", A): 0}, "www.example.com: {tiers: [[192.0.2.1]]}")

    assert found[0].message == "www.example.com is steered here, and has A records in its zone too"


def test_problems_stand_in_file_order(folder: Path) -> None:
    lines = {("a.example.com.", A): 1, ("b.example.com.", A): 2}
    found = find(folder, lines, "b.example.com: {all: [192.0.2.1]}", "a.example.com: {all: [192.0.2.1]}")

    assert [(problem.line, problem.message.split()[0]) for problem in found] == [
        (4, "b.example.com"),
        (5, "a.example.com"),
    ]


def test_a_zone_file_is_not_read_again_for_each_of_thousands(folder: Path) -> None:
    count = LOCATED_MAX + 10
    zone = WrittenZone({(f"h{n}.example.com.", A): n + 1 for n in range(count)})
    configuration = configure(folder, *(f"h{n}.example.com: {{all: [192.0.2.1]}}" for n in range(count)))

    assert len(conflicts(configuration, {EXAMPLE: zone})) == count
    assert len(zone.located) == LOCATED_MAX


def test_addresses_of_another_server_s_zone_are_hidden_and_aliases_are_not(folder: Path) -> None:
    addresses = {("www.example.com.", A): 17, ("www.example.com.", AAAA): 18, ("www.example.com.", MX): 19}
    record, alias = "www.example.com: {tiers: [[192.0.2.1]]}", "www.example.com: {tiers: [[app.example.net]]}"

    assert find_fetched(folder, addresses, record) == []
    assert find_fetched(folder, {("www.example.com.", CNAME): 17}, record) == ["record.in-zone-file"]
    assert find_fetched(folder, {("example.com.", DNAME): 3}, record) == ["record.below-dname"]
    assert find_fetched(folder, {("www.example.com.", A): 17}, alias) == ["record.cname-beside-data"]
