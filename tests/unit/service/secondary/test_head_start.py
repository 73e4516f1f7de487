"""Zones that are asked for before there is a server to answer them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from understudy.engine import Gathering
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.candidate import Candidate, read_candidate
from understudy.service.secondary.contact import Contact, Wanted
from understudy.service.secondary.head_start import AT_ONCE, MANY, HeadStart

ORIGINS = [Name.parse(f"zone{number}.example") for number in range(MANY)]
PRIMARY = Primary("127.0.0.1", 9)
SECRET = bytes(range(32))
SIMPLE = "{source: transfer, primaries: ['127.0.0.1:9']}"
SIGNED = "{source: transfer, primaries: ['127.0.0.1:9'], key: corp-key}"
KEYS = "keys: {corp-key: {algorithm: hmac-sha256, secret_file: corp.key}}\n"

Asked = list[tuple[list[Name], Contact]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What is asked for, in place of asking."""
    found: Asked = []

    def begin(wanted: Wanted, contact: Contact) -> Gathering:
        found.append((list(wanted), contact))
        return Gathering("127.0.0.1:9", [], first_id=len(found), limit_octets=1)

    monkeypatch.setattr("understudy.service.secondary.head_start.begin_gathering", begin)
    return found


def candidate(folder: Path, zones: Sequence[str], more: str = "") -> Candidate:
    """Of zones as they are written, in the order of ORIGINS, but for those that are told in `more`."""
    lines = "".join(f"  {origin}: {each}\n" for origin, each in zip(ORIGINS, zones, strict=True))
    (folder / "understudy.yaml").write_text(f"listen: 127.0.0.1:5300\nstate_dir: state\nzones:\n{lines}{more}")
    return read_candidate(folder / "understudy.yaml", 0.0)


def test_all_zones_of_a_primary_are_asked_for_in_the_order_of_the_file(tmp_path: Path, asked: Asked) -> None:
    HeadStart.of(candidate(tmp_path, [SIMPLE] * MANY))
    assert asked == [(ORIGINS, Contact(PRIMARY))]


@pytest.mark.parametrize(
    "each",
    [
        "{source: transfer, primaries: ['127.0.0.1:9', 192.0.2.1]}",
        "{source: transfer, primaries: ['127.0.0.1:9'], catalog: true}",
        "{source: transfer, primaries: ['127.0.0.1:9'], zonemd: require}",
    ],
)
def test_what_is_not_simple_is_not_asked_for_early(tmp_path: Path, asked: Asked, each: str) -> None:
    HeadStart.of(candidate(tmp_path, [*[SIMPLE] * (MANY - 1), each], "  more.example: " + SIMPLE))
    assert [origins for origins, _ in asked] == [[*ORIGINS[:-1], Name.parse("more.example")]]


def test_few_zones_are_not_asked_for_early(tmp_path: Path, asked: Asked) -> None:
    others = "{source: transfer, primaries: [192.0.2.1]}"
    HeadStart.of(candidate(tmp_path, [*[SIMPLE] * (MANY - 1), others]))
    assert not asked


def test_a_zone_with_records_over_it_is_not_asked_for_early(tmp_path: Path, asked: Asked) -> None:
    more = f"  more.example: {SIMPLE}\nrecords: {{www.{ORIGINS[2]}: {{tiers: [[192.0.2.1]]}}}}\n"
    HeadStart.of(candidate(tmp_path, [SIMPLE] * MANY, more))
    assert [origins for origins, _ in asked] == [[*ORIGINS[:2], *ORIGINS[3:], Name.parse("more.example")]]


def test_a_zone_that_an_earlier_run_left_a_copy_of_is_not_asked_for_early(tmp_path: Path, asked: Asked) -> None:
    wanted = candidate(tmp_path, [SIMPLE] * MANY, f"  more.example: {SIMPLE}\n")
    copy = wanted.configuration.zones[ORIGINS[3]].file
    copy.parent.mkdir(parents=True)
    copy.touch()
    HeadStart.of(wanted)
    assert [origins for origins, _ in asked] == [[*ORIGINS[:3], *ORIGINS[4:], Name.parse("more.example")]]


def test_no_more_primaries_are_asked_early_than_at_any_other_time(tmp_path: Path, asked: Asked) -> None:
    others = (
        f"  zone{zone}.more{primary}.example: {{source: transfer, primaries: [192.0.2.{primary}]}}\n"
        for primary in range(1, AT_ONCE + 1)
        for zone in range(MANY)
    )
    HeadStart.of(candidate(tmp_path, [SIMPLE] * MANY, "".join(others)))
    assert len(asked) == AT_ONCE


def test_what_is_asked_for_early_is_signed(tmp_path: Path, asked: Asked) -> None:
    (tmp_path / "corp.key").write_text(base64.b64encode(SECRET).decode())
    (tmp_path / "corp.key").chmod(0o600)
    wanted = candidate(tmp_path, [SIGNED] * MANY, KEYS)
    HeadStart.of(wanted)
    key = wanted.configuration.keys[Name.parse("corp-key")]
    assert asked == [(ORIGINS, Contact(Primary("127.0.0.1", 9, key.name), key, SECRET))]


def test_nothing_is_asked_for_unsigned_because_a_secret_cannot_be_read(tmp_path: Path, asked: Asked) -> None:
    HeadStart.of(candidate(tmp_path, [SIGNED] * MANY, KEYS))
    assert not asked


def test_what_was_begun_is_taken_once(tmp_path: Path, asked: Asked) -> None:
    begun = HeadStart.of(candidate(tmp_path, [SIMPLE] * MANY))
    begun.gathering(dict.fromkeys(ORIGINS), Contact(PRIMARY))
    assert len(asked) == 1
    begun.gathering(dict.fromkeys(ORIGINS), Contact(PRIMARY))
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("origins", "contact"), [(ORIGINS[1:], Contact(PRIMARY)), (ORIGINS, Contact(PRIMARY, None, b"another"))]
)
def test_whoever_wants_something_else_gets_that(
    tmp_path: Path, asked: Asked, origins: Sequence[Name], contact: Contact
) -> None:
    begun = HeadStart.of(candidate(tmp_path, [SIMPLE] * MANY))
    begun.gathering(dict.fromkeys(origins), contact)
    assert asked[1:] == [(origins, contact)]
