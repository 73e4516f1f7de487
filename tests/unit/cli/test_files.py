"""`understudy check`, `plan` and `reload`."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.cli.author import author
from understudy.cli.client import find_socket
from understudy.cli.screen import problem_line
from understudy.config.source import Node
from understudy.config.yaml_reader import read_plain
from understudy.model.errors import Problem, ProblemSeverity
from understudy.service.reports.present import present_problem
from understudy.testing.terminal import Terminal

SitDown = Callable[..., None]

GOOD = """\
listen: 127.0.0.1:0
zones: {example.com: {file: example.com.zone}}
records:
  www.example.com: {check: "tcp:80", tiers: [[192.0.2.10], [192.0.2.11]]}
"""
ZONE = "$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"


def check(folder: Path, *words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", "-c", str(folder / "understudy.yaml"), *words], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def elsewhere(folder: Path) -> Path:
    """Another folder than the server's."""
    (folder / "elsewhere").mkdir(exist_ok=True)
    return folder / "elsewhere"


def edit(terminal: Terminal, old: str, new: str, name: str = "understudy.yaml") -> None:
    file = terminal.world.folder / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_good_configuration_is_counted(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(GOOD)
    (tmp_path / "example.com.zone").write_text(ZONE)
    code, out, err = check(tmp_path)
    assert (code, err) == (0, "")
    assert out.endswith("is fine: 1 zone, 1 steered record, 2 endpoints\n")


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(GOOD.replace("tiers", "teirs").replace("check:", "chekc:"))
    (tmp_path / "example.com.zone").write_text(ZONE)
    code, out, err = check(tmp_path)
    assert (code, out) == (1, "")
    assert "understudy.yaml:4:" in err
    assert "3 problems, 1 warning in" in err


def test_a_broken_zone_is_a_problem_of_the_zone_file(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(GOOD)
    (tmp_path / "example.com.zone").write_text(ZONE + "bad IN A 300.0.0.1\n")
    code, _, err = check(tmp_path)
    assert code == 1
    assert "example.com.zone:5:" in err


WARNED = GOOD + "  idle.example.com: {tiers: [[192.0.2.10]]}\n"


def test_a_warning_is_told_from_an_error_and_refuses_nothing(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(WARNED)
    (tmp_path / "example.com.zone").write_text(ZONE)
    code, out, err = check(tmp_path)
    assert code == 0
    assert "understudy.yaml:5:21: warning: record.unmonitored: " in err
    assert out.endswith("can be used: 1 zone, 2 steered records, 2 endpoints; 1 warning\n")
    code, out, _ = check(tmp_path, "--json")
    view = json.loads(out)
    assert (code, view["is_valid"], view["errors"], view["warnings"]) == (0, True, 0, 1)
    assert [problem["severity"] for problem in view["problems"]] == ["warning"]


def test_a_file_gets_the_same_lines_as_a_terminal() -> None:
    problem = Problem(
        "u.yaml", 5, 3, "record.unmonitored", "never fails over", "add check: ...", ProblemSeverity.WARNING
    )
    for each, text in (
        (problem, "u.yaml:5:3: warning: record.unmonitored: never fails over (add check: ...)"),
        (
            replace(problem, severity=ProblemSeverity.ERROR),
            "u.yaml:5:3: record.unmonitored: never fails over (add check: ...)",
        ),
    ):
        assert str(each) == problem_line(present_problem(each)).plain == text


def test_strictness_refuses_warnings_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(WARNED)
    (tmp_path / "example.com.zone").write_text(ZONE)
    code, out, err = check(tmp_path, "--strict")
    assert (code, out) == (1, "")
    assert err.endswith("understudy.yaml, refused by --strict\n")
    code, out, _ = check(tmp_path, "--strict", "--json")
    view = json.loads(out)
    assert (code, view["is_valid"], view["is_strict"], view["errors"], view["warnings"]) == (1, False, True, 0, 1)
    (tmp_path / "understudy.yaml").write_text(GOOD)
    assert check(tmp_path, "--strict")[0] == 0


def test_errors_are_counted_apart_from_the_warnings_beside_them(tmp_path: Path) -> None:
    (tmp_path / "understudy.yaml").write_text(WARNED)
    (tmp_path / "example.com.zone").write_text(ZONE + "bad IN A 300.0.0.1\n")
    code, out, err = check(tmp_path)
    assert (code, out) == (1, "")
    assert "example.com.zone:5:10: zone." in err
    assert "1 problem, 1 warning in " in err


@pytest.mark.parametrize("name", ["understudy.yaml", "example.com.zone"])
def test_a_missing_file_is_a_problem_and_no_traceback(tmp_path: Path, name: str) -> None:
    (tmp_path / "understudy.yaml").write_text(GOOD)
    (tmp_path / "example.com.zone").write_text(ZONE)
    (tmp_path / name).unlink()
    code, out, _ = check(tmp_path, "--json")
    assert code == 1
    assert '"is_valid": false' in out
    assert name in out


def test_a_plan_says_what_the_reload_then_does(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        edit(terminal, "[192.0.2.20]", "[192.0.2.21]")
        edit(terminal, "interval: 5s", "interval: 7s")
        planned = await terminal.run("plan")
        assert planned.exit_code == 0
        assert "~ check web  interval 5s -> 7s" in planned.out
        assert "1 probe started" in planned.out
        assert "changes would be made" in planned.out
        assert "192.0.2.20" in (await terminal.run("explain", "db.example.com")).out
        applied = await terminal.run("reload")
        assert applied.out == planned.out.replace("would be made", "applied")
        assert (await terminal.run("plan")).out == "nothing changes\n"
        assert "nothing changes: what the file says is in force already\n" in (await terminal.run("reload")).out
        said = (await terminal.run("events", "--kind", "configuration", "-n", "1")).out
        assert "configuration applied" in said

    sit_down(sitting)


def test_another_file_is_planned_as_if_it_stood_in_the_place_of_the_servers(
    sit_down: SitDown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, server = terminal.world.folder / "understudy.yaml", terminal.world.server
        before, events = server.candidate, await terminal.run("events")
        monkeypatch.chdir(elsewhere(tmp_path))
        (elsewhere(tmp_path) / "next.yaml").write_text(own.read_text().replace("interval: 5s", "interval: 7s"))
        planned = await terminal.run("plan", "-c", "next.yaml")
        assert "~ check web  interval 5s -> 7s" in planned.out
        assert "1 change would be made" in planned.out  # its zone files are those of the server's folder
        assert (await terminal.run("plan")).out == "nothing changes\n"
        assert (await terminal.run("plan", "-c", str(own))).out == "nothing changes\n"
        assert server.candidate is before
        assert (await terminal.run("events")).out == events.out

    sit_down(sitting)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("interval: 5s", "intervall: 5s", "next.yaml:5:"),
        ("[[192.0.2.20], [198.51.100.20]]", "[]", "next.yaml:12:"),
        ("file: example.com.zone", "file: missing.zone", "missing.zone"),
    ],
)
def test_what_is_wrong_with_another_file_is_said_of_it(
    sit_down: SitDown, tmp_path: Path, *, old: str, new: str, said: str
) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, other = terminal.world.folder / "understudy.yaml", elsewhere(tmp_path) / "next.yaml"
        other.write_text(own.read_text().replace(old, new))
        assert other.read_text() != own.read_text()
        before = terminal.world.server.candidate
        refused = await terminal.run("plan", "-c", str(other))
        assert (refused.exit_code, refused.out) == (1, "")
        assert said in refused.err
        assert terminal.world.server.candidate is before
        assert (await terminal.run("plan", "-c", str(tmp_path))).exit_code == 1
        assert "file.unreadable" in (await terminal.run("plan", "-c", str(tmp_path / "no.yaml"))).err

    sit_down(sitting)


def test_a_warning_about_another_file_is_said_of_it(sit_down: SitDown, tmp_path: Path) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, other = terminal.world.folder / "understudy.yaml", elsewhere(tmp_path) / "next.yaml"
        other.write_text(own.read_text() + "  idle.example.com: {tiers: [[192.0.2.10]]}\n")
        planned = await terminal.run("plan", "-c", str(other))
        assert "+ record idle.example.com" in planned.out
        assert f"{other}:13:21: warning: record.unmonitored: " in planned.err

    sit_down(sitting)


def test_no_other_file_than_the_servers_is_reloaded(sit_down: SitDown, tmp_path: Path) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, other = terminal.world.folder / "understudy.yaml", elsewhere(tmp_path) / "next.yaml"
        other.write_text(own.read_text().replace("interval: 5s", "interval: 7s"))
        refused = await terminal.run("reload", "-c", str(other))
        assert (refused.exit_code, refused.out) == (1, "")
        assert f"this server reads {own}, not {other} [config.other-file]" in refused.err
        other.unlink()
        other.symlink_to(own)
        for way in (other, own.parent / ".." / own.parent.name / own.name):
            assert "nothing changes" in (await terminal.run("reload", "-c", str(way))).out

    sit_down(sitting)


def test_the_servers_file_may_be_a_link(sit_down: SitDown, tmp_path: Path) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, kept = terminal.world.folder / "understudy.yaml", elsewhere(tmp_path) / "kept.yaml"
        own.rename(kept)
        own.symlink_to(kept)
        for way in (own, kept):
            assert "nothing changes" in (await terminal.run("reload", "-c", str(way))).out

    sit_down(sitting)


def test_a_server_of_before_is_not_told_what_was_not_named(sit_down: SitDown, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sitting(terminal: Terminal) -> None:
        sent: list[dict[str, object]] = []
        handle = terminal.transport.handle_request

        def note(request: httpx2.Request) -> httpx2.Response:
            sent.append(json.loads(request.read()))
            return handle(request)

        monkeypatch.setattr(terminal.transport, "handle_request", note)
        await terminal.run("reload")
        assert sent == [{"author": author()}]

    sit_down(sitting)


def test_a_file_that_leaves_a_record_silent_is_refused_unless_it_is_meant(sit_down: SitDown, tmp_path: Path) -> None:
    async def sitting(terminal: Terminal) -> None:
        own, other = terminal.world.folder / "understudy.yaml", elsewhere(tmp_path) / "next.yaml"
        assert (await terminal.run("drain", "198.51.100.20")).exit_code == 0
        other.write_text(own.read_text().replace("[[192.0.2.20], [198.51.100.20]]", "[[198.51.100.20]]"))
        planned = await terminal.run("plan", "-c", str(other))
        assert (planned.exit_code, planned.out) == (1, "")
        assert f"{other}:12:" in planned.err
        own.write_text(other.read_text())
        assert "record.nothing-to-answer" in (await terminal.run("reload")).err
        assert "3 changes applied" in (await terminal.run("reload", "--even-so")).out
        assert terminal.world.disk.content.entries[-1].author == author()

    sit_down(sitting)


def test_what_holds_only_after_a_restart_is_said(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        edit(terminal, "zones:", "state_dir: elsewhere\nzones:")
        assert "only after a restart: state_dir" in (await terminal.run("plan")).out
        view = (await terminal.run("reload", "--json")).json
        assert view["is_applied"]
        assert any("restart" in text for text in view["consequences"])
        for verb in ("plan", "reload"):
            assert (await terminal.run(verb)).out == "  only after a restart: state_dir, api.socket\nnothing changes\n"
        said = (await terminal.run("events", "--kind", "configuration", "-n", "1")).out
        assert "only after a restart: state_dir" in said

    sit_down(sitting)


def test_a_bad_file_is_refused_whole_with_every_place(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        edit(terminal, "interval: 5s", "intervall: 5s")
        edit(terminal, "delay: 10s", "delay: soon")
        for verb in ("plan", "reload"):
            said = await terminal.run(verb)
            assert said.exit_code == 1
            assert "understudy.yaml:5:" in said.err
            assert "understudy.yaml:11:" in said.err
            assert "2 problems" in said.err
        document = (await terminal.run("reload", "--json")).json
        assert document["code"] == "config"
        assert len(document["problems"]) == 2
        assert (await terminal.run("status")).exit_code == 1  # an alarm
        edit(terminal, "intervall: 5s", "interval: 5s")
        edit(terminal, "delay: soon", "delay: 10s")
        assert (await terminal.run("reload")).exit_code == 0
        assert (await terminal.run("status")).exit_code == 0

    sit_down(sitting)


def test_the_socket_is_found_as_the_configuration_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "understudy.yaml"
    monkeypatch.delenv("UNDERSTUDY_SOCKET", raising=False)
    file.write_text("api: {socket: run/api.sock}\n")
    assert find_socket(file, None) == tmp_path / "run/api.sock"
    file.write_text("state_dir: there\n")
    assert find_socket(file, None) == tmp_path / "there/understudy.sock"
    file.write_text("state_dir: &folder there\napi: {}\n")
    assert find_socket(file, None) == tmp_path / "there/understudy.sock"
    file.write_text("state_dir: [unfinished\n")
    assert find_socket(file, None).name == "understudy.sock"
    assert find_socket(file, tmp_path / "given") == tmp_path / "given"
    monkeypatch.setenv("UNDERSTUDY_SOCKET", "/run/other.sock")
    assert find_socket(file, None) == Path("/run/other.sock")


def test_no_configuration_here_is_exit_code_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERSTUDY_SOCKET", raising=False)
    result = CliRunner().invoke(app, ["status", "-c", str(tmp_path / "none.yaml")])
    assert result.exit_code == 3
    assert "-c FILE or --socket PATH" in result.stderr


def test_every_command_has_help_and_json() -> None:
    group: Any = typer.main.get_command(app)
    commands = dict(group.commands)
    commands |= {f"zone {name}": each for name, each in commands.pop("zone").commands.items()}
    for name, command in commands.items():
        assert command.help, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or name == "serve", name


def test_thousands_of_records_do_not_slow_the_way_to_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERSTUDY_SOCKET", raising=False)
    parsed: list[str] = []

    def note(text: str) -> Node | None:
        parsed.append(text)
        return read_plain(text)

    monkeypatch.setattr("understudy.cli.client.read_plain", note)
    file = tmp_path / "understudy.yaml"
    file.write_text("records:\n" + "  r.example.com: {}\n" * 5000 + "state_dir: there\n")
    assert find_socket(file, None) == tmp_path / "there/understudy.sock"
    assert parsed == ["state_dir: there\n"]


@pytest.mark.parametrize(
    "text",
    [
        "state_dir: there\n",
        "# state_dir: elsewhere\n'state_dir' : there\nzones:\n  state_dir: {file: x}\n",
        "{state_dir: there, zones: {}}\n",
        "zones: {}\nstate_dir:\n  # a comment\n  there\nrecords: {}\n",
        "---\nstate_dir: there\n...\n",
    ],
)
def test_the_folder_is_found_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv("UNDERSTUDY_SOCKET", raising=False)
    file = tmp_path / "understudy.yaml"
    file.write_text(text)
    assert find_socket(file, None) == tmp_path / "there/understudy.sock"
