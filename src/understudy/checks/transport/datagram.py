"""Datagrams to and from one endpoint."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

from understudy.checks.attempt import Attempt
from understudy.checks.transport.faults import of_os_error
from understudy.checks.transport.stream import Address, open_socket, readiness

RECEIVE_OCTETS = 65535


class Datagrams:
    """A socket that is connected, so that only the endpoint's datagrams and errors come in."""

    __slots__ = ("_socket",)

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """Send one datagram; a full socket buffer is an OSError of ours."""
        try:
            self._socket.send(octets)
        except OSError as error:
            raise of_os_error(error, "send", is_at_once=True) from None

    async def receive(self) -> bytes:
        """The next datagram."""
        while True:
            try:
                octets = self._socket.recv(RECEIVE_OCTETS)
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                await readiness(self._socket.fileno(), loop.add_reader, loop.remove_reader)
            else:
                await asyncio.sleep(0)  # so that a flood of datagrams does not keep the deadline from its turn
                return octets


async def open_udp(attempt: Attempt, port: int, source: Address | None) -> Datagrams:
    """Datagrams with a port of the endpoint, from a port that the kernel draws at random (RFC 5452 4.5)."""
    address = (await attempt.addresses())[0]
    attempt.enter("send")
    opened = open_socket(address, socket.SOCK_DGRAM, source)
    return connected(opened, address, port)


def connected(opened: socket.socket, address: Address, port: int) -> Datagrams:
    """The socket tied to the endpoint; it is closed when that fails."""
    try:
        opened.connect((str(address), port))
    except OSError as error:
        opened.close()
        raise of_os_error(error, "connect", is_at_once=True) from None
    return Datagrams(opened)
