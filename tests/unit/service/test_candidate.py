from __future__ import annotations

from pathlib import Path

import pytest

from understudy.engine import ZoneFileError
from understudy.model.errors import ConfigError, Problem
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.candidate import read_candidate
from understudy.service.zone_table import load_zone, zone_problems

SOA = "$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n"
HEAD = "listen: 127.0.0.1:5300\nzones: {example.com: {file: a.zone}, example.org: {file: b.zone}}\nrecords:\n"


def lay(folder: Path, records: str, a: str = "@ NS ns.example.net.\n", b: str = "@ NS ns.example.net.\n") -> Path:
    (folder / "a.zone").write_text(SOA + a)
    (folder / "b.zone").write_text(SOA + b)
    (folder / "u.yaml").write_text(HEAD + records)
    return folder / "u.yaml"


def told(problems: tuple[Problem, ...]) -> list[str]:
    return [
        f"{Path(problem.file).name}:{problem.line}:{problem.column} {problem.severity} {problem.code}"
        for problem in problems
    ]


def test_an_error_in_the_file_hides_nothing_of_the_zones(tmp_path: Path) -> None:
    file = lay(
        tmp_path,
        "  www.example.com: {tiers: [[192.0.2.1]], check: tcp:80}\n"
        "  bad.example.com: {tiers: [[192.0.2.1]], check: tcp:80, min_healthy: 4}\n"
        "  odd.example.com: {tiers: [[192.0.2.1]]}\n",
        a="@ NS ns.example.net.\nwww A 192.0.2.9\nbad A 192.0.2.9\nx 5 TXT a\nx 6 TXT b\n",
        b="@ NS ns.example.net.\nx MX 1 m.example.net.\nx MX 1 m.example.net.\n" + "x A 192.0.2.300\n" * 51,
    )
    with pytest.raises(ConfigError) as caught:
        read_candidate(file, 0.0)

    assert told(caught.value.problems) == [
        "u.yaml:4:1 error record.in-zone-file",
        "u.yaml:5:1 error record.in-zone-file",
        "u.yaml:5:71 error min_healthy.too-large",
        "u.yaml:6:20 warning record.unmonitored",
        "a.zone:7:3 warning zone.ttl.differs",
        "b.zone:5:3 warning zone.record.duplicate",
        *(f"b.zone:{line}:5 error zone.rdata.address" for line in range(6, 56)),
        "b.zone:1:1 error zone.problems.many",
    ]
    assert str(caught.value).startswith("config: 54 problems: ")


def test_a_candidate_has_errors_and_warnings_of_all_stages_in_file_order(tmp_path: Path) -> None:
    file = lay(
        tmp_path,
        "  odd.example.com: {tiers: [[192.0.2.1]]}\n  www.example.com: {tiers: [[192.0.2.1]], check: tcp:80}\n",
        a="@ NS ns.example.net.\nwww A 192.0.2.9\nx 5 TXT a\nx 6 TXT b\n",
        b="x A 192.0.2.300\n",
    )
    candidate = read_candidate(file, 0.0)

    assert told(candidate.findings) == [
        "u.yaml:4:20 warning record.unmonitored",
        "u.yaml:5:1 error record.in-zone-file",
        "a.zone:6:3 warning zone.ttl.differs",
        "b.zone:2:3 error zone.ns.missing",
        "b.zone:3:5 error zone.rdata.address",
    ]
    assert {*candidate.problems, *candidate.warnings} == {*candidate.findings}
    with pytest.raises(ConfigError) as caught:
        candidate.require_faultless()
    assert caught.value.problems == candidate.findings


def test_a_file_that_cannot_be_read_at_all_is_told_at_its_beginning(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_candidate(tmp_path / "nowhere.yaml", 0.0)

    assert told(caught.value.problems) == ["nowhere.yaml:1:1 error file.unreadable"]


def test_a_zone_without_a_soa_is_told_at_its_beginning(tmp_path: Path) -> None:
    file = lay(tmp_path, "  www.example.com: {tiers: [[192.0.2.1]], check: tcp:80}\n")
    (tmp_path / "b.zone").write_text("")

    assert told(read_candidate(file, 0.0).findings) == ["b.zone:1:1 error zone.soa.missing"]


def test_a_name_server_that_a_record_answers_for_needs_no_address_in_the_zone(tmp_path: Path) -> None:
    file = lay(
        tmp_path,
        "  NS1.example.com: {tiers: [[192.0.2.53]], check: tcp:53}\n",
        a="@ NS Ns1\n@ NS ns2\n",
        b="@ NS ns1\n",
    )

    assert told(read_candidate(file, 0.0).findings) == [
        "a.zone:4:3 warning zone.ns.address",
        "b.zone:3:3 warning zone.ns.address",
    ]


def test_the_first_problem_of_a_zone_is_what_refuses_it(tmp_path: Path) -> None:
    file = tmp_path / "z"
    file.write_text(SOA + "@ NS ns.example.net.\nx MX 1 m.example.net.\nx MX 1 m.example.net.\nx A 192.0.2.300\n")
    definition = ZoneDefinition(Name.parse("example.com"), ZoneSource.FILE, file)
    with pytest.raises(ZoneFileError) as caught:
        load_zone(definition, 0.0)

    assert told(tuple(zone_problems(definition, caught.value))) == [
        "z:6:5 error zone.rdata.address",
        "z:5:3 warning zone.record.duplicate",
    ]


@pytest.mark.parametrize(
    ("zone", "transfer", "codes"),
    [
        ("@ NS ns\nns A 192.0.2.53\n", "{to: [192.0.2.1]}", ["transfer.notify"]),
        ("@ NS ns.example.net.\n", "{to: [192.0.2.1]}", []),
        ("@ NS ns.example.net.\n", "{to: [192.0.2.1]}, watch: false", ["transfer.notify"]),
        ("@ NS ns\n@ NS ns2.example.net.\nns A 192.0.2.53\n", "{to: [192.0.2.1]}", []),
        ("@ NS ns\n@ NS ns2.example.net.\nns A 192.0.2.53\n", "{to: [192.0.2.1]}, watch: false", ["transfer.notify"]),
        ("@ NS ns\n@ NS ns2\nns A 192.0.2.53\nns2 AAAA 2001:db8::53\n", "{to: [192.0.2.1]}", []),
        (
            "@ NS ns\n@ NS ns2\n@ NS ns3.example.net.\nns A 192.0.2.53\nns2 A 192.0.2.54\n",
            "{to: [192.0.2.1]}, watch: false",
            ["transfer.notify"],
        ),
        ("@ NS ns.example.net.\n", "{to: [192.0.2.1], notify: [192.0.2.1]}", []),
        ("@ NS ns.example.net.\n", "{to: [192.0.2.1], notify: []}", []),
    ],
)
def test_a_zone_whose_secondaries_nobody_tells_of_versions_is_warned_of(
    tmp_path: Path, zone: str, transfer: str, codes: list[str]
) -> None:
    (tmp_path / "a.zone").write_text(SOA + zone)
    text = f"listen: 127.0.0.1:5300\nzones:\n  example.com: {{file: a.zone, transfer: {transfer}}}\n"
    (tmp_path / "u.yaml").write_text(text)
    warnings = read_candidate(tmp_path / "u.yaml", 0.0).warnings
    assert [each.code for each in warnings] == codes
    assert all(each.line == 3 for each in warnings)


def test_name_servers_that_are_not_told_while_others_are_are_named(tmp_path: Path) -> None:
    """RFC 1996 section 3.3: all name servers of the zone are told."""
    servers = "@ NS ns\n@ NS ns2\n@ NS ns3.example.net.\n@ NS ns4.example.org.\nns A 192.0.2.53\nns2 A 192.0.2.54\n"
    (tmp_path / "a.zone").write_text(SOA + servers)
    zone = "{file: a.zone, transfer: {to: [192.0.2.1]}, watch: false}"
    (tmp_path / "u.yaml").write_text(f"listen: 127.0.0.1:5300\nzones:\n  example.com: {zone}\n")
    (warning,) = read_candidate(tmp_path / "u.yaml", 0.0).warnings
    untold = "it is not watched and has no address for them: ns3.example.net and ns4.example.org"
    assert warning.message == f"not told of new versions of example.com, because {untold}"
