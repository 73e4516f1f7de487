"""The processes of the demonstration: whatever interrupts it, none is left behind."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

LEAVE_S = 5.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Children:
    """Processes by the name, or the address, that the demonstration has for each."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def start(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        stdout: int | IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start one; from then on `end` knows of it."""
        with _signals_held_back():
            process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr)  # noqa: S603  # ours, or found
            self._running[name] = process
        return process

    def kill(self, name: str) -> float:
        """Kill it as a crash would; the moment when that was done."""
        process = self._running.pop(name)
        process.kill()
        moment = time.monotonic()
        process.wait()
        return moment

    def end(self, *names: str) -> None:
        """Stop these, all if none is named, and wait for them."""
        with _signals_held_back():
            leaving = [self._running.pop(name) for name in names or list(self._running)]
            for process in leaving:
                process.terminate()
            for process in leaving:
                try:
                    process.wait(LEAVE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """What would end the demonstration comes when the block is left: so nothing is started that nobody knows of."""
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
