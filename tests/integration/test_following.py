"""Following a running server from another process, while it leaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from understudy.testing.running_server import RunningServer, wait_until


def follow(server: RunningServer, output: Path, *words: str) -> "subprocess.Popen[bytes]":
    """A follower that has shown the past already."""
    command = [sys.executable, "-m", "understudy.cli", "events", "-c", "understudy.yaml", "--follow", *words]
    with output.open("wb") as file, output.with_suffix(".err").open("wb") as errors:
        follower = subprocess.Popen(command, cwd=server.folder, stdout=file, stderr=errors)
    wait_until(lambda: "serving" in output.read_text(), "the past is shown")
    return follower


def test_a_server_with_a_follower_leaves_at_once_and_the_follower_says_so(
    server: RunningServer, tmp_path: Path
) -> None:
    server.start()
    follower = follow(server, tmp_path / "out")
    server.run("drain", "127.0.0.2", "--reason", "seen live")
    wait_until(lambda: "seen live" in (tmp_path / "out").read_text(), "the follower hears of the drain")
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 8  # it gives followers two seconds at most, and never waits for ever
    assert follower.wait(10) == 0
    assert "stopping" in (tmp_path / "out").read_text()
    assert (tmp_path / "out.err").read_text() == "the server has left\n"


def test_a_follower_of_a_server_that_is_killed_ends_without_a_traceback(server: RunningServer, tmp_path: Path) -> None:
    server.start()
    follower = follow(server, tmp_path / "out", "--json")
    server.stop(signal.SIGKILL)
    assert follower.wait(10) == 0
    assert "Traceback" not in (tmp_path / "out.err").read_text()


def test_an_interrupted_follower_says_nothing_and_leaves_the_server_alone(
    server: RunningServer, tmp_path: Path
) -> None:
    server.start()
    follower = follow(server, tmp_path / "out")
    os.kill(follower.pid, signal.SIGINT)
    assert follower.wait(10) == 130
    assert (tmp_path / "out.err").read_text() == ""
    assert server.run("status", "--json").returncode in {0, 1}


def test_a_storm_of_signals_is_a_few_reloads(server: RunningServer) -> None:
    server.start()
    for _ in range(200):
        server.hang_up()
    wait_until(lambda: server.run("plan").stdout == "nothing changes\n", "the last text is in force")
    events = server.run("events", "--kind", "configuration", "-n", "1000").stdout
    assert 1 <= events.count("configuration applied") < 50
    assert server.stop() == 0
