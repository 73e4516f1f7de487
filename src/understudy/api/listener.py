"""The Unix socket on which the API is reached from the same host."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from understudy.config.places import socket_address
from understudy.model.errors import EngineError

SOCKET_MODE = 0o660  # chosen: the server's user and group may speak to it, as with rndc's and knotc's sockets
STOP_S = 2  # chosen: a client that follows events is cut off after that


def bind_unix(path: Path) -> socket.socket:
    """Bind and listen. A socket file that no server answers on is taken over. Raises EngineError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_stale(path):
            path.unlink()
        with socket_address(path) as address:
            listener.bind(address)
        path.chmod(SOCKET_MODE)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise EngineError(
            f"the API socket {path} cannot be opened: {error.strerror or error}",
            code="api.socket",
            hint="is another server using this state_dir? api: {socket: PATH} names another place",
        ) from error
    listener.setblocking(False)  # noqa: FBT003  # the socket module's own parameter
    return listener


def _is_stale(path: Path) -> bool:
    """Whether a socket file stands there that nobody listens on."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            with socket_address(path) as address:
                probe.connect(address)
        except OSError:
            return True
    return False


async def serve_unix(app: FastAPI, listener: socket.socket, path: Path) -> None:
    """Serve until cancelled; then finish what is being answered and remove the socket file."""
    server = _Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_S)
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        raise
    finally:
        listener.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240  # one system call, at the end


class _Server(uvicorn.Server):
    """Leaves the signals to the service."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the supervisor's."""
        yield
