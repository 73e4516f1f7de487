"""A program of the operator's, by the convention of Nagios plugins: 0 pass, 1 warning, 2 fail, 3 inconclusive."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from understudy.checks.attempt import Attempt
from understudy.checks.files import NeededFile
from understudy.checks.settings import Kind, Pairs, Settings
from understudy.checks.transport.faults import EndpointError, LocalError, of_os_error, plain
from understudy.checks.transport.stream import readiness

OUTPUT_OCTETS_MAX = (
    4096  # chosen: the first line is what counts; more is read and dropped, so a script never blocks on it
)
REAP_S = 0.5  # chosen: a killed process group is gone within milliseconds, unless the disk holds it
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class OnWarning(StrEnum):
    """What exit status 1 means."""

    PASS = "pass"  # noqa: S105  # an outcome, no password
    FAIL = "fail"


class ScriptSettings(Settings):
    """Run `path` with `args`, without a shell. `{address}` and `{endpoint}` in an argument stand for the endpoint's."""

    path: str = Field(min_length=1, max_length=4096, description="the program, an absolute path")
    args: tuple[str, ...] = Field((), description="its arguments; {address} and {endpoint} stand for the endpoint's")
    warning: OnWarning = Field(OnWarning.PASS, description="what exit status 1 means")
    environment: Pairs = Field((), description="variables besides PATH, LANG and UNDERSTUDY_*")

    @model_validator(mode="after")
    def _path_is_absolute(self) -> Self:
        if not self.path.startswith("/"):
            raise ValueError(
                f"'{plain(self.path)}' is no absolute path: write it from the root on, such as /usr/local/bin/check"
            )
        if any("\0" in text for text in (self.path, *self.args, *(text for pair in self.environment for text in pair))):
            raise ValueError("a path, an argument or a variable has a NUL octet in it")
        return self

    def needed_files(self) -> Iterator[NeededFile]:
        """The program."""
        yield NeededFile("path", Path(self.path), is_program=True)

    def summary(self) -> str:
        """Such as `script:/usr/lib/nagios/plugins/check_ssh {address}`."""
        return f"script:{shlex.join((self.path, *self.args))}"


async def probe(settings: ScriptSettings, attempt: Attempt) -> str:
    """Pass when the program says so."""
    address = str((await attempt.addresses())[0])
    attempt.enter("run")
    named = {"{address}": address, "{endpoint}": str(attempt.endpoint)}
    command = [settings.path, *(_filled(argument, named) for argument in settings.args)]
    running = _Running(_start(command, _environment(settings, attempt, address)))
    try:
        output = await running.finish()
    finally:
        await running.kill()
    return _judge(settings, running.process.returncode, output)


def _filled(argument: str, named: dict[str, str]) -> str:
    for name, value in named.items():
        argument = argument.replace(name, value)
    return argument


def _environment(settings: ScriptSettings, attempt: Attempt, address: str) -> dict[str, str]:
    """Only what is named: our own environment may hold secrets that are none of a plugin's business."""
    return {
        "PATH": os.environ.get("PATH", _PATH),
        "LANG": "C.UTF-8",
        **dict(settings.environment),
        "UNDERSTUDY_ADDRESS": address,
        "UNDERSTUDY_CHECK": attempt.check.name,
        "UNDERSTUDY_ENDPOINT": str(attempt.endpoint),
        "UNDERSTUDY_TIMEOUT": f"{attempt.timeout_s:g}",
    }


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The program in a process group of its own."""
    try:
        return subprocess.Popen(  # noqa: S603  # the operator's own program; no shell reads the arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # missing, not executable, its interpreter missing, no process to be had
        raise LocalError("local.script", f"cannot run {plain(command[0])}: {plain(str(error))}") from None


class _Running:
    """A program that runs: its output, its end, and the end of everything that it started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdout is not None  # noqa: S101  # it was asked for above
        self._pipe = process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._end = _end_of(process)
        self._loop = asyncio.get_running_loop()
        self._output = b""

    async def finish(self) -> bytes:
        """Wait for the program's own end; what it left running in the background is not waited for."""
        self._loop.add_reader(self._pipe.fileno(), self._read)
        try:
            await readiness(self._end, self._loop.add_reader, self._loop.remove_reader)
        finally:
            self._loop.remove_reader(self._pipe.fileno())
        self._read()
        return self._output

    def _read(self) -> None:
        """Take what there is, keep the beginning."""
        try:
            octets = os.read(self._pipe.fileno(), 65536)
        except BlockingIOError:
            return
        if not octets:
            self._loop.remove_reader(self._pipe.fileno())
        self._output += octets[: OUTPUT_OCTETS_MAX - len(self._output)]

    async def kill(self) -> None:
        """End the whole process group and reap the program, later if the kernel cannot end it yet."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._pipe.close()
        is_gone: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._end, self._reap, is_gone)
        with suppress(TimeoutError):
            async with asyncio.timeout(REAP_S):
                await is_gone

    def _reap(self, is_gone: asyncio.Future[None]) -> None:
        self._loop.remove_reader(self._end)
        os.close(self._end)
        self.process.wait()
        if not is_gone.done():
            is_gone.set_result(None)


def _end_of(process: subprocess.Popen[bytes]) -> int:
    """A descriptor that becomes readable when the program ends."""
    try:
        return os.pidfd_open(process.pid)
    except OSError as error:
        os.killpg(process.pid, signal.SIGKILL)
        with process:  # closes the pipe and reaps
            raise of_os_error(error, "run") from None


def _judge(settings: ScriptSettings, status: int | None, output: bytes) -> str:
    """The first line of a pass; raises EndpointError or LocalError."""
    lines = output.decode("utf-8", "replace").splitlines()
    text = plain(lines[0].partition("|")[0], 200) if lines else ""  # behind the bar stands performance data
    if status == 0:
        return text
    if status == 1 and settings.warning is OnWarning.PASS:
        return f"warning: {text}"
    if status in {1, 2}:
        raise EndpointError("script.failed", text or f"exit status {status}")
    if status is not None and status < 0:
        raise LocalError("script.signal", f"the script was ended by signal {-status}: {text}")
    raise LocalError("script.unknown", f"exit status {status}: {text}")


def _shorthand(text: str) -> dict[str, object]:
    """`/path args`, split as a shell would split it."""
    try:
        path, *args = shlex.split(text) or [""]
    except ValueError:
        raise ValueError("a quote or a backslash at the end is not closed") from None
    return {"path": path, "args": args} if args else {"path": path}


KIND = Kind("script", ScriptSettings, _shorthand, probe, example="script:/usr/lib/nagios/plugins/check_ssh {address}")
