"""The desired state, whole and valid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from understudy.model.check import Check
from understudy.model.endpoint import Pool
from understudy.model.frozen import frozen
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.model.zone import ZoneDefinition


@frozen
class RateLimit:
    """What a network is sent over UDP of one subject, unless it shows a valid cookie or is exempt."""

    per_second: int
    slip: int
    ipv4_prefix: int
    ipv6_prefix: int
    exempt: tuple[str, ...]
    table_size: int

    def __str__(self) -> str:
        prefixes = f"/{self.ipv4_prefix} and /{self.ipv6_prefix}"
        exempt = f", without {', '.join(self.exempt)}" if self.exempt else ""
        return f"{self.per_second}/s of {prefixes}, slip {self.slip}, {self.table_size} subjects{exempt}"


@frozen
class NodeSettings:
    """What belongs to this node only, and so is never in the log.

    `listen` is as the engine takes it: `192.0.2.1:53`, `[::1]:53`. `api_socket` is the Unix socket on which the running
    server is spoken to; None: it is spoken to nowhere. Without a `cookie_secret_file` the secret is a random one.
    `via` are the addresses of this host, no more than one of a family, that other name servers see.
    """

    listen: tuple[str, ...]
    state_dir: Path
    file: Path
    threads: int = 1
    version_bind: str = ""
    hostname_bind: str = ""
    udp_size: int = 1232  # DNS flag day 2020: what passes unfragmented nearly everywhere
    udp_size_without_cookie: int = 1232
    has_cookies: bool = True
    cookie_secret_file: Path | None = None
    is_minimal: bool = False
    is_rotated: bool = False
    rate_limit: RateLimit | None = None
    busy_poll_s: float = 0.0
    tcp_clients: int = 1000
    tcp_clients_per_prefix: int = 100
    tcp_idle_s: float = 10.0
    transfers: int = 20
    via: tuple[str, ...] = ()
    probe_rate_max: float = 2000.0  # chosen: probes started per second in all; twice what 10,000 endpoints at 10 s need
    api_socket: Path | None = None


@frozen
class Configuration:
    """References between the parts all resolve: every pool, check, zone and key that something names is here."""

    node: NodeSettings
    zones: Mapping[Name, ZoneDefinition]
    checks: Mapping[str, Check]
    pools: Mapping[str, Pool]
    records: Mapping[Name, Record]
    sources: Mapping[str, tuple[str, int]]
    """Where each object stands: `record:www.example.com` -> (file, line)."""
    keys: Mapping[Name, Key] = field(default_factory=dict)
    records_by_zone: Mapping[Name, Sequence[Record]] = field(init=False, compare=False, repr=False)
    """The same records, in the order of the file; what one zone of ten thousand needs is not looked for in all."""

    def __post_init__(self) -> None:
        """Sort the records by their zones."""
        found: defaultdict[Name, list[Record]] = defaultdict(list)
        for record in self.records.values():
            found[record.zone].append(record)
        object.__setattr__(self, "records_by_zone", dict(found))

    def records_in(self, origin: Name) -> Sequence[Record]:
        """The records that are laid over a zone."""
        return self.records_by_zone.get(origin, ())
