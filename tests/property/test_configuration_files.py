from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.config.load import examine_text, load_text
from understudy.config.plan import plan
from understudy.config.yaml_reader import read_octets
from understudy.config.zone_conflicts import conflicts
from understudy.model.check import leaves
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem, ProblemSeverity

EXAMPLE = (Path(__file__).parents[2] / "examples" / "main.yaml").read_text()
TOKENS = re.findall(r"\s+|[\w.-]+|.", EXAMPLE)
CODE = re.compile(r"[a-z_]+(-[a-z_]+)*\.[a-z_]+(-[a-z_]+)*")

# What people, editors and programs leave in a file; a mutation puts one of them somewhere.
ODD = [
    *(
        "",
        " ",
        "\n",
        "\t",
        "  ",
        ": ",
        "- ",
        ",",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "#",
        "&a ",
        "*a",
        "<<: *a",
        "!!int ",
        "? ",
    ),
    *("|", ">", "%", "@", "`", "---\n", "...", "null", "~", "true", "no", "0", "-1", "1e400", ".nan", ".inf", "0x1F"),
    *("99999999999999999999999999", "1.5", "5s", "5 parsecs", "1h1h", "٣s", "192.0.2.1", "::", "::1", "192.0.2.1:53"),
    *(
        "example.com",
        ".",
        "..",
        "*",
        "\\",
        "\\300",
        "é.example",
        "a" * 70,
        "\x00",
        "\x7f",
        "\ufeff",
        "\u2028",
        "\U0001f600",
    ),
    *("tiers", "all", "weighted", "check", "tcp:80", "tcp:x", "http://[", "http://x/", "icmp", "dns:..", "script:/x '"),
    *("all_of: [web]", "at_least: 3", "interval: 1ms", "endpoints", "frankfurt", "web", "web-and-db", "local", "any"),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "zones").mkdir()
        (folder / "example.com.zone").touch()
        (folder / "zones" / "example.net.zone").touch()
        yield folder


@st.composite
def mutated(draw: st.DrawFn) -> str:
    tokens = list(TOKENS)
    for _ in range(draw(st.integers(1, 6))):
        index = draw(st.integers(0, len(tokens) - 1))
        width = draw(st.integers(0, 3))
        put = draw(st.one_of(st.sampled_from(ODD), st.sampled_from(TOKENS), st.text(max_size=3)))
        tokens[index : index + width] = [put]
    return "".join(tokens)


def judge(text: str, folder: Path) -> Configuration | tuple[Problem, ...]:
    try:
        return load_text(text, folder / "main.yaml").configuration
    except ConfigError as error:
        return error.problems


def assert_told_in_order(problems: tuple[Problem, ...], text: str, folder: Path) -> None:
    assert problems
    assert_well_placed(problems, text, folder)
    assert all(problem.severity is ProblemSeverity.ERROR for problem in problems)
    assert [(problem.line, problem.column) for problem in problems] == sorted(
        (problem.line, problem.column) for problem in problems
    )


def assert_well_placed(problems: tuple[Problem, ...], text: str, folder: Path) -> None:
    lines = text.encode("utf-8", errors="replace").decode().removeprefix("\ufeff")
    ends = [len(line) for line in re.split(r"\r\n|\r|\n", lines)]
    for problem in problems:
        assert problem.file == str(folder / "main.yaml")
        assert 1 <= problem.line <= len(ends), problem
        assert 1 <= problem.column <= ends[problem.line - 1] + 1, problem
        assert CODE.fullmatch(problem.code), problem
        assert problem.message.isprintable(), problem


def assert_whole(configuration: Configuration, text: str, folder: Path) -> None:
    root = read_octets(text.encode("utf-8", errors="replace"), folder / "main.yaml").root.plain()
    assert isinstance(root, dict)
    written = root.get("records") or {}
    assert isinstance(written, dict)
    assert len(configuration.records) == len(written)
    for record in configuration.records.values():
        assert record.zone in configuration.zones
        assert record.pools
        assert {*record.pools, *([record.fallback] if record.fallback else [])} <= configuration.pools.keys()
        assert set(leaves(record.requirement)) <= configuration.checks.keys()
        assert f"record:{record.name}" in configuration.sources


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(text=mutated())
def test_a_mutated_file_loads_whole_or_is_refused_with_places(folder: Path, text: str) -> None:
    outcome = judge(text, folder)

    if isinstance(outcome, Configuration):
        assert_whole(outcome, text, folder)
        assert plan(outcome, outcome).is_empty
    else:
        assert_told_in_order(outcome, text, folder)


class FullZone:
    """A zone that has data of many types at every name."""

    def types_at(self, _owner: str) -> list[int]:
        return [1, 5, 15]

    def delegation_above(self, _owner: str) -> str | None:
        return None

    def locate(self, _owner: str, _rtype: int) -> tuple[str, int] | None:
        return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(text=mutated())
def test_what_is_left_of_a_faulty_file_can_be_judged_against_zones(folder: Path, text: str) -> None:
    examined = examine_text(text, folder / "main.yaml")
    if examined.configuration is None:
        assert examined.errors
        return
    records = examined.configuration.records

    found = conflicts(examined.configuration, {record.zone: FullZone() for record in records.values()})
    assert len({problem.line for problem in found if problem.code == "record.in-zone-file"}) <= len(records)
    assert {problem.code for problem in found} >= ({"record.in-zone-file"} if records else set())
    assert_well_placed((*found, *examined.warnings), text, folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    octets=st.one_of(
        st.binary(max_size=60), st.text(alphabet=" \n:-[]{}&*!|>'\"%#,?a1<\t", max_size=60).map(str.encode)
    )
)
def test_any_octets_are_read_or_refused(folder: Path, octets: bytes) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        read_octets(octets, folder / "main.yaml")
    except ConfigError as error:
        problems = error.problems

    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(one=mutated(), other=mutated())
def test_a_plan_names_every_object_that_differs_and_no_other(folder: Path, one: str, other: str) -> None:
    before, after = judge(one, folder), judge(other, folder)
    if not isinstance(before, Configuration) or not isinstance(after, Configuration):
        return
    named = {(change.kind, change.name) for change in plan(before, after).changes if change.kind != "node"}

    differing = set()
    for kind, attribute in (("zone", "zones"), ("check", "checks"), ("pool", "pools"), ("record", "records")):
        old, new = getattr(before, attribute), getattr(after, attribute)
        differing |= {(kind, str(name)) for name in {*old, *new} if old.get(name) != new.get(name)}
    assert named == differing
