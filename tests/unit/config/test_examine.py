from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import Examined, examine, examine_text, load_text
from understudy.model.errors import ConfigError, Problem
from understudy.model.name import Name


def examine_in(folder: Path, text: str) -> Examined:
    (folder / "z").touch()
    return examine_text(text, folder / "u.yaml")


def places(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.line}:{problem.column} {problem.code}" for problem in problems]


def test_an_error_in_one_record_hides_no_warning_of_another(tmp_path: Path) -> None:
    examined = examine_in(
        tmp_path,
        "listen: 127.0.0.1\nzones: {example.com: {file: z}}\nrecords:\n"
        "  bad.example.com: {tiers: [[192.0.2.1]], check: tcp:80, min_healthy: 4}\n"
        "  nocheck.example.com: {tiers: [[192.0.2.1]]}\n",
    )

    assert places(examined.errors) == ["4:71 min_healthy.too-large"]
    assert places(examined.warnings) == ["5:24 record.unmonitored"]


def test_what_is_faulty_is_left_out_and_the_rest_is_built(tmp_path: Path) -> None:
    examined = examine_in(
        tmp_path,
        "listen: nowhere\nzones: {example.com: {file: z, foo: 1}, example.org: {source: dynamic}}\nrecords:\n"
        "  a.example.com: {tiers: [[192.0.2.1]], check: tcp:80, ttl: bad}\n"
        "  b.example.com: {tiers: [nowhere], check: tcp:80}\n"
        "  c.example.com: {check: tcp:80}\n"
        "  d.example.net: {tiers: [[192.0.2.1]], check: tcp:80}\n",
    )

    assert examined.configuration is not None
    assert examined.configuration.zones.keys() == {Name.parse("example.com")}
    assert [str(name) for name in examined.configuration.records] == ["a.example.com", "b.example.com", "c.example.com"]
    assert places(examined.errors) == [
        "1:9 listen.bad",
        "2:32 key.unknown",
        "2:63 feature.later",
        "4:61 duration.bad",
        "5:27 reference.unknown",
        "6:18 record.policy",
        "7:3 record.outside-zones",
    ]


def test_a_bad_address_hides_no_repetition_of_two_good_ones(tmp_path: Path) -> None:
    examined = examine_in(tmp_path, "listen: [127.0.0.1, nowhere, 127.0.0.1:53]")

    assert places(examined.errors) == ["1:21 listen.bad", "1:30 listen.duplicate"]


def test_a_duplicate_key_hides_nothing(tmp_path: Path) -> None:
    examined = examine_in(tmp_path, "listen: 127.0.0.1\nzzz: 1\nlisten: 127.0.0.2\npools: {p: [192.0.2.300]}\n")

    assert places(examined.errors) == ["2:1 key.unknown", "3:1 key.duplicate", "4:13 endpoint.bad"]


def test_what_leaves_holes_in_the_file_is_told_alone(tmp_path: Path) -> None:
    examined = examine_in(tmp_path, "listen: 127.0.0.1\nzzz: 1\nrecords: *nowhere\nlisten: 127.0.0.2\n")

    assert examined.configuration is None
    assert places(examined.errors) == ["3:10 yaml.alias", "4:1 key.duplicate"]


def test_a_file_that_is_not_there_is_examined_too(tmp_path: Path) -> None:
    examined = examine(tmp_path / "nowhere.yaml")

    assert examined.configuration is None
    assert places(examined.errors) == ["1:1 file.unreadable"]


def test_what_has_an_error_is_not_loaded_although_it_was_built(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1\nlisten: 127.0.0.2\n"

    assert examine_in(tmp_path, text).configuration is not None
    with pytest.raises(ConfigError) as caught:
        load_text(text, tmp_path / "u.yaml")
    assert places(caught.value.problems) == ["2:1 key.duplicate"]


@pytest.mark.parametrize("text", ["\u0661s", "\u096bm", "1\u066b5s", "\xb2s"])
def test_digits_of_a_duration_are_those_of_ascii(tmp_path: Path, text: str) -> None:
    check = f"{{tcp: 80, interval: '{text}', jitter: \u0665%}}"
    examined = examine_in(tmp_path, f"listen: 127.0.0.1\nchecks: {{c: {check}}}\n")

    assert [problem.code for problem in examined.errors] == ["duration.bad", "value.range"]


@pytest.mark.parametrize("name", ["a\\²12", "a\\12²", "a\\Ā", "a\\é"])
def test_an_escape_that_is_not_of_ascii_is_refused(tmp_path: Path, name: str) -> None:
    assert places(examine_in(tmp_path, f"listen: 127.0.0.1\nrecords: {{'{name}': {{}}}}\n").errors) == ["2:11 name.bad"]
