"""Ports for servers of tests and benchmarks: free when they are given, and given to nobody else meanwhile."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress
from pathlib import Path

_FIRST = 10_000  # chosen: what stands below belongs to services that a machine may run
_TRIES = 500
_GIVEN_TO_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_claims: list[int] = []  # descriptors, open for as long as this process lives


def free_port(*addresses: str) -> int:
    """A port on which nobody listens on these addresses (127.0.0.1), neither over UDP nor over TCP. Raises OSError.

    It lies below those that the system gives to clients, so no connection or query of anybody can come to have it
    between this call and the server's start; and no other process that asks here is given it while this one lives.
    """
    for port in random.sample(_served(), _TRIES):
        with suppress(OSError):
            for address in addresses or ("127.0.0.1",):
                _require_free(address, port)
            _claim(port)
            return port
    raise OSError("no free port")


def _require_free(address: str, port: int) -> None:
    """Raises OSError."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        stream.bind((address, port))
        datagrams.bind((address, port))


def _served() -> range:
    """The ports that the system gives to no client: 10000 to 32767 unless this machine is set up otherwise."""
    lowest = int(_GIVEN_TO_CLIENTS.read_text().split()[0]) if _GIVEN_TO_CLIENTS.exists() else 32_768
    return range(_FIRST, lowest if lowest >= _FIRST + _TRIES else 65_536)


def _claim(port: int) -> None:
    """Keep the port for this process: a name that only one can have, and that ends with it. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as name:
        name.bind(f"\0understudy-port-{port}")
        _claims.append(os.dup(name.fileno()))
