from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy.checks.registry import KINDS, parse_text
from understudy.config.findings import Findings
from understudy.config.load import Loaded, load_text
from understudy.config.schedule_form import ScheduleForm, judge_schedule
from understudy.config.yaml_reader import read_octets
from understudy.model.check import AtLeast, CheckRef, Quorum, QuorumRule, Schedule
from understudy.model.errors import ConfigError
from understudy.model.name import Name
from understudy.model.record import Record

HEAD = "listen: 127.0.0.1\nzones: {example.com: {file: z}, sub.example.com: {file: z}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "z").touch()
    return tmp_path


def load_in(folder: Path, text: str) -> Loaded:
    return load_text(HEAD + text, folder / "u.yaml")


def record_of(loaded: Loaded, text: str = "www.example.com") -> Record:
    return loaded.configuration.records[Name.parse(text)]


def schedule_of(loaded: Loaded, check: str = "web") -> Schedule:
    return loaded.configuration.checks[check].schedule


def warnings_of(loaded: Loaded) -> list[str]:
    return [f"{warning.line}:{warning.column} {warning.code}" for warning in loaded.warnings]


def in_a_record(check: str) -> str:
    return f"records: {{www.example.com: {{tiers: [[192.0.2.1]], check: {check}}}}}"


def test_a_schedule_has_the_defaults_of_the_semantics(folder: Path) -> None:
    assert schedule_of(load_in(folder, "checks: {web: tcp:80}")) == Schedule(10, 3, 1, 3, 3, 0.1, 33)


def test_a_short_interval_shortens_what_was_not_written(folder: Path) -> None:
    loaded = load_in(folder, "checks: {web: {tcp: 80, interval: 500ms}}")

    assert schedule_of(loaded) == Schedule(0.5, 0.5, 0.5, 3, 3, 0.1, 10)


def test_a_schedule_keeps_what_is_written(folder: Path) -> None:
    loaded = load_in(
        folder,
        "checks: {web: {tcp: 80, interval: 2m, timeout: 4s, recheck_interval: 250ms, fall: 2, rise: 5, jitter: 20%}}",
    )

    assert schedule_of(loaded) == Schedule(120, 4, 0.25, 2, 5, 0.2, 364)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("majority", Quorum()),
        ("any", Quorum(QuorumRule.ANY)),
        ("all", Quorum(QuorumRule.ALL)),
        ("{count: 1}", Quorum(QuorumRule.COUNT, 1)),
        ("{percent: 18}", Quorum(QuorumRule.PERCENT, 18)),
    ],
)
def test_a_quorum_is_read(folder: Path, written: str, meant: Quorum) -> None:
    loaded = load_in(folder, f"checks: {{web: {{tcp: 80, quorum: {written}}}}}")

    assert loaded.configuration.checks["web"].quorum == meant


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("tcp:5432", "tcp:5432"),
        ("{tcp: 5432}", "tcp:5432"),
        ("{tcp: {port: 5432}}", "tcp:5432"),
        ("{tcp: 5432, interval: 10s, fall: 3}", "tcp:5432"),
        ("{tcp: 5432, interval: 1s, fall: 2}", "tcp:5432 interval=1s fall=2"),
        ("{tcp: 5432, timeout: 500ms, jitter: 0}", "tcp:5432 timeout=500ms jitter=0"),
        ("{tcp: 5432, quorum: any, min_live: 1}", "tcp:5432 quorum=any min_live=1"),
        ("https://www.example.com/", "https://www.example.com/"),
    ],
)
def test_an_unnamed_check_is_called_what_it_does(folder: Path, written: str, name: str) -> None:
    loaded = load_in(folder, in_a_record(written))

    assert list(loaded.configuration.checks) == [name]
    assert record_of(loaded).requirement == CheckRef(name)


def test_settings_that_the_summary_does_not_show_make_another_name(folder: Path) -> None:
    names: set[str] = set()
    for body in ("ready", "steady"):
        loaded = load_in(folder, in_a_record(f"{{http: 'http://x.example/', expect: {{body: {body}}}}}"))
        names.update(loaded.configuration.checks)

    assert len(names) == 2
    assert all(name.startswith("http://x.example/ #") for name in names)


def test_equal_definitions_share_one_check(folder: Path) -> None:
    loaded = load_in(
        folder,
        "checks: {web: {tcp: 80}}\nrecords:\n"
        "  a.example.com: {tiers: [[192.0.2.1]], check: tcp:80}\n"
        "  b.example.com: {tiers: [[192.0.2.1]], check: {tcp: {port: 80}}}\n"
        "  c.example.com: {tiers: [[192.0.2.1]], check: web}\n",
    )

    assert {record.requirement for record in loaded.configuration.records.values()} == {CheckRef("web")}
    assert list(loaded.configuration.checks) == ["web"]
    assert loaded.warnings == ()


def test_two_names_of_one_definition_are_one_check_with_a_warning(folder: Path) -> None:
    loaded = load_in(folder, f"checks: {{one: tcp:80, two: tcp:80}}\n{in_a_record('two')}")

    assert record_of(loaded).requirement == CheckRef("one")
    assert warnings_of(loaded) == ["3:28 check.duplicate"]


def test_an_unnamed_check_never_takes_a_word_of_the_file(folder: Path) -> None:
    loaded = load_in(
        folder,
        "checks: {icmp: {icmp: , interval: 30s}}\nrecords:\n"
        "  a.example.com: {tiers: [[192.0.2.1]], check: icmp}\n"
        "  b.example.com: {tiers: [[192.0.2.1]], check: {icmp: }}\n",
    )

    requirements = {record.requirement for record in loaded.configuration.records.values()}
    assert len(requirements) == len(loaded.configuration.checks) == 2
    assert loaded.configuration.checks["icmp"].schedule.interval_s == 30


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{all_of: [tcp:1, tcp:2]}", AtLeast(2, (CheckRef("tcp:1"), CheckRef("tcp:2")))),
        ("{any_of: [tcp:1, tcp:2]}", AtLeast(1, (CheckRef("tcp:1"), CheckRef("tcp:2")))),
        (
            "{at_least: 2, of: [tcp:1, tcp:2, tcp:3]}",
            AtLeast(2, (CheckRef("tcp:1"), CheckRef("tcp:2"), CheckRef("tcp:3"))),
        ),
        ("{all_of: [tcp:1]}", CheckRef("tcp:1")),
        ("[tcp:1]", CheckRef("tcp:1")),
        ("[tcp:1, tcp:2]", AtLeast(2, (CheckRef("tcp:1"), CheckRef("tcp:2")))),
        (
            "{all_of: [{any_of: [tcp:1, tcp:2]}, {tcp: 3}]}",
            AtLeast(2, (AtLeast(1, (CheckRef("tcp:1"), CheckRef("tcp:2"))), CheckRef("tcp:3"))),
        ),
    ],
)
def test_compositions_become_requirements(folder: Path, written: str, meant: AtLeast | CheckRef) -> None:
    assert record_of(load_in(folder, in_a_record(written))).requirement == meant


def test_a_check_may_be_another_name_of_a_check(folder: Path) -> None:
    loaded = load_in(folder, f"checks: {{web: tcp:80, site: web}}\n{in_a_record('site')}")

    assert record_of(loaded).requirement == CheckRef("web")
    assert loaded.warnings == ()


def test_compositions_of_compositions_cannot_explode(folder: Path) -> None:
    stages = "\n".join(f"  c{n}: {{all_of: [c{n + 1}, c{n + 1}]}}" for n in range(19))
    with pytest.raises(ConfigError) as caught:
        load_in(folder, f"checks:\n{stages}\n  c19: tcp:80\n{in_a_record('c0')}")

    assert {problem.code for problem in caught.value.problems} == {"check.too-large"}


def test_a_long_chain_of_names_is_refused(folder: Path) -> None:
    chain = "\n".join(f"  c{n}: c{n + 1}" for n in range(3000))
    with pytest.raises(ConfigError) as caught:
        load_in(folder, f"checks:\n{chain}\n  c3000: tcp:80\n{in_a_record('c0')}")

    assert {problem.code for problem in caught.value.problems} == {"check.too-deep"}


@pytest.mark.parametrize(
    ("check", "kind", "tls"),
    [
        ("{grpc: 70, tls: true}", "grpc", True),
        ("{tls: true, grpc: 70}", "grpc", True),
        ("{smtp: 25, tls: starttls}", "smtp", "starttls"),
        ("{smtp: {port: 25}, tls: starttls}", "smtp", "starttls"),
    ],
)
def test_a_setting_may_stand_beside_the_kind_though_a_kind_has_its_name(
    folder: Path, check: str, kind: str, tls: object
) -> None:
    web = load_in(folder, f"checks: {{web: {check}}}").configuration.checks["web"]

    assert web.kind == kind
    assert getattr(web.settings, "tls", None) == tls


PAGE = Path(__file__).parents[3] / "docs" / "configure.md"
SHORTHANDS = re.findall(r"^\| `([^`]+)` \| `(\{[^`]+\})` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("shorthand", "mapping"), SHORTHANDS)
def test_a_shorthand_of_the_page_means_what_its_mapping_means(folder: Path, shorthand: str, mapping: str) -> None:
    checks = load_in(folder, f"checks:\n  short: '{shorthand}'\n  long: {mapping}").configuration.checks

    assert checks["short"].settings == checks["long"].settings


def test_the_page_has_a_shorthand_of_every_kind() -> None:
    assert [parse_text(shorthand)[0] for shorthand, _ in SHORTHANDS] == list(KINDS)


def refusal(folder: Path, check: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_in(folder, f"checks:\n  web: {check}")
    return [
        f"{problem.line}:{problem.column} {problem.code}: {problem.message} ({problem.hint})"
        for problem in caught.value.problems
    ]


def test_two_kinds_of_which_neither_is_a_setting_are_refused(folder: Path) -> None:
    assert refusal(folder, "{grpc: 70, smtp: 25, tls: true}") == [
        (
            "4:19 check.kind: a check is of one kind, not grpc and smtp and tls"
            " (write one check for each and combine them with all_of)"
        )
    ]


def test_a_kind_that_is_a_wrong_setting_is_told_how_to_become_a_check(folder: Path) -> None:
    assert refusal(folder, "{grpc: 70, tls: 443}") == [
        (
            "4:24 check.value: tls: 443 is neither true nor false"
            " (write true or false; to check tls as well, combine two checks with all_of)"
        )
    ]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("{tls: 443, ca_file: no.pem}", "4:28 check.file no.pem does not exist"),
        ("{tls: {port: 443, ca_file: no.pem}}", "4:35 check.file no.pem does not exist"),
        ("{tls: 443, client_cert_file: own.pem, client_key_file: dir}", "4:63 check.file dir is no file"),
        ('{tls: 443, ca_file: "a\\0b"}', "4:28 check.file a\\x00b does not exist"),
        ("{script: FOLDER/no}", "4:17 check.file no does not exist"),
        ("script:FOLDER/own.pem -x", "4:8 check.file own.pem is not executable"),
        ("{script: {path: FOLDER/dir}}", "4:24 check.file dir is no file"),
        ("{tls: 443, ca_file: own.pem}", ""),
        ("script:FOLDER/run", ""),
    ],
)
def test_a_file_of_a_check_that_cannot_be_used_is_warned_of(folder: Path, check: str, expected: str) -> None:
    (folder / "own.pem").touch(mode=0o644)
    (folder / "run").touch(mode=0o755)
    (folder / "dir").mkdir()
    loaded = load_in(folder, f"checks:\n  web: {check.replace('FOLDER', str(folder))}\n{in_a_record('web')}")

    told = [
        f"{warning.line}:{warning.column} {warning.code} {warning.message}".replace(f"{folder}/", "")
        for warning in loaded.warnings
    ]
    assert told == ([f"{expected}, and without it no probe says anything"] if expected else [])


def test_a_zone_file_whose_name_is_too_long_is_a_problem_like_another(folder: Path) -> None:
    loaded = load_text(f"listen: 127.0.0.1\nzones: {{a.b: {{file: {'x' * 3000}}}}}", folder / "u.yaml")

    assert [problem.code for problem in loaded.missing] == ["zone.file-missing"]


def test_two_monitors_are_warned_of() -> None:
    source = read_octets(b"monitors: [local, paris]", Path("u.yaml"))
    findings = Findings(source)
    judge_schedule(ScheduleForm(monitors=["local", "paris"]), "tcp", (), findings=findings)

    assert [str(warning) for warning in findings.warnings] == [
        (
            "u.yaml:1:11: warning: monitors.two: with two monitors one alone can never take an endpoint out"
            " (use one, or three and more)"
        )
    ]
