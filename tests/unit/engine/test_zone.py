from __future__ import annotations

import threading
from ipaddress import ip_address
from pathlib import Path

import pytest

from understudy.engine import Zone, ZoneFileError

SOA, NS, A, AAAA, CNAME = 6, 2, 1, 28, 5


def octets(address: str) -> bytes:
    """The rdata of an A or AAAA record."""
    return ip_address(address).packed


def test_a_zone_knows_its_numbers(zone: Zone) -> None:
    assert zone.origin == "example.com."
    assert zone.serial == 2026112201
    assert zone.record_count == 8
    assert zone.name_count == 5
    assert zone.warnings == []


def test_an_rrset_is_owner_type_ttl_and_octets(zone: Zone) -> None:
    assert zone.rrset("www.example.com.", A) == (
        "www.example.com.",
        A,
        300,
        [octets("192.0.2.10"), octets("192.0.2.11")],
    )
    assert zone.rrset("WWW.EXAMPLE.COM", AAAA) == ("www.example.com.", AAAA, 300, [octets("2001:db8::10")])
    assert zone.rrset("alias.example.com.", CNAME) == (
        "alias.example.com.",
        CNAME,
        300,
        [b"\x03www\x07example\x03com\0"],
    )


@pytest.mark.parametrize(("owner", "rtype"), [("www.example.com.", SOA), ("x.example.com.", A), ("example.net.", A)])
def test_what_is_not_there_is_none(zone: Zone, owner: str, rtype: int) -> None:
    assert zone.rrset(owner, rtype) is None


def test_the_types_at_a_name_are_listed_in_order(zone: Zone) -> None:
    assert zone.types_at("example.com.") == [NS, SOA]
    assert zone.types_at("www.example.com.") == [A, AAAA]
    assert zone.types_at("missing.example.com.") == []
    assert zone.types_at("example.net.") == []


def test_all_rrsets_come_with_the_soa_first_and_then_in_canonical_order(zone: Zone) -> None:
    assert [(owner, rtype) for owner, rtype, _, _ in zone.rrsets()] == [
        ("example.com.", SOA),
        ("example.com.", NS),
        ("alias.example.com.", CNAME),
        ("ns1.example.com.", A),
        ("sub.example.com.", NS),
        ("www.example.com.", A),
        ("www.example.com.", AAAA),
    ]


@pytest.mark.parametrize(
    ("owner", "cut"),
    [
        ("www.example.com.", None),
        ("example.com.", None),
        ("sub.example.com.", "sub.example.com."),
        ("a.b.sub.example.com.", "sub.example.com."),
        ("example.net.", None),
    ],
)
def test_the_delegation_above_a_name_is_found(zone: Zone, owner: str, cut: str | None) -> None:
    assert zone.delegation_above(owner) == cut


def test_a_zone_written_out_reads_back_as_itself(zone: Zone) -> None:
    again = Zone.parse("example.com.", zone.to_master_file().encode())
    assert again.rrsets() == zone.rrsets()


def test_a_file_and_what_it_includes_are_listed(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("mail A 192.0.2.25\n")
    path = tmp_path / "zone"
    path.write_text("$TTL 60\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n$INCLUDE more\n")
    loaded = Zone.load("example.com.", str(path))
    assert [Path(file).name for file in loaded.files] == ["zone", "more"]
    assert loaded.types_at("mail.example.com.") == [A]


def test_a_record_is_located_in_its_file(tmp_path: Path) -> None:
    path, more = tmp_path / "zone", tmp_path / "more"
    more.write_text("; nothing here\nmail A 192.0.2.25\nmail A 192.0.2.26\n")
    path.write_text("$TTL 60\n@ SOA ns. root. (1\n 2 3 4 5)\n@ NS ns.\nwww A 192.0.2.1\n$INCLUDE more\n")
    assert Zone.locate("example.com.", str(path), "WWW.example.com.", A) == (str(path), 5)
    assert Zone.locate("example.com.", str(path), "mail.example.com.", A) == (str(more), 2)
    assert Zone.locate("example.com.", str(path), "example.com.", NS) == (str(path), 4)


@pytest.mark.parametrize("owner", ["www.example.com.", "example.net."])
def test_what_is_not_there_is_located_nowhere(tmp_path: Path, owner: str) -> None:
    path = tmp_path / "zone"
    path.write_text("$TTL 60\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n")
    assert Zone.locate("example.com.", str(path), owner, A) is None
    assert Zone.locate("example.com.", str(tmp_path / "missing"), "example.com.", NS) is None


def test_every_problem_has_its_place_and_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text("$TTL 60\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\na A 192.0.2.300\nb AAAA 192.0.2.1\n")
    with pytest.raises(ZoneFileError) as raised:
        Zone.load("example.com.", str(path))
    problems = raised.value.problems
    assert [(file, line) for file, line, *_ in problems] == [(str(path), 4), (str(path), 5)]
    assert all(column >= 1 and code.startswith("zone.") and text for *_, column, code, text in problems)
    assert f"{path}:4:" in str(raised.value)
    assert "1 more" in str(raised.value)


def test_what_is_odd_about_a_bad_file_is_no_problem_of_it() -> None:
    with pytest.raises(ZoneFileError) as raised:
        Zone.parse("example.com.", b"$TTL 60\n@ SOA a. b. 1 2 3 4 5\nx 5 TXT a\nx 6 TXT b\n")
    assert [code for *_, code, _ in raised.value.problems] == ["zone.ns.missing"]
    assert [code for *_, code, _ in raised.value.warnings] == ["zone.ttl.differs"]


def test_a_parsed_text_is_named_in_its_problems() -> None:
    with pytest.raises(ZoneFileError) as raised:
        Zone.parse("example.com.", b"nonsense", file="over there")
    assert {file for file, *_ in raised.value.problems} == {"over there"}


@pytest.mark.parametrize(
    ("name", "error"),
    [("missing", FileNotFoundError), (".", IsADirectoryError)],
)
def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path, name: str, error: type[OSError]) -> None:
    with pytest.raises(error) as raised:
        Zone.load("example.com.", str(tmp_path / name))
    assert raised.value.filename == str(tmp_path / name)
    assert raised.value.errno


@pytest.mark.parametrize("origin", ["", "a..b", "a" * 64, "bad\\"])
def test_an_origin_that_is_no_name_is_a_value_error(origin: str) -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        Zone.parse(origin, b"")


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    lines = [f"host{number} A 192.0.2.1" for number in range(20_000)]
    path.write_text("\n".join(["$TTL 60", "@ SOA ns. root. 1 2 3 4 5", "@ NS ns.", *lines, ""]))
    told: list[tuple[int, int]] = []
    Zone.load("example.com.", str(path), lambda done, total: told.append((done, total)))
    assert all(total == path.stat().st_size and 0 <= done <= total for done, total in told)
    assert told == sorted(told)


def test_what_progress_raises_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    lines = [f"host{number} A 192.0.2.1" for number in range(200_000)]
    path.write_text("\n".join(["$TTL 60", "@ SOA ns. root. 1 2 3 4 5", "@ NS ns.", *lines, ""]))

    class StoppedError(Exception):
        pass

    calls = 0

    def stop(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        raise StoppedError

    with pytest.raises(StoppedError):
        Zone.load("example.com.", str(path), stop)
    assert calls == 1


def test_loading_lets_other_threads_go_on(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    lines = [f"host{number} A 192.0.2.1" for number in range(200_000)]
    path.write_text("\n".join(["$TTL 60", "@ SOA ns. root. 1 2 3 4 5", "@ NS ns.", *lines, ""]))
    is_loading = threading.Event()
    turns = 0

    def load() -> None:
        is_loading.set()
        Zone.load("example.com.", str(path))
        is_loading.clear()

    thread = threading.Thread(target=load)
    thread.start()
    is_loading.wait()
    while is_loading.is_set():
        turns += 1
    thread.join()
    # With the interpreter held, this thread would have had one switch interval or two; a load takes many.
    assert turns > 1000
