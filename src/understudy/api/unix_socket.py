"""The Unix socket on which the API is reached from the same host; callers may wait there before the API is made."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from understudy.config.places import socket_address
from understudy.model.errors import EngineError

SOCKET_MODE = 0o660  # chosen: the server's user and group may speak to it, as with rndc's and knotc's sockets


@contextmanager
def opened(path: Path) -> Iterator[socket.socket]:
    """Bind and listen; afterwards the socket file is gone. Raises EngineError."""
    listener = bind_unix(path)
    try:
        yield listener
    finally:
        listener.close()
        with suppress(OSError):  # a disk that is gone keeps it; the next server takes it over
            path.unlink(missing_ok=True)


async def first_call(listener: socket.socket, patience_s: float) -> None:
    """Wait until somebody calls, who stays in the queue; for so long at most."""
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener.fileno(), called.set)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await called.wait()
    finally:
        loop.remove_reader(listener.fileno())


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
