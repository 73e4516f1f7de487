"""Many messages to one server, quickly, and what came back for each: the octets, or None for silence.

Silence cannot be waited for with every message. A query that every server answers follows each batch; when its answer
is here and nothing more comes, what is missing will not come. It is asked once more, by itself, before it counts as
silence.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

import dns.message

ADDRESS = "127.0.0.1"
SENTINEL = 0xFFFF
"""The id that messages must not have."""

_BATCH = 48  # chosen: with 4,096 octets each, all answers fit into the receive buffer that is asked for
_LIMIT_S = 3.0
_QUIET_S = 0.05  # chosen: how long after the sentinel's answer another may come from a thread of its own
_BUFFER_OCTETS = 4 << 20
_LENGTH = 2  # octets before each message (RFC 1035 section 4.2.2)
_SENTINEL_ID = struct.pack("!H", SENTINEL)

_Batch: TypeAlias = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Sends messages; the replies by their first two octets."""


class Exchange:
    """Conversations with the server on one port that serves `origin`. The messages of a batch need ids of their own."""

    def __init__(self, port: int, origin: str) -> None:
        self._port = port
        self._sentinel = dns.message.make_query(origin, "SOA", id=SENTINEL).to_wire()

    def ask_over_udp(self, messages: Sequence[bytes]) -> list[bytes | None]:
        """What each gets."""
        return self._ask(messages, self._udp_batch)

    def ask_over_tcp(self, messages: Sequence[bytes]) -> list[bytes | None]:
        """What each gets, many on one connection; None also where the server closes it."""
        return self._ask(messages, self._tcp_batch)

    def _ask(self, messages: Sequence[bytes], batch: _Batch) -> list[bytes | None]:
        found: list[bytes | None] = []
        for begin in range(0, len(messages), _BATCH):
            chunk = messages[begin : begin + _BATCH]
            replies = batch(chunk)
            found += [replies.get(message[:2]) or batch([message]).get(message[:2]) for message in chunk]
        return found

    def _udp_batch(self, messages: Sequence[bytes]) -> dict[bytes, bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
            datagrams.connect((ADDRESS, self._port))
            for message in (*messages, self._sentinel):
                datagrams.send(message)
            return _gather(datagrams, lambda: [datagrams.recv(65535)], {message[:2] for message in messages})

    def _tcp_batch(self, messages: Sequence[bytes]) -> dict[bytes, bytes]:
        buffer = bytearray()

        def receive() -> Iterable[bytes]:
            octets = stream.recv(1 << 16)
            if not octets:
                raise ConnectionError
            buffer.extend(octets)
            return _split_off(buffer)

        with suppress(ConnectionError), socket.create_connection((ADDRESS, self._port), _LIMIT_S) as stream:
            framed = (struct.pack("!H", len(message)) + message for message in (*messages, self._sentinel))
            stream.sendall(b"".join(framed))
            return _gather(stream, receive, {message[:2] for message in messages})
        return {}


def _gather(source: socket.socket, receive: Callable[[], Iterable[bytes]], wanted: set[bytes]) -> dict[bytes, bytes]:
    """Replies until all are here, or the sentinel's is and it is quiet, or it takes too long."""
    found: dict[bytes, bytes] = {}
    deadline = time.monotonic() + _LIMIT_S
    while not wanted <= found.keys():
        patience_s = _QUIET_S if _SENTINEL_ID in found else max(0.0, deadline - time.monotonic())
        if not select.select([source], [], [], patience_s)[0]:
            break
        try:
            found.update((reply[:2], reply) for reply in receive())
        except ConnectionError:
            break
    return found


def _split_off(buffer: bytearray) -> Iterator[bytes]:
    """The whole messages at the front, taken away from it."""
    while len(buffer) >= _LENGTH and len(buffer) >= (end := _LENGTH + int.from_bytes(buffer[:_LENGTH])):
        yield bytes(buffer[_LENGTH:end])
        del buffer[:end]
