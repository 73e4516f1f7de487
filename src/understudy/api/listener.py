"""The API served to those who call on its socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

DATE_S = 1.0  # the Date header counts in seconds
STOP_S = 2  # chosen: a client that follows events is cut off after that


async def serve_unix(app: FastAPI, listener: socket.socket) -> None:
    """Serve until cancelled; then finish what is being answered."""
    server = QuietServer(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_S)
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        raise


class QuietServer(uvicorn.Server):
    """Leaves the signals to the service, and the processor to others while nobody calls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End soon."""
        self.should_exit = True
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the supervisor's."""
        yield

    async def main_loop(self) -> None:
        """Set the clock of the Date header until told to stop; uvicorn's own looks ten times a second whether it is."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DATE_S):
                    await self._stopping.wait()
