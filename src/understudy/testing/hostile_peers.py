"""Servers that do what servers must not do, for every check's contract."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping

from understudy.testing.peers import Behaviour, DatagramBehaviour

_DRIP_S = 0.01  # chosen: slow enough to outlast any deadline of a test, fast enough to wake the reader often
_GARBAGE = bytes(range(255, -1, -1)) * 16
_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time: the kernel sends RST (socket(7))


def stays_silent(_: socket.socket, stop: threading.Event) -> None:
    """Accept and say nothing."""
    stop.wait()


def closes_at_once(_: socket.socket, __: threading.Event) -> None:
    """Accept and close."""


def resets_at_once(connection: socket.socket, _: threading.Event) -> None:
    """Accept and reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)


def resets_after_request(connection: socket.socket, _: threading.Event) -> None:
    """Hear the first octets, then reset."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)


def half_closes(connection: socket.socket, stop: threading.Event) -> None:
    """Say that nothing will come, and keep the connection open."""
    connection.shutdown(socket.SHUT_WR)
    stop.wait()


def sends_garbage(connection: socket.socket, stop: threading.Event) -> None:
    """Send octets of no protocol, then wait."""
    connection.sendall(_GARBAGE)
    stop.wait()


def sends_garbage_without_end(connection: socket.socket, stop: threading.Event) -> None:
    """Send octets of no protocol as fast as they are taken."""
    while not stop.is_set():
        connection.sendall(_GARBAGE)


def drips(opening: bytes) -> Behaviour:
    """Send `opening` and then one octet at a time, without end."""

    def drip(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(opening)
        while not stop.wait(_DRIP_S):
            connection.sendall(b"x")

    return drip


def floods(opening: bytes) -> Behaviour:
    """Send `opening` and then a body without end, as fast as it is taken."""

    def flood(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(opening)
        while not stop.is_set():
            connection.sendall(b"x" * 4096)

    return flood


def echoes(connection: socket.socket, _: threading.Event) -> None:
    """Send back what comes."""
    while octets := connection.recv(4096):
        connection.sendall(octets)


CONNECTIONS: Mapping[str, Behaviour] = {
    "stays silent": stays_silent,
    "closes at once": closes_at_once,
    "resets at once": resets_at_once,
    "resets after the request": resets_after_request,
    "half-closes": half_closes,
    "sends garbage": sends_garbage,
    "sends garbage without end": sends_garbage_without_end,
    "drips": drips(b""),
    "drips an HTTP body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "drips an HTTP header": drips(b"HTTP/1.1 200 OK\r\nA: "),
    "floods an HTTP body": floods(b"HTTP/1.1 200 OK\r\n\r\n"),
    "floods an HTTP header": floods(b"HTTP/1.1 200 OK\r\nA: "),
    "floods a greeting": floods(b"220-"),
    "echoes": echoes,
}


def is_deaf(_: bytes) -> list[bytes]:
    """Answer nothing."""
    return []


def mumbles(_: bytes) -> list[bytes]:
    """Answer octets of no protocol."""
    return [_GARBAGE[:512], b"", b"\0"]


def parrots(octets: bytes) -> list[bytes]:
    """Answer with what came."""
    return [octets]


def answers_with_the_id_only(octets: bytes) -> list[bytes]:
    """Answer with the first two octets, which are the id of a DNS message, and garbage."""
    return [octets[:2] + _GARBAGE[:64]]


DATAGRAMS: Mapping[str, DatagramBehaviour] = {
    "is deaf": is_deaf,
    "mumbles": mumbles,
    "parrots": parrots,
    "answers with the id only": answers_with_the_id_only,
}
