"""Addresses of host-name endpoints, by this host's own resolver, off the event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from understudy.checks.transport.faults import EndpointError, LocalError

LOOKUPS_MAX = (
    64  # chosen: a dead resolver holds each thread for 10 s or more; beyond this probes say so instead of queueing
)
ADDRESSES_MAX = 8  # chosen: what one probe may try

Addresses: TypeAlias = Sequence[IPv4Address | IPv6Address]
_Answer: TypeAlias = Addresses | OSError

_NOT_THERE = {socket.EAI_NONAME, socket.EAI_NODATA}
_UNSAID = {socket.EAI_AGAIN: "it does not answer, or answers SERVFAIL"}  # as the C library has it for both
_running: dict[str, Future[_Answer]] = {}
_guard = threading.Lock()


async def resolve(host: str) -> Addresses:
    """Addresses in the order of RFC 6724, never empty; several probes of one host share one look-up.

    A name that a working resolver denies is the endpoint's failure; a resolver that fails is ours. The caller holds
    the deadline: a look-up that outlives it ends by itself, in a daemon thread, so it never delays the process's end.
    """
    answer = await asyncio.shield(asyncio.wrap_future(_look_up(host)))
    if not isinstance(answer, OSError):
        return answer
    if answer.errno in _NOT_THERE:
        raise EndpointError("resolve.no-address", f"{host} has no address")
    why = _UNSAID.get(answer.errno or 0) or answer.strerror or answer
    raise LocalError("resolve.failed", f"our resolver could not answer for {host.rstrip('.')}: {why}")


def _look_up(host: str) -> Future[_Answer]:
    with _guard:
        running = _running.get(host)
        if running is not None:
            return running
        if len(_running) >= LOOKUPS_MAX:
            raise LocalError("resolve.busy", f"{LOOKUPS_MAX} look-ups are already waiting for our resolver")
        future: Future[_Answer] = Future()
        _running[host] = future
    try:
        threading.Thread(target=_run, args=(host, future), name=f"resolve {host}", daemon=True).start()
    except RuntimeError:  # no thread to be had
        with _guard:
            del _running[host]
        raise LocalError("local.threads", "this process can start no more threads") from None
    return future


def _run(host: str, future: Future[_Answer]) -> None:
    answer: _Answer
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        answer = tuple(ip_address(entry[4][0]) for entry in found[:ADDRESSES_MAX])
    except (OSError, UnicodeError) as error:
        answer = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
    with _guard:
        del _running[host]
    future.set_result(answer)
