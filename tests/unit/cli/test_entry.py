"""Where the program begins: the short way to a server, and all other words to the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.cli.entry import ServeWords, main, read_serve
from understudy.telemetry.logging import LogLevel, LogStyle

PLAIN = [
    ["serve"],
    ["serve", "-c", "a.yaml"],
    ["serve", "--config", "a.yaml", "--log-level", "error"],
    ["serve", "--log-style", "json", "--log-level", "debug", "-c", "dir/b.yaml", "-c", "c.yaml"],
]
OTHER = [
    [],
    ["check"],
    ["check", "serve"],
    ["serve", "--help"],
    ["serve", "-c"],
    ["serve", "-c", ""],
    ["serve", "-c", "--log-level"],
    ["serve", "--config=a.yaml"],
    ["serve", "a.yaml"],
    ["serve", "--log-level", "loud"],
    ["serve", "--log-style", "JSON"],
    ["serve", "--bogus", "1"],
]


@pytest.fixture(autouse=True)
def hang_up() -> Iterator[None]:
    """What a server does with SIGHUP is not for these tests to keep."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_the_short_way_reads_the_words_as_the_command_line_does(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    monkeypatch.setattr("understudy.cli.serve.serve", lambda *told: served.append(ServeWords(*told)))
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert served == [read_serve(words)]


@pytest.mark.parametrize("words", OTHER, ids=" ".join)
def test_what_is_not_plainly_a_server_is_left_to_the_command_line(words: list[str]) -> None:
    assert read_serve(words) is None


@pytest.mark.parametrize("words", [["--version"], ["serve", "--log-level", "loud"]])
def test_the_command_line_hears_what_is_not_plain(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["understudy", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == (0 if words == ["--version"] else 2)
    assert "".join(capsys.readouterr())


def test_a_server_is_told_what_the_words_say(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("understudy.cli.serve.serve", lambda *told: served.append(told))
    monkeypatch.setattr("understudy.cli.entry.gc.disable", lambda: served.append("no collector"))
    monkeypatch.setattr("sys.argv", ["understudy", "serve", "-c", "a.yaml", "--log-level", "error"])
    main()
    assert served == ["no collector", (Path("a.yaml"), LogLevel.ERROR, LogStyle.AUTO)]


@pytest.mark.parametrize("words", [["serve"], ["serve", "--config=a.yaml"]], ids=["the short way", "the other way"])
def test_a_reload_that_is_asked_for_while_the_server_starts_does_not_end_it(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGHUP ends a process that does nothing about it, and systemd takes that for a good end: nobody answers."""
    found: list[object] = []
    monkeypatch.setattr("understudy.cli.serve.serve", lambda *_: found.append(signal.getsignal(signal.SIGHUP)))
    monkeypatch.setattr("understudy.cli.entry.gc.disable", lambda: None)
    monkeypatch.setattr("sys.argv", ["understudy", *words])
    with suppress(SystemExit):
        main()
    assert found == [signal.SIG_IGN]


LATE = (
    "typer",
    "rich",
    "structlog",
    "ruamel.yaml",
    "fastapi",
    "uvicorn",
    "prometheus_client",
    "h11",
    "h2",
    "dns.message",
    "jinja2",
)


SHOWN_LATER = (
    "typer",
    "rich",
    "fastapi",
    "uvicorn",
    "prometheus_client",
    "h11",
    "h2",
    "httpx2",
    "jinja2",
    "dns.resolver",
    "understudy.service.reports.views",
    "understudy.service.reports.zone_views",
)


def imported_by(*modules: str) -> list[str]:
    """All that a fresh interpreter has imported after these."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_a_server_imports_late_what_it_can_answer_without() -> None:
    """Each of these takes some hundredths of a second: a restart is answered that much later."""
    loaded = imported_by("understudy.cli.entry", "understudy.cli.serve", "understudy.service.run")
    assert "understudy.service.name_server" in loaded
    assert not [name for name in LATE if name in loaded]
    assert "understudy.service.reports.views" not in loaded


def test_zones_from_other_servers_are_asked_for_before_the_server_is_imported() -> None:
    loaded = imported_by("understudy.cli.entry", "understudy.cli.serve")
    assert "understudy.service.secondary.head_start" in loaded
    assert not [name for name in ("uvloop", "sqlite3", "dns.message", "understudy.service.run") if name in loaded]


def test_a_configuration_without_checks_is_read_without_what_reads_those(tmp_path: Path) -> None:
    """The import of pydantic takes a quarter of such a start (ADR 0038)."""
    (tmp_path / "u.yaml").write_text(
        "listen: 127.0.0.1:0\nzones:\n  example.com: {source: transfer, primaries: [::1]}\n"
    )
    read = f"print(*examine(Path({str(tmp_path / 'u.yaml')!r})).errors, *sys.modules)"
    program = f"import sys; from pathlib import Path; from understudy.config.load import examine; {read}"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert loaded[0] == "sys", "and without a fault"
    assert not [name for name in loaded if name.partition(".")[0] in {"pydantic", "pydantic_core"}]
    server = imported_by("understudy.cli.entry", "understudy.cli.serve", "understudy.service.serving")
    assert "pydantic" not in server


def test_a_server_begins_to_probe_and_fetch_without_what_shows_it_to_people() -> None:
    """A fresh secondary has its first zone that much later."""
    loaded = imported_by("understudy.cli.entry", "understudy.cli.serve", "understudy.service.serving")
    assert "understudy.service.secondary.secondaries" in loaded
    assert not [name for name in SHOWN_LATER if name in loaded]
    assert not [name for name in loaded if name.partition(".")[0] == "dns"]


def test_a_command_imports_late_what_only_some_need() -> None:
    """Each of these takes some hundredths of a second, which somebody at a terminal waits for every time."""
    loaded = imported_by("understudy.cli.entry", "understudy.cli.app")
    assert not [name for name in ("asyncio", "httpx2", "ruamel.yaml", "dns.message", "fastapi") if name in loaded]
    assert "ruamel.yaml" not in imported_by("understudy.cli.app", "understudy.cli.client")
