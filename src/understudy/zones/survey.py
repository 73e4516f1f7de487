"""What is found out about a zone, its delegation and its servers, before anything of it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Self

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA

from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.zones.sighting import Sighting

NAMES_MAX = 3  # chosen: whoever has thousands of records knows their names


@frozen
class Soa:
    """A zone's SOA, as far as others go by it; `ttl_s` is its own TTL, names are without the final dot."""

    mname: str
    serial: int
    refresh_s: int
    retry_s: int
    expire_s: int
    minimum_s: int
    ttl_s: int

    @classmethod
    def of(cls, soa: dns.rdtypes.ANY.SOA.SOA, ttl_s: int) -> Self:
        """From a record as it was read."""
        mname = host_text(soa.mname.to_text())
        return cls(mname, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum, ttl_s)

    @classmethod
    def of_octets(cls, octets: bytes, ttl_s: int) -> Self:
        """From uncompressed rdata."""
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SOA, octets, 0, len(octets))
        if not isinstance(rdata, dns.rdtypes.ANY.SOA.SOA):
            raise TypeError(f"{type(rdata).__name__} is no SOA")
        return cls.of(rdata, ttl_s)

    @property
    def negative_s(self) -> int:
        """How long resolvers keep that something does not exist (RFC 2308 5)."""
        return min(self.ttl_s, self.minimum_s)


@frozen
class NsSet:
    """The names of a zone's servers, in lower case without the final dot, and the TTL of the set."""

    names: tuple[str, ...]
    ttl_s: int


@frozen
class DsSet:
    """The DS records that the zone above has of a zone (RFC 4034 5), as text, and their TTL; empty: it has none."""

    texts: tuple[str, ...] = ()
    ttl_s: int = 0

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the keys that they are of."""
        return tuple(dict.fromkeys(text.split()[0] for text in self.texts))


class Proof(StrEnum):
    """What a server's answers are worth to who validates them, where the zone above has a DS."""

    GIVEN = "given"  # it has a key that a DS is of, and signatures
    UNSIGNED = "unsigned"  # it has no keys, or no signatures
    OTHER_KEY = "other-key"  # it has keys, and no DS is of any of them


@frozen
class Delegation:
    """What the servers of the zone above say. `asked` is who answered; `glue` has the addresses that came along.

    `ds` None: that was not told.
    """

    asked: str
    names: tuple[str, ...]
    glue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ds: DsSet | None = None


@frozen
class NotDelegated:
    """The zone above was asked and does not know this zone. `why` is what it said."""

    asked: str
    why: str


@frozen
class NotAsked:
    """Nothing is known of the delegation, and why; of the DS there may be, where one server has both zones."""

    why: str
    ds: DsSet | None = None


@frozen
class Host:
    """A name that an NS record names. `alias` is what it is another name for, or empty.

    `is_known` False: the resolver did not say anything of it.
    """

    addresses: tuple[str, ...] = ()
    alias: str = ""
    is_known: bool = True


@frozen
class SurveyedServer:
    """One name server at one of its addresses; `names` is the NS set that it answers, None where it was not told.

    `soa` is the text of its SOA record, empty where it was not told. `proof` None: nothing is to be proven, or it was
    not told.
    """

    name: str
    place: ServerPlace
    sighting: Sighting
    names: tuple[str, ...] | None = None
    proof: Proof | None = None
    soa: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"


@frozen
class Steered:
    """A record that is laid over the zone. A dead endpoint is withdrawn within `detect_s`; None: it is not checked."""

    name: str
    ttl_s: int
    detect_s: float | None


@frozen
class Survey:
    """All of it. `ns` and `soa` None: nobody has the zone. `is_configured`: it stands in the configuration file.

    `is_signed`: somebody has signed it (DNSSEC). `primaries` are those of the configuration, asked where nobody else
    has the zone.
    """

    origin: Name
    delegation: Delegation | NotDelegated | NotAsked
    ns: NsSet | None
    soa: Soa | None
    hosts: Mapping[str, Host]
    servers: tuple[SurveyedServer, ...]
    records: tuple[Steered, ...] = ()
    is_configured: bool = False
    is_signed: bool = False
    primaries: tuple[SurveyedServer, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether a name server was heard to have the zone."""
        return any(server.sighting.serial is not None for server in self.servers)

    def is_out_of_reach(self, name: str) -> bool:
        """Whether resolvers cannot look up a name server: it lies in the zone, and above it stands without address."""
        above = self.delegation
        is_named = isinstance(above, Delegation) and name in above.names and not above.glue.get(name)
        return is_named and lies_in(name, self.origin)

    @property
    def ds(self) -> DsSet | None:
        """What the zone above has of the zone's keys; None: not known."""
        return None if isinstance(self.delegation, NotDelegated) else self.delegation.ds


def alike(records: tuple[Steered, ...]) -> list[tuple[str, Steered]]:
    """The records by their times: the names of those with the same ones, three at most, and one of them."""
    groups: dict[tuple[int, float | None], list[Steered]] = {}
    for record in records:
        groups.setdefault((record.ttl_s, record.detect_s), []).append(record)
    return [(_some([each.name for each in group]), group[0]) for group in groups.values()]


def _some(names: list[str]) -> str:
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more:,} more" if more > 0 else "")


def host_text(absolute: str) -> str:
    """A host name as it is compared and shown."""
    return absolute.lower().removesuffix(".") or "."


def lies_in(host: str, origin: Name) -> bool:
    """Whether a host is in a zone; others may have given it a name that none of ours may have."""
    return dns.name.from_text(host).is_subdomain(dns.name.from_text(origin.absolute))
