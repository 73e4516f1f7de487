"""The command line against a ServerWorld, in one process and in virtual time, without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import typer
from typer.testing import CliRunner

from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualLoop

WIDTH = "200"


class LoopTransport(httpx2.BaseTransport):
    """Carries the requests of another thread to an application in `loop`. Whole answers only: no streams."""

    def __init__(self, application: Any, loop: VirtualLoop) -> None:
        self._application = httpx2.ASGITransport(application, raise_app_exceptions=False)
        self._loop = loop
        self.is_down = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask, and wait for the whole answer."""
        if self.is_down:
            raise httpx2.ConnectError("nobody is there", request=request)
        return asyncio.run_coroutine_threadsafe(self._ask(request), self._loop).result()

    async def _ask(self, request: httpx2.Request) -> httpx2.Response:
        with self._loop.awaited_by_thread():
            response = await self._application.handle_async_request(request)
            content = await response.aread()
        return httpx2.Response(response.status_code, headers=response.headers, content=content)


class Said:
    """What a command left behind."""

    def __init__(self, exit_code: int, out: str, err: str) -> None:
        self.exit_code = exit_code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)


class Terminal:
    """Somebody at the command line of a running server; `width` is what COLUMNS says, empty for a pipe."""

    def __init__(self, program: typer.Typer, transport: LoopTransport, world: ServerWorld) -> None:
        self._program = program
        self.transport = transport
        self.world = world
        self.width = WIDTH

    async def run(self, *words: str) -> Said:
        """One command. Time goes on only while it waits for the server."""
        return await asyncio.to_thread(self._run, words)

    def _run(self, words: tuple[str, ...]) -> Said:
        environment = {"COLUMNS": self.width or None, "UNDERSTUDY_SOCKET": "/nonexistent/socket", "NO_COLOR": "1"}
        result = CliRunner().invoke(self._program, list(words), env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)
