from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import pytest

from understudy.model.observation import Outcome
from understudy.testing.check_contract import see

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def run(text: str, *, host: str = "127.0.0.1", timeout_s: float = 10.0, **settings: Any) -> tuple[Outcome, str, str]:
    seen = see("script", {"path": "/bin/sh", "args": ["-c", text], **settings}, host=host, timeout_s=timeout_s)
    return seen.outcome, seen.reason, seen.text


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("echo OK - fine; exit 0", {}, (PASS, "", "OK - fine")),
        ("exit 0", {}, (PASS, "", "")),
        ("echo 'OK | time=0.1s'", {}, (PASS, "", "OK")),
        ("echo first; echo second", {}, (PASS, "", "first")),
        ("echo SLOW; exit 1", {}, (PASS, "", "warning: SLOW")),
        ("echo SLOW; exit 1", {"warning": "fail"}, (FAIL, "script.failed", "SLOW")),
        ("echo DEAD >&2; exit 2", {}, (FAIL, "script.failed", "DEAD")),
        ("exit 2", {}, (FAIL, "script.failed", "exit status 2")),
        ("echo who knows; exit 3", {}, (INCONCLUSIVE, "script.unknown", "exit status 3: who knows")),
        ("exit 127", {}, (INCONCLUSIVE, "script.unknown", "exit status 127:")),
        ("kill -SEGV $$", {}, (INCONCLUSIVE, "script.signal", "the script was ended by signal 11:")),
        ("printf '\\033[31mred\\007\\377'; exit 2", {}, (FAIL, "script.failed", "[31mred \ufffd")),
        ("yes | head -c 500000; exit 2", {}, (FAIL, "script.failed", "y")),
    ],
)
def test_the_exit_status_decides(text: str, settings: dict[str, Any], expected: tuple[Outcome, str, str]) -> None:
    assert run(text, **settings) == expected


def test_the_endpoint_is_in_the_arguments_and_the_environment() -> None:
    said = "echo $0 $1 $UNDERSTUDY_ADDRESS $UNDERSTUDY_ENDPOINT $UNDERSTUDY_CHECK $UNDERSTUDY_TIMEOUT $COLOUR"
    written: dict[str, Any] = {"args": ["-c", said, "{address}", "x{endpoint}y"], "environment": {"COLOUR": "green"}}
    assert run("", **written)[2] == "127.0.0.1 x127.0.0.1y 127.0.0.1 127.0.0.1 contract 10 green"
    seen = run("", host="localhost", **written)[2].split()
    assert seen[1] == "xlocalhosty"
    assert seen[0] in {"127.0.0.1", "::1"}


def test_nothing_else_of_our_environment_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    names = run("env | cut -d= -f1 | sed s/UNDERSTUDY/U/ | tr '\\n' ' '")[2].split()
    assert {"U_ADDRESS", "U_CHECK", "U_ENDPOINT", "U_TIMEOUT", "PATH", "LANG"} <= set(names)
    assert {name for name in names if not name.startswith("U_")} <= {"PATH", "LANG", "PWD", "_", "SHLVL", "OLDPWD"}


@pytest.mark.parametrize("content", [None, "echo no interpreter line", "#!/nowhere/interpreter\n", ""])
def test_a_script_that_cannot_run_blames_nobody(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "check"
    if content is not None:
        path.write_text(content)
        path.chmod(0o755 if content else 0o644)
    seen = see("script", {"path": str(path)})
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "local.script")


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    seen = see("script", {"path": "/bin/echo", "args": [f"$(touch {mark}); `touch {mark}`"]})
    assert seen.outcome is PASS
    assert not mark.exists()


def test_the_whole_process_group_is_gone_after_the_deadline(tmp_path: Path) -> None:
    file = tmp_path / "children"
    text = f"sleep 60 & echo $! > {file}; trap '' TERM; sleep 60 & echo $! >> {file}; wait"
    assert run(text, timeout_s=0.5)[:2] == (FAIL, "timeout.run")
    children = [int(line) for line in file.read_text().split()]
    assert len(children) == 2
    assert all(is_gone(child) for child in children)


def is_gone(pid: int) -> bool:
    """Whether a killed process ends within seconds."""
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([end], [], [], 5.0)[0])
    finally:
        os.close(end)
