"""The file descriptors of this process, which clients share with probes, zones and files."""

from __future__ import annotations

import resource

_SHARE_OF_CLIENTS = 2  # chosen: one in so many. Strangers decide how many connections there are, and probes must go on


def room_for_clients(wanted: int) -> int:
    """How many connections clients may hold: as many as are wanted, but no more than half of all descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // _SHARE_OF_CLIENTS))


def describe_room(wanted: int) -> str:
    """Why clients get fewer connections than the configuration says; empty where they do not."""
    room = room_for_clients(wanted)
    if room == wanted:
        return ""
    return (
        f"clients may hold {room} TCP connections and not {wanted} (server.tcp.clients): this process may have only "
        f"{room * _SHARE_OF_CLIENTS} file descriptors, and half of them are for probes, zones and files "
        "(raise LimitNOFILE or ulimit -Hn)"
    )
