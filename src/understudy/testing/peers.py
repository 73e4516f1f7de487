"""Servers on loopback for the probes to meet, in threads of their own so that they share nothing with the loop."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TypeAlias

Behaviour: TypeAlias = Callable[[socket.socket, threading.Event], None]
"""What a server does with one connection until it returns or the event is set; an OSError ends it quietly."""

DatagramBehaviour: TypeAlias = Callable[[bytes], list[bytes]]
"""The datagrams that answer one."""

_JOIN_S = 5.0  # chosen: a behaviour that does not heed its event within this is a fault of the test


class Peer:
    """A TCP server with one behaviour; `port` is where. Leaving the context closes every socket of it."""

    def __init__(self, behaviour: Behaviour, *, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._behaviour = behaviour
        self._stop = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        self._threads[0].join(_JOIN_S)
        self._listener.close()
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(_JOIN_S)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            self._behaviour(connection, self._stop)


class DatagramPeer:
    """A UDP server with one behaviour."""

    def __init__(self, behaviour: DatagramBehaviour, *, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._behaviour = behaviour
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        with socket.socket(self._socket.family, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        self._thread.join(_JOIN_S)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            octets, client = self._socket.recvfrom(65535)
            if self._is_over:
                return
            for answer in self._behaviour(octets):
                with suppress(OSError):
                    self._socket.sendto(answer, client)


def encrypted(context: ssl.SSLContext, behaviour: Behaviour) -> Behaviour:
    """The behaviour within TLS."""

    def within_tls(connection: socket.socket, stop: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            behaviour(inner, stop)

    return within_tls
