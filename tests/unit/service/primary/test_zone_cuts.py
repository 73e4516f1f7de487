"""A zone that the zone above it, on the same server, does not delegate."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.model.name import Name
from understudy.service.candidate import read_candidate

SOA = "$TTL 60\n@ SOA ns.example.net. hostmaster 1 2 3 4 5\n@ NS ns.example.net.\n"
BOTH = "example.com: {file: above}, b.example.com: {file: below}"


def warnings(folder: Path, above: str, zones: str = BOTH) -> list[str]:
    """What is odd, as `line code: message`."""
    (folder / "above").write_text(SOA + above)
    (folder / "below").write_text(SOA)
    (folder / "u.yaml").write_text(f"listen: 127.0.0.1\nzones: {{\n{zones}}}\n")
    return [f"{each.line} {each.code}: {each.message}" for each in read_candidate(folder / "u.yaml", 0.0).warnings]


def test_a_zone_that_is_not_delegated_from_the_one_above_it_is_a_warning(tmp_path: Path) -> None:
    (said,) = warnings(tmp_path, "www A 192.0.2.1\n")
    assert said.startswith("3 zone.undelegated: example.com has no NS records for the zone b.example.com, so it denies")


BETWEEN = "example.com: {file: above}, a.b.example.com: {file: below}, "
BETWEEN += "b.example.com: {source: transfer, primaries: [192.0.2.1]}"
CATALOG = "catalog.example.com: {source: catalog, transfer: {to: [192.0.2.1], notify: [192.0.2.1]}}, "
CATALOG += "example.com: {file: above, transfer: {to: [192.0.2.1], notify: []}}"


@pytest.mark.parametrize(
    ("above", "zones"),
    [
        ("b NS ns.example.net.\n", BOTH),
        ("b NS ns.example.net.\n", BOTH.replace("b.example.com", "a.b.example.com")),
        ("b NS ns.example.net.\n", BETWEEN),
        ("", BOTH.replace("b.example.com", "b.example.org")),
        ("", BOTH.replace("b.example.com", "bexample.com")),
        ("", CATALOG),
    ],
)
def test_what_is_delegated_or_has_nothing_above_it_that_could_is_none(tmp_path: Path, above: str, zones: str) -> None:
    assert warnings(tmp_path, above, zones) == []


def test_of_zones_above_the_nearest_counts(tmp_path: Path) -> None:
    (said,) = warnings(tmp_path, "", BETWEEN)
    assert "for the zone b.example.com," in said


def test_the_zone_above_is_found_by_its_name_however_many_zones_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Name] = []
    is_below = Name.is_below

    def looked(self: Name, other: Name) -> bool:
        looks.append(other)
        return is_below(self, other)

    monkeypatch.setattr(Name, "is_below", looked)
    many = ", ".join(f"z{number}.example: {{source: transfer, primaries: [192.0.2.1]}}" for number in range(100))

    assert len(warnings(tmp_path, "", f"{BOTH}, {many}")) == 1
    assert len(looks) < 100
