"""`understudy demo`, as a stranger runs it: with a resolver and without one, watched and interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.testing.other_servers import find_program
from understudy.testing.running_server import wait_until

DEMO = (sys.executable, "-m", "understudy.cli", "demo")
LIMIT_S = 60.0
COLUMNS = 80


@dataclass(slots=True)
class Run:
    """One demonstration that runs in a session and with a temporary folder of its own."""

    folder: Path
    process: subprocess.Popen[str]
    begun: float
    out: str = ""
    errors: str = ""
    took_s: float = 0.0

    def wait(self) -> None:
        """Until it ends; a second call does nothing."""
        if self.took_s:
            return
        self.out, self.errors = self.process.communicate(timeout=LIMIT_S * 2)
        self.took_s = time.monotonic() - self.begun

    def processes(self) -> list[str]:
        """What runs in its session."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(command)
        return found


def begin(folder: Path, command: Sequence[str]) -> Run:
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder), "COLUMNS": str(COLUMNS)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )
    return Run(folder, process, time.monotonic())


def without_unbound(command: Sequence[str]) -> list[str]:
    """The same where Unbound is no program: in a view of the file system of its own."""
    hidden = f'mount --bind /dev/null {find_program("unbound")} && exec "$0" "$@"'
    return ["unshare", "--mount", "sh", "-c", hidden, *command]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Run]]:
    """All at once, because each takes its twenty seconds."""
    folder = tmp_path_factory.mktemp("demo")
    begun = {
        "json": begin(folder / "json", [*DEMO, "--json"]),
        "text": begin(folder / "text", DEMO),
        "json without a resolver": begin(folder / "alone", without_unbound([*DEMO, "--json"])),
        "text without a resolver": begin(folder / "alone-text", without_unbound(DEMO)),
    }
    yield begun
    for run in begun.values():
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
        run.wait()


def figures(run: Run) -> dict[str, float | str | None]:
    found: dict[str, float | str | None] = json.loads(run.out)
    return found


ALL = ["json", "text", "json without a resolver", "text without a resolver"]


@pytest.mark.parametrize("which", ALL)
def test_it_ends_well_within_a_minute(runs: Mapping[str, Run], which: str) -> None:
    run = runs[which]
    run.wait()
    assert run.process.returncode == 0, run.out + run.errors
    assert run.errors == ""
    assert run.took_s < LIMIT_S


@pytest.mark.parametrize("which", ALL)
def test_it_leaves_nothing_behind(runs: Mapping[str, Run], which: str) -> None:
    runs[which].wait()
    assert runs[which].processes() == []
    assert list(runs[which].folder.iterdir()) == []


@pytest.mark.parametrize(
    ("which", "resolver"), [("json", "Unbound"), ("json without a resolver", None)], ids=["Unbound", "none"]
)
def test_its_figures_are_what_the_configuration_promises(
    runs: Mapping[str, Run], which: str, resolver: str | None
) -> None:
    run = runs[which]
    run.wait()
    seen = figures(run)
    assert seen["resolver"] == resolver
    failover, failback = seen["failover_s"], seen["failback_s"]
    assert isinstance(failover, float)
    assert isinstance(failback, float)
    assert 0.2 < failover < 10, "an interval of 1 s and a recheck of 250 ms, on a machine that is busy"
    assert 6 <= failback < 30, "a delay of 3 s, doubled by one fall"
    at_backup = seen["failover_at_backup_s"]
    assert isinstance(at_backup, float)
    assert failover <= at_backup < failover + 10, "told at once, and fetched at once"
    assert seen["answered_alone"] in range(45, 51), "of 50, with a second for each"
    through = seen["failover_through_resolver_s"]
    if resolver is None:
        assert through is None
    else:
        assert isinstance(through, float)
        assert failover <= through <= failover + 1 + 3, "the TTL is one second"


@pytest.mark.parametrize("which", ["text", "text without a resolver"])
def test_what_it_prints_is_for_people(runs: Mapping[str, Run], which: str) -> None:
    run = runs[which]
    run.wait()
    assert "Traceback" not in run.out
    assert [line for line in run.out.splitlines() if len(line) > COLUMNS] == []
    for words in ("www.example.com → 127.0.0.2", "www.example.com → 127.0.0.3", "from the kill to the new answer"):
        assert words in run.out
    assert "killed the name server on 127.0.0.1; the backup is asked 50 times" in run.out
    assert ("Unbound" in run.out) == (which == "text")


@pytest.mark.parametrize(
    ("number", "started"),
    [
        (signal.SIGINT, "cli serve"),
        (signal.SIGTERM, "cli serve"),
        (signal.SIGHUP, "cli serve"),
        (signal.SIGTERM, "web_server"),
        (signal.SIGTERM, "unbound"),
    ],
)
def test_an_impatient_stranger_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, started: str) -> None:
    run = begin(tmp_path / "demo", DEMO)
    try:
        wait_until(lambda: any(started in each for each in run.processes()), f"{started} runs")
        os.kill(run.process.pid, number)
        run.wait()
    finally:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
    assert run.process.returncode not in (0, -signal.SIGKILL)
    assert "Traceback" not in run.out + run.errors
    wait_until(lambda: run.processes() == [], "its processes are gone")
    assert list(run.folder.iterdir()) == []
