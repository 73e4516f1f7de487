"""What the configuration says about handing a zone on to secondaries, and about fetching one from its primaries."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from understudy.model.frozen import frozen
from understudy.model.name import Name


class SerialStyle(StrEnum):
    """What a zone's next serial is made of."""

    INCREMENT = "increment"
    UNIXTIME = "unixtime"
    DATE = "date"


@frozen
class _Peer:
    """A name server: its address, its port, the key that is signed with, and our own address that it is to see.

    Without a `via` the system chooses one.
    """

    address: str
    port: int
    key: Name | None = None
    via: str = ""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def full_text(self) -> str:
        """With all that is written beside it."""
        key = "" if self.key is None else f" with {self.key}"
        return f"{self}{key} via {self.via}" if self.via else f"{self}{key}"


def default_via(address: str, vias: Sequence[str]) -> str:
    """Which of these addresses of ours a server is to see: the one of its family. Empty: the system chooses."""
    return next((via for via in vias if (":" in via) == (":" in address)), "")


@frozen
class NotifyTarget(_Peer):
    """A server that is told of new versions; the key signs the message."""


@frozen
class Primary(_Peer):
    """A server that a zone is fetched from; both sides sign with the key."""


@frozen
class KeyedNetwork:
    """Clients of a network, of whom each has to sign with the key as well."""

    network: str
    key: Name

    def __str__(self) -> str:
        return f"{self.network} with {self.key}"


@frozen
class TransferOut:
    """Who may fetch a zone, by network, by key, or by both at once, and whom to tell of a new version.

    `notify` None: the name servers of the zone. `merge_s` is the least time between two versions. `zonemd` is the hash
    of the message digest that each version gets (RFC 8976); None: none. `group` is what catalogs say of the zone, and
    `catalogs` are those that list it; None: all of them. `given_to` is the catalog that the others give it to.
    """

    networks: tuple[str, ...]
    keys: tuple[Name, ...]
    notify: tuple[NotifyTarget, ...] | None = None
    serial: SerialStyle = SerialStyle.INCREMENT
    merge_s: float = 0.1
    keyed_networks: tuple[KeyedNetwork, ...] = ()
    zonemd: Literal["sha384", "sha512"] | None = None
    group: str = ""
    catalogs: tuple[Name, ...] | None = None
    given_to: Name | None = None
