"""A TCP connection to an endpoint, with or without TLS.

The socket is read and written as it becomes ready, without a transport in between: nothing is buffered that was not
asked for, and a connection is gone when `close` returns, so a cancelled probe leaves neither descriptor nor callback.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Self, TypeAlias

from understudy.checks.attempt import Attempt
from understudy.checks.transport.faults import EndpointError, LocalError, ProbeError, of_os_error

Address: TypeAlias = IPv4Address | IPv6Address

READ_OCTETS = 16384
OCTETS_MAX = 1 << 20  # chosen: far above every kind's own bound; what a peer may send us within one connection
TURNS_BEFORE_YIELD = 16  # chosen: reads that succeed at once before the loop, and so the deadline, gets its turn


class Stream:
    """One connection. Used as `with await dial(...) as stream:`."""

    __slots__ = ("_loop", "_octets_left", "_socket", "_turns", "attempt")

    def __init__(self, connected: socket.socket, attempt: Attempt) -> None:
        self._socket = connected
        self.attempt = attempt
        self._loop = asyncio.get_running_loop()
        self._octets_left = OCTETS_MAX
        self._turns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection at once; a TLS peer is told where that costs no waiting."""
        if isinstance(self._socket, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self._socket.unwrap()
        self._socket.close()

    async def start_tls(self, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
        """Shake hands in the phase `tls`; `name` is the certificate's and, unless it is an address, goes out as SNI."""
        self.attempt.enter("tls")
        encrypted = context.wrap_socket(self._socket, server_hostname=name, do_handshake_on_connect=False)
        self._socket = encrypted
        while True:
            try:
                encrypted.do_handshake()
            except ssl.SSLWantReadError:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
            except ssl.SSLWantWriteError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            else:
                return encrypted

    async def write(self, octets: bytes) -> None:
        """Send everything."""
        view = memoryview(octets)
        while view:
            try:
                sent = self._socket.send(view)
            except (BlockingIOError, ssl.SSLWantWriteError):
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except ssl.SSLWantReadError:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
            else:
                view = view[sent:]

    async def read(self, limit: int = READ_OCTETS) -> bytes:
        """The next octets, at most `limit`; empty when the endpoint has closed its side."""
        while True:
            try:
                octets = self._socket.recv(limit)
                break
            except (BlockingIOError, ssl.SSLWantReadError):
                self._turns = 0
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
            except ssl.SSLWantWriteError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
        self._octets_left -= len(octets)
        if self._octets_left < 0:
            raise EndpointError("read.too-long", f"more than {OCTETS_MAX} octets received")
        self._turns += 1
        if self._turns > TURNS_BEFORE_YIELD:
            self._turns = 0
            await asyncio.sleep(0)
        return octets

    async def _ready(self, add: Callable[..., None], remove: Callable[[int], object]) -> None:
        await readiness(self._socket.fileno(), add, remove)


async def readiness(descriptor: int, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    """Wait until the loop's `add` (`add_reader` or `add_writer`) reports `descriptor`; `remove` undoes it."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(descriptor, _wake, ready)
    try:
        await ready
    finally:
        remove(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def dial(attempt: Attempt, port: int, source: Address | None = None) -> Stream:
    """Connect to the endpoint in the phase `connect`, from the address `source` if one is given.

    A host name's addresses are tried in turn, each with an equal share of the time; one that answers is enough, as it
    is for clients. If none does, a failure of the endpoint's is told rather than one of ours.
    """
    addresses = await attempt.addresses()
    attempt.enter("connect")
    if len(addresses) == 1:
        return Stream(await _connect(addresses[0], port, source), attempt)
    faults: list[ProbeError] = []
    for address in addresses:
        try:
            async with asyncio.timeout(attempt.timeout_s / (len(addresses) + 1)):
                return Stream(await _connect(address, port, source), attempt)
        except ProbeError as fault:
            faults.append(fault)
        except TimeoutError:
            faults.append(EndpointError("timeout.connect", f"{address} did not answer"))
    raise next((fault for fault in faults if isinstance(fault, EndpointError)), faults[0])


async def _connect(address: Address, port: int, source: Address | None) -> socket.socket:
    """A connected, non-blocking socket."""
    connecting = open_socket(address, socket.SOCK_STREAM, source)
    try:
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await _establish(connecting, address, port)
    except BaseException:
        connecting.close()
        raise
    return connecting


async def _establish(connecting: socket.socket, address: Address, port: int) -> None:
    number = connecting.connect_ex((str(address), port))
    is_at_once = number != errno.EINPROGRESS
    if not is_at_once:
        loop = asyncio.get_running_loop()
        await readiness(connecting.fileno(), loop.add_writer, loop.remove_writer)
        number = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise of_os_error(OSError(number, os.strerror(number)), "connect", is_at_once=is_at_once)


def open_socket(address: Address, kind: int, source: Address | None, *, protocol: int = 0) -> socket.socket:
    """A non-blocking socket of the address's family, bound to `source`. Every failure is a LocalError."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  # the version's name
    if source is not None and source.version != address.version:
        text = f"the source address {source} cannot reach {address}: another address family"
        raise LocalError("local.no-family", text)
    try:
        opened = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
    except OSError as error:
        raise _local(error) from None
    if source is not None:
        try:
            opened.bind((str(source), 0))
        except OSError as error:
            opened.close()
            raise _local(error) from None
    return opened


def _local(error: OSError) -> ProbeError:
    """As `of_os_error`, for calls that can only fail by our own fault."""
    fault = of_os_error(error, "connect", is_at_once=True)
    return fault if isinstance(fault, LocalError) else LocalError("local.system", fault.text)
