"""A large file that takes the slow reader says so, and where; smaller ones and plain ones do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config import yaml_reader
from understudy.config.load import examine_text

HEAD = "listen: 127.0.0.1\nzones: {example.com: {file: z}}\npools:\n  near: [192.0.2.1]\n  far: [192.0.2.2]\n"
BODY = "records:\n  www.example.com: {tiers: [near, far], check: tcp:80}\n"
FILE = HEAD + BODY


def slow(folder: Path, text: str) -> list[tuple[int, str]]:
    (folder / "z").touch()
    return [(each.line, each.code) for each in examine_text(text, folder / "understudy.yaml").warnings]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (FILE.replace("[192.0.2.2]", "&far [192.0.2.2]"), 5),
        (FILE.replace("far: [192.0.2.2]", "far:\n    - &first 192.0.2.2"), 5),
        (HEAD + "records:\n  www.example.com:\n    tiers: [near, far]\n    check: >-\n      tcp:80\n", 9),
        (FILE.replace("near, far]", 'near, "f\\x61r"]'), 7),
        (FILE.replace("near, far]", "near,\n   far]"), None),
        (FILE + "keys:\n", 8),
        (FILE.replace("\n", "\r\n"), 1),
        (FILE, None),
    ],
)
def test_the_line_is_told_that_makes_a_large_file_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, line: int | None
) -> None:
    assert slow(tmp_path, written) == []
    monkeypatch.setattr(yaml_reader, "SLOW_VALUES", 10)
    assert slow(tmp_path, written) == ([] if line is None else [(line, "yaml.slow")])


def test_a_file_with_faults_is_told_those_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "SLOW_VALUES", 10)
    text = FILE.replace("[192.0.2.2]", "&far [192.0.2.2]") + "listen: 127.0.0.2\n"
    examined = examine_text(text, tmp_path / "understudy.yaml")
    assert [each.code for each in examined.errors] == ["key.duplicate"]
    assert examined.warnings == ()
