"""A server's processes on one core: started, asked what they use, ended; nobody else's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from understudy.testing.ports import free_port

LEAVE_S = 20.0
PROC = Path("/proc")
IDLE_SHARE = 0.5  # chosen: an idle server's timers take a fifth of a core under valgrind, imports all of one


def busiest_wait_us(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> float:
    """The mean wait of the thread with most turns between two of `Process.waits`: under many queries, who answers."""
    known = after.keys() & before.keys()
    spans = ((after[key][0] - before[key][0], after[key][1] - before[key][1]) for key in known)
    turns, waited_ns = max(spans, default=(0, 0))
    return waited_ns / turns / 1000 if turns else 0.0


class Process:
    """One command and what it starts."""

    def __init__(self, command: Sequence[str], folder: Path, cores: str, *, stdin: int = subprocess.DEVNULL) -> None:
        """`cores`: those it may run on, as taskset takes them; `stdin`: a pipe for one that is told lines."""
        self.log = folder / "log"
        self.began = time.monotonic()
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                ["taskset", "-c", cores, *command],
                cwd=folder,
                stdin=stdin,
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_over(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it by its id, and what it started if that is left."""
        started = self.ids()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            for pid in started:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()

    def tell(self, line: str) -> None:
        """Write a line to its standard input, if that is a pipe."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def ids(self) -> list[int]:
        """Itself and its descendants."""
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with suppress(OSError):
                for children in (PROC / str(pid) / "task").glob("*/children"):
                    waiting += [int(child) for child in children.read_text().split()]
        return found

    def processor_s(self) -> float:
        """Processor time so far of all of them, user and system, by the scheduler's own account in nanoseconds."""
        return sum(running for running, _ in self._turns()) / 1e9

    def wanted_s(self) -> float:
        """The same with the time that they waited for a processor: what they use on a machine of their own."""
        return sum(running + waiting for running, waiting in self._turns()) / 1e9

    def settle(self, look_s: float, quiet_looks: int, patience_s: float) -> None:
        """Wait until it does next to nothing for so many looks in a row: a first answer need not end a start."""
        end = time.monotonic() + patience_s
        wanted = self.wanted_s()
        quiet = 0
        while quiet < quiet_looks and time.monotonic() < end:
            time.sleep(look_s)
            wanted, before = self.wanted_s(), wanted
            quiet = quiet + 1 if wanted - before < IDLE_SHARE * look_s else 0

    def _turns(self) -> Iterator[tuple[int, int]]:
        """Nanoseconds on a processor and waiting for one, of each thread."""
        for pid in self.ids():
            for task in (PROC / str(pid) / "task").glob("*/schedstat"):
                with suppress(OSError):
                    running, waiting, _ = task.read_text().split()
                    yield int(running), int(waiting)

    def waits(self) -> dict[str, tuple[int, int]]:
        """By thread: how often it got a processor so far, and how many nanoseconds it waited for one in all."""
        found: dict[str, tuple[int, int]] = {}
        for pid in self.ids():
            for task in (PROC / str(pid) / "task").glob("*/schedstat"):
                with suppress(OSError):
                    _, waiting, turns = task.read_text().split()
                    found[task.parent.name] = int(turns), int(waiting)
        return found

    def first_thread_s(self) -> float:
        """Processor time so far of the thread that it began with."""
        return int((PROC / str(self.pid) / "task" / str(self.pid) / "schedstat").read_text().split()[0]) / 1e9

    def memory_mib(self) -> float:
        """Proportional set size: pages that are shared count by their share."""
        kib = 0
        for pid in self.ids():
            with suppress(OSError):
                for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                    kib += int(line.split()[1]) if line.startswith("Pss:") else 0
        return kib / 1024


@contextmanager
def endpoints(addresses: Sequence[str]) -> Iterator[int]:
    """Listeners that take every connection and close it: endpoints that are up. Gives their port."""
    port = free_port()
    listeners = [socket.create_server((address, port)) for address in addresses]
    for listener in listeners:
        threading.Thread(target=_take_all, args=(listener,), daemon=True).start()
    try:
        yield port
    finally:
        for listener in listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def _take_all(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.close()
