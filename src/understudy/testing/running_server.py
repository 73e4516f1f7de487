"""A real `understudy serve` in a process of its own, for integration tests: loopback only, ended with its test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import httpx2

READY_S = 30.0  # chosen: a start takes a second; a machine that is busy with everything else gets thirty
LEAVE_S = 15.0
ASK_S = 2.0
LOOK_S = 0.02
STEP_S = 1.0  # chosen: no look takes so long, unless this process itself was kept from the processor


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = READY_S) -> float:
    """Poll until it holds; how long that took in seconds. Raises TimeoutError.

    A machine that was suspended, or a process that was stopped, had no chance to see it: such a time does not count.
    """
    begun = looked = time.monotonic()
    waited_s = 0.0
    while not condition():
        now = time.monotonic()
        waited_s, looked = waited_s + min(now - looked, STEP_S), now
        if waited_s > limit_s:
            raise TimeoutError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(LOOK_S)
    return time.monotonic() - begun


class RunningServer:
    """One name server over a folder with `understudy.yaml`; may be started again after it ended."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.process: subprocess.Popen[str] | None = None

    def write(self, name: str, text: str) -> Path:
        """A file of the configuration; `{port}` in it becomes the port to listen on."""
        path = self.folder / name
        path.write_text(text.replace("{port}", str(self.port)), encoding="utf-8")
        return path

    def start(self) -> str:
        """Start, and wait until it is ready; what it said. Raises RuntimeError with its log if it ends instead."""
        process = self.launch()
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            process.communicate(timeout=LEAVE_S)
            self.process = None
            raise RuntimeError((self.folder / "serve.log").read_text(encoding="utf-8"))
        return line

    def launch(self) -> subprocess.Popen[str]:
        """Start, and wait for nothing."""
        with (self.folder / "serve.log").open("ab") as errors:
            self.process = subprocess.Popen(  # noqa: S603  # our own program
                [*self.command("serve")], stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.folder
            )
        return self.process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        try:
            return self.process.wait(LEAVE_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def hang_up(self) -> None:
        """SIGHUP: read the configuration again."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    def command(self, *words: str) -> Sequence[str]:
        """The command line of a verb on this configuration."""
        count = 2 if words[0] == "zone" else 1
        return [sys.executable, "-m", "understudy.cli", *words[:count], "-c", "understudy.yaml", *words[count:]]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command against it, without a terminal."""
        environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
        return subprocess.run(  # noqa: S603  # our own program
            self.command(*words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )

    def json(self, *words: str) -> object:
        """What a command says with `--json`."""
        document: object = json.loads(self.run(*words, "--json").stdout)
        return document

    def api(self) -> httpx2.Client:
        """To ask it without a process for each question."""
        transport = httpx2.HTTPTransport(uds=str(self.folder / "state" / "understudy.sock"))
        return httpx2.Client(transport=transport, base_url="http://understudy/v1", timeout=60)

    def ask(self, name: str, rtype: str = "A") -> dns.message.Message:
        """A query over UDP."""
        query = dns.message.make_query(name, dns.rdatatype.from_text(rtype))
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=ASK_S)

    def addresses(self, name: str, rtype: str = "A") -> list[str]:
        """The answer's records of that type, sorted."""
        wanted = dns.rdatatype.from_text(rtype)
        return sorted(
            record.to_text() for rrset in self.ask(name, rtype).answer if rrset.rdtype == wanted for record in rrset
        )
