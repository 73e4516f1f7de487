"""A server that can be handed out."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from understudy.model.frozen import frozen
from understudy.model.name import Name

Target: TypeAlias = IPv4Address | IPv6Address | Name


class Family(StrEnum):
    """Which kind of address an answer carries; the value is the record type that does."""

    IPV4 = "A"
    IPV6 = "AAAA"
    HOST = "CNAME"

    @property
    def rtype(self) -> int:
        """The record type's number (RFC 1035 3.2.2, RFC 3596)."""
        return {Family.IPV4: 1, Family.IPV6: 28, Family.HOST: 5}[self]


@frozen
class Endpoint:
    """An address or a host name. Two records that name the same one share its probes and its health."""

    target: Target
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember the hash: an address makes its own from text, and every table of health and verdicts asks for it."""
        object.__setattr__(self, "_hash", hash(self.target))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return str(self.target)

    @property
    def family(self) -> Family:
        """The family that decides about it."""
        if isinstance(self.target, IPv4Address):
            return Family.IPV4
        return Family.IPV6 if isinstance(self.target, IPv6Address) else Family.HOST

    @property
    def rdata(self) -> bytes:
        """What an answer carries: 4 or 16 octets of address, or the uncompressed name."""
        return self.target.to_wire() if isinstance(self.target, Name) else self.target.packed


@frozen
class Member:
    """An endpoint's place in a pool. `weight` 0 is handed out only when nothing with a weight is left."""

    endpoint: Endpoint
    weight: int = 1
    is_disabled: bool = False


@frozen
class WithdrawLimit:
    """At most `count` endpoints of a pool are withdrawn by automation within `window_s` (semantics 5.2)."""

    count: int
    window_s: float


@frozen
class Pool:
    """Endpoints used together; never empty. A pool written inline in a record is named `<record>#<tier>`."""

    name: str
    members: tuple[Member, ...]
    max_withdraw: WithdrawLimit | None = None


def is_inline(pool: str) -> bool:
    """Whether a pool is written inside a record: it has no name that people know, only its place there."""
    return "#" in pool


def place_of(pool: str) -> str:
    """An inline pool's place in its record: a number, or `fallback`; of another pool its name."""
    return pool.rpartition("#")[2]
