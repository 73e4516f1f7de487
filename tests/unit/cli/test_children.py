"""The processes of the demonstration, when it is interrupted at the worst moments."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from understudy.cli.demo.children import ENDING, Children

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


class SignalError(Exception):
    """What the handler of a signal raises here."""


@pytest.fixture
def children() -> Iterator[Children]:
    """With handlers that raise, as the demonstration has them."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SignalError(number)

    before = {number: signal.signal(number, leave) for number in ENDING}
    known = Children()
    try:
        yield known
    finally:
        known.end()
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_right_after_the_fork_leaves_no_process_that_nobody_knows(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    fork = subprocess.Popen

    def interrupted(*arguments: list[str], **options: Path) -> subprocess.Popen[bytes]:
        begun.append(fork(*arguments, **options))  # type: ignore[call-overload]  # whatever was asked for
        signal.raise_signal(number)
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(SignalError, match=str(int(number))):
        children.start("sleeper", SLEEPER, tmp_path)
    assert begun[0].poll() is None
    assert "sleeper" in children
    children.end()
    assert begun[0].poll() == -signal.SIGTERM


def test_a_second_signal_while_they_end_leaves_none_either(children: Children, tmp_path: Path) -> None:
    """A child that tells its parent when it is asked to end, and does so before it ends."""
    impatient = (
        "import os, signal, sys, time\n"
        "def leave(*_):\n"
        "    os.kill(os.getppid(), signal.SIGINT)\n"
        "    time.sleep(0.2)\n"
        "    sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    first = children.start("first", [sys.executable, "-c", impatient], tmp_path, stdout=subprocess.PIPE)
    second = children.start("second", SLEEPER, tmp_path)
    assert first.stdout is not None
    first.stdout.readline()
    with pytest.raises(SignalError):
        children.end()
    assert (first.poll(), second.poll()) == (7, -signal.SIGTERM)
    first.stdout.close()


def test_those_that_are_named_end_alone(children: Children, tmp_path: Path) -> None:
    one, other = (children.start(name, SLEEPER, tmp_path) for name in ("one", "other"))
    children.end("one")
    assert one.poll() == -signal.SIGTERM
    assert other.poll() is None
    assert "one" not in children
    children.kill("other")
    assert other.poll() == -signal.SIGKILL
