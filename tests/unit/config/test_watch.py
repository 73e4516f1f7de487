"""How the name servers of a zone are watched, as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import examine_text, load_text
from understudy.config.plan import plan
from understudy.model.configuration import Configuration
from understudy.model.name import Name
from understudy.model.watch import ServerPlace, WatchSettings

ORIGIN = Name.parse("example.com")


def configuration_of(folder: Path, written: str) -> Configuration:
    (folder / "z").write_text("")
    text = f"listen: 127.0.0.1\nzones:\n  example.com: {{{written}}}\n"
    return load_text(text, folder / "u.yaml").configuration


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("file: z", None),
        ("file: z, transfer: {to: [192.0.2.1]}", WatchSettings()),
        ("source: transfer, primaries: [192.0.2.1]", WatchSettings()),
        ("source: transfer, primaries: [192.0.2.1], watch: false", None),
        ("file: z, transfer: {to: [192.0.2.1]}, watch: {enabled: false, lag: 1m}", None),
        ("file: z, watch: true", WatchSettings()),
        (
            "file: z, watch: {interval: 30s, lag: 1m, servers: [192.0.2.2, '[2001:DB8::1]:5353'], ignore: ['::2']}",
            WatchSettings(30, 60, (ServerPlace("192.0.2.2", 53), ServerPlace("2001:db8::1", 5353)), ignore=("::2",)),
        ),
    ],
)
def test_what_is_written_has_its_meaning(tmp_path: Path, written: str, expected: WatchSettings | None) -> None:
    assert configuration_of(tmp_path, written).zones[ORIGIN].watch == expected


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("{interval: 0s}", "duration.range"),
        ("{lag: 8d}", "duration.range"),
        ("{servers: [ns.example.com]}", "server.bad"),
        ("{ignore: [192.0.2.0/24]}", "server.bad"),
        ("{every: 1m}", "key.unknown"),
        ("often", "value.type"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, written: str, code: str) -> None:
    (tmp_path / "z").write_text("")
    text = f"listen: 127.0.0.1\nzones:\n  example.com: {{file: z, watch: {written}}}\n"
    assert [problem.code for problem in examine_text(text, tmp_path / "u.yaml").errors] == [code]


def test_a_changed_limit_is_one_change_of_the_plan(tmp_path: Path) -> None:
    old, new = (configuration_of(tmp_path, f"file: z, watch: {{lag: {lag}}}") for lag in ("1m", "2m"))
    assert [str(change) for change in plan(old, new).changes] == ["~ zone example.com: watch.lag 1m -> 2m"]
