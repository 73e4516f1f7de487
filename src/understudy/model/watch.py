"""What the configuration says about watching the name servers of a zone, and the words for how they stand."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.frozen import frozen


@frozen
class ServerPlace:
    """Where a name server is asked: its address and its port, and our own address that it is to see.

    Without a `via` the system chooses one.
    """

    address: str
    port: int
    via: str = ""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@frozen
class WatchSettings:
    """How a zone's name servers are watched.

    `interval_s` lies between two looks at one server; a server whose content is older than `lag_s` is behind.
    `servers` are watched beside those that the zone names, addresses in `ignore` are not.
    """

    interval_s: float = 60.0
    lag_s: float = 120.0
    servers: tuple[ServerPlace, ...] = ()
    ignore: tuple[str, ...] = ()


@frozen
class NamedServer:
    """A server that something names for a zone.

    `name` is that of its NS record, or empty. `place` None: no address is known for it, `is_unresolved`: because our
    resolver says nothing about it. `is_self`: it is this server. `is_upstream`: the zone comes from it.
    """

    name: str
    place: ServerPlace | None
    is_self: bool = False
    is_upstream: bool = False
    is_unresolved: bool = False

    def __str__(self) -> str:
        if self.place is None:
            return self.name
        return f"{self.name} ({self.place})" if self.name else str(self.place)


class ServerState(StrEnum):
    """How a name server of a zone stands, the worst first."""

    UNREACHABLE = "unreachable"  # it answers neither over UDP nor over TCP
    LAME = "lame"  # it answers, but not for this zone
    NO_UDP = "no udp"  # it answers over TCP only
    NO_TCP = "no tcp"  # it answers over UDP only
    AHEAD = "ahead"  # its serial is later than ours, so it does not follow
    BEHIND = "behind"  # it has not followed for longer than the limit
    DIFFERS = "differs"  # same serial, and another answer
    OK = "ok"
    UNKNOWN = "unknown"  # not looked at yet, or this host cannot
