"""Whether an address can be listened on, and why not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterable
from ipaddress import ip_address

from understudy.engine import BindError
from understudy.model.errors import EngineError

_HINTS = {
    errno.EACCES: "ports below 1024 need root, or CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities)",
    errno.EADDRINUSE: "another program listens there; `ss -lunp` names it",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
}


def bind_error(error: BindError) -> EngineError:
    """Why an address cannot be listened on, and what to do."""
    return EngineError(str(error), hint=_HINTS.get(error.errno, ""), code="engine.bind")


def require_free(wanted: Iterable[str], own: Collection[str] = ()) -> None:
    """Refuse addresses that somebody else listens on. Raises EngineError.

    With several threads the engine binds with SO_REUSEPORT, so the system would let two unrelated servers of one user
    share a port, and each would get half of the queries. `own` are listened on by this process already: what they
    cover is not judged.
    """
    ours = [_split(address) for address in own]
    for address in wanted:
        host, port = _split(address)
        if port == 0 or any(port == our_port and _overlap(host, our_host) for our_host, our_port in ours):
            continue
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            _try(address, host, port, kind=kind)


def _try(address: str, host: str, port: int, *, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as trial:
            if family is socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind is socket.SOCK_STREAM:  # connections that have just ended are nobody's
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        text = f"cannot listen on {address}: {error.strerror or error}"
        raise EngineError(text, hint=_HINTS.get(error.errno or 0, ""), code="engine.bind") from error


def _split(address: str) -> tuple[str, int]:
    """Host and port of `192.0.2.1:53` or `[::1]:53`, as `config.addresses` writes them."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _overlap(one: str, other: str) -> bool:
    """Whether sockets on both would meet: the same address, or the wildcard of its family."""
    first, second = ip_address(one), ip_address(other)
    return first.version == second.version and (first == second or first.is_unspecified or second.is_unspecified)
