"""The compiled engine (crates/py) as Python sees it; only `understudy.engine` imports it."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, final

Problem: TypeAlias = tuple[str, int, int, str, str]
"""(file, line, column, code, message): lines and columns count from 1; 0 where there is none."""

RRset: TypeAlias = tuple[str, int, int, list[bytes]]
"""(owner as absolute text, type, ttl in seconds, rdata as uncompressed octets)."""

Steered: TypeAlias = tuple[
    str,  # owner, absolute text
    int,  # RR type: 1 A, 28 AAAA, 5 CNAME
    Literal["answer", "nodata", "servfail", "remove"],
    int,  # ttl in seconds
    float | None,  # due: CLOCK_MONOTONIC seconds; the answered ttl is min(ttl, floor(due - now)), never below 0
    Literal["one", "chance", "rotate"],
    list[tuple[int, list[bytes]]],  # variants: (weight, rdata octets of each record)
]
"""One steered RRset. `nodata`, `servfail`: no variants; `remove` ends the steering of that owner and type."""

View: TypeAlias = tuple[str, int, int, Sequence[bytes]]
"""(owner, type, ttl, rdata octets of each record): what a copy has there, in place of what is steered or static; no
records: nothing of the type.
"""

ZonemdHash: TypeAlias = Literal["sha384", "sha512"]
"""What a message digest is made with (RFC 8976 section 5.3)."""

ZonemdVerdict: TypeAlias = Literal["verified", "absent", "unknown", "other_serial", "mismatch"]
"""One digest is that of the zone; there is none; none of a scheme and hash known here; it is that of another version;
of other content.
"""

RateLimit: TypeAlias = tuple[
    int,  # responses per second about one subject to one network, from 1 to 100,000
    int,  # slip: one in so many of the others is sent truncated; 0: none
    int,  # bits of an IPv4 network
    int,  # bits of an IPv6 network
    Sequence[str],  # networks without a limit: "192.0.2.0/24"
    int,  # how many subjects are remembered, eight octets each
]
"""What a network is sent over UDP without a valid cookie."""

class ZoneFileError(Exception):
    """A master file that cannot be used; `problems` has every fault found, in file order, and `warnings` what is odd
    but harmless.
    """

    problems: list[Problem]
    warnings: list[Problem]

class BindError(Exception):
    """An address that cannot be listened on: `address`, `errno`, and what the system said."""

    address: str
    errno: int

class ZoneNotFoundError(Exception):
    """No such zone is being served."""

class StaleVersionError(Exception):
    """`commit`: another copy of the zone has been served since this one was prepared."""

class IncomingError(Exception):
    """A transfer that gave no zone: `code` is stable and dotted, `transfer.behind`."""

    code: str

class TsigError(Exception):
    """An answer whose signature does not prove it. `told`: the number of the error that the server found in the
    request's signature (16 BADSIG, 17 BADKEY, 18 BADTIME, 22 BADTRUNC), if it says so. No proof comes with 16 and 17.
    """

    reason: Literal["malformed", "unsigned", "another_key", "badsig", "badtime", "badtrunc", "told"]
    told: int | None

@final
class TsigKey:
    """A key that two sides have, to sign requests with (RFC 8945)."""

    def __init__(self, name: str, algorithm: str, secret: bytes) -> None:
        """`algorithm`: "hmac-sha256", "hmac-sha384", "hmac-sha512"; "hmac-sha224" and "hmac-sha1" for those who know
        no better. Raises ValueError for another, and for an empty secret. The secret shows nowhere.
        """

    @property
    def name(self) -> str: ...
    def sign(self, request: bytes, now_s: int) -> tuple[bytes, TsigVerifier]:
        """The request with its signature, made at this time since 1970, and what verifies the answer to it.

        Raises ValueError for what is no message, and for one that leaves no room.
        """

@final
class TsigVerifier:
    """Verifies the messages of one answer, a transfer's too, one after the other."""

    def take(self, message: bytes, now_s: int) -> None:
        """The next message, received at this time. Raises TsigError; then the answer is to be given up.

        Messages without a signature between others are proven by the next one only: trust nothing before `finish`.
        """

    def finish(self) -> None:
        """Nothing more is to come. Raises TsigError if the last message was not signed."""

@final
class Zone:
    """One immutable version of a zone."""

    @property
    def origin(self) -> str: ...
    @property
    def serial(self) -> int: ...
    @property
    def record_count(self) -> int: ...
    @property
    def name_count(self) -> int: ...
    @property
    def files(self) -> list[str]:
        """Every file read ($INCLUDE as well), for watching."""

    @property
    def warnings(self) -> list[Problem]: ...
    @property
    def expire_s(self) -> int | None:
        """For how many seconds it is good, as the server that gave it said (RFC 7314); None: none did."""

    @staticmethod
    def load(origin: str, path: str, progress: Callable[[int, int], None] | None = None) -> Zone:
        """Read a master file. Lets the interpreter go on meanwhile. `progress(octets read, octets in all)`
        is called a few times a second at most. Raises ZoneFileError; OSError, ENOMEM also where the zone would take
        more memory than there is.
        """

    @staticmethod
    def load_sealed(origin: str, path: str) -> Zone:
        """Read what `write_sealed` wrote. Lets the interpreter go on meanwhile. A copy without a checksum has a
        warning with the code `zone.unsealed`. Raises OSError; ZoneFileError, also where it is not what was written.
        """

    @staticmethod
    def parse(origin: str, text: bytes, file: str = "<text>") -> Zone: ...
    def rrset(self, owner: str, rtype: int) -> RRset | None: ...
    def types_at(self, owner: str) -> list[int]: ...
    def rrsets(self) -> list[RRset]:
        """Everything, SOA first, then canonical order."""

    def delegation_above(self, owner: str) -> str | None:
        """The zone cut at or above `owner`, or None."""

    def zonemd(self, algorithm: ZonemdHash) -> bytes:
        """The message digest of all records (RFC 8976, scheme SIMPLE). Costs by the zone; the interpreter goes on."""

    def verify_zonemd(self) -> ZonemdVerdict:
        """What the digests at the apex say. Costs by the zone; the interpreter goes on."""

    def after(self, differences: Sequence[bytes]) -> Zone | None:
        """The version that these differences lead to (`Prepared.difference`), each of which begins where the one before
        ends; None: they are damaged, or do not fit. Costs by the differences.
        """

    def to_master_file(self) -> str: ...
    def write_sealed(self, path: str) -> None:
        """Into a file that has nothing else, as a master file behind a comment that tells, with `load_sealed`, whether
        it still is what was written. Lets the interpreter go on meanwhile. Raises OSError.
        """

    @staticmethod
    def locate(origin: str, path: str, owner: str, rtype: int) -> tuple[str, int] | None:
        """(file, line) of the first such record, by reading the file again; None: none there, or unreadable."""

@final
class Prepared:
    """The next version of a zone's copy, which nobody has seen yet."""

    @property
    def serial(self) -> int: ...
    @property
    def zone(self) -> Zone:
        """All that it has."""

    @property
    def difference(self) -> bytes | None:
        """What is different from the copy before, for `restore_history` after a restart. None: there was none, or the
        difference is longer than all that is kept, so that the history begins anew.
        """

    @property
    def digest(self) -> bytes:
        """Sixteen octets: the same for the same records, whatever their serial."""

    @property
    def is_same(self) -> bool:
        """Nothing but the serial would differ from the copy before; False if there was none."""

@final
class Incoming:
    """A zone that comes in from another server by AXFR or IXFR, message by message: all of it or nothing."""

    def __init__(
        self,
        origin: str,
        message_id: int,
        *,
        held: Zone | None = None,
        is_incremental: bool = False,
        limit_octets: int,
    ) -> None:
        """The answer to a query with this id: AXFR, or where `is_incremental` IXFR with the serial of `held`.

        Of messages, and of what is kept of them, no more than `limit_octets` are taken. Raises ValueError: no name, or
        an IXFR of nothing.
        """

    def feed(self, message: bytes) -> bool:
        """Take the next message; True: it was the last. Raises IncomingError, and then nothing comes of it any more."""

    def has_only_soa(self) -> bool:
        """Whether an IXFR has brought nothing yet but the SOA of a newer version; the rest may never come."""

    def give_up(self) -> None:
        """Let go of what has come: whoever keeps an error keeps all that was under way. Nothing once it is finished."""

    def finish(self) -> Zone | None:
        """The newer version; None: what is held is current. Lets the interpreter go on. Raises IncomingError.

        There is one ending: ValueError behind it.
        """

@final
class Gathering:
    """Zones of one primary, fetched in threads of its own, many over a connection: whole (AXFR), or what is newer than
    a version that is held (IXFR, which may bring all of it).

    It is the quick way and no judge: of a zone that does not come as it should nothing is said. Dropping it gives up
    what has not come.
    """

    def __init__(
        self,
        address: str,
        wanted: Sequence[str | Zone],
        *,
        first_id: int,
        limit_octets: int,
        key: TsigKey | None = None,
        via: str | None = None,
        patience_s: float = 5.0,
    ) -> None:
        """`address`: with the port, as for Engine; `via`: the address of this host that it sees. `wanted`: origins of
        zones that are wanted whole, and versions of which newer ones are. `first_id`: the queries are numbered from
        there. Of each zone no more than `limit_octets` are taken. With a key all is signed, and has to be. A connection
        that is not there, or ends no answer, for `patience_s` is given up. Raises ValueError; OSError: no threads can
        be made.
        """

    def take(self, within_s: float) -> list[tuple[int, Zone | str]] | None:
        """(place in `wanted`, zone) of some that have come since the last call; in place of a zone the rcode with which
        the primary says no. Waits until there are any, no longer than that (a millisecond at least). None: no more will
        come. Lets the interpreter go on.
        """

@final
class SerialSurvey:
    """The serials that one primary has of many zones, asked over one connection in a thread of its own.

    No judge either: of a zone without an answer that can be used nothing is said. Dropping it gives up the rest.
    """

    def __init__(
        self,
        address: str,
        origins: Sequence[str],
        *,
        first_id: int,
        key: TsigKey | None = None,
        via: str | None = None,
        patience_s: float = 5.0,
    ) -> None:
        """As Gathering."""

    def take(self, within_s: float) -> list[tuple[int, tuple[int, int | None] | str]] | None:
        """As Gathering.take: (place, (serial, for how many seconds it is good, if that is said (RFC 7314)))."""

@final
class PlainYaml:
    """The events of a YAML text that is written plainly: what every reader of YAML understands alike, and nothing else.

    Each is a kind ("document", "mapping", "sequence", "end", "plain" or "quoted"), the line and the column where it
    begins, from 1, and the text of a word. Raises ValueError, at once or later, where there is a doubt or a fault.
    """

    def __init__(self, text: str) -> None: ...
    def next_event(self) -> tuple[str, int, int, str] | None:
        """None: there are no more."""

@final
class Engine:
    """The DNS service: sockets, threads, published zones."""

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        threads: int = 1,
        udp_size: int = 1232,
        udp_size_without_cookie: int | None = None,
        cookie_secrets: Sequence[bytes] | None = None,
        minimal_responses: bool = False,
        rotate: bool = False,
        rate_limit: RateLimit | None = None,
        busy_poll_s: float = 0.0,
        tcp_idle_s: float = 10.0,
        tcp_clients: int = 1000,
        tcp_clients_per_prefix: int = 100,
        transfers: int = 20,
        shares_addresses: bool = False,
        version_bind: str = "",
        hostname_bind: str = "",
    ) -> None:
        """Bind UDP and TCP on every address ("192.0.2.1:53", "[::1]:5300"; port 0: the system chooses one for both).

        `cookie_secrets`: one or two of 16 octets, the first makes cookies; None: no cookies. `rotate`: the order of
        static RRsets. `tcp_clients_per_prefix`: of one IPv4 address or one IPv6 network of 56 bits.
        `busy_poll_s`: so long a thread looks for the next query before it sleeps, where they come that close.
        `transfers`: so many zones are given away at once. `shares_addresses`: another process of the same user that
        says so too may bind beside, as for a restart.

        Raises BindError; ValueError for an address that is none, and for numbers that make no sense. No addresses: no
        service, but `answer` works.
        """

    @property
    def addresses(self) -> list[str]: ...
    def start(self) -> None: ...
    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish what is being answered, close, join. True if every thread ended in time. Idempotent."""

    def rebind(self, addresses: Sequence[str]) -> None:
        """Change the addresses at run time: those that stay keep their sockets.

        Raises BindError, and then nothing changed.
        """

    def publish_zone(self, zone: Zone, steered: Sequence[Steered], serial: int | None = None) -> None:
        """Serve `zone` with the steered sets laid over it, replacing the version before, in one step.

        Until there is a copy `serial` is answered, or without one the zone's own.
        """

    def publish_zones(self, zones: Sequence[tuple[Zone, Sequence[Steered], int | None]]) -> None:
        """As `publish_zone` for each; those that were not served come in one step. Where one cannot be published
        none is.
        """

    def withdraw_zone(self, origin: str) -> None: ...
    def withdraw_zones(self, origins: Sequence[str]) -> None:
        """As `withdraw_zone` for each, in one step. Raises ZoneNotFoundError, and then nothing changed."""

    def publish(self, origin: str, steered: Sequence[Steered]) -> None:
        """Change some steered sets of a served zone in one step. Costs by the change, not by the zone."""

    def prepare(
        self,
        origin: str,
        serial: int,
        views: Sequence[View],
        base: Zone | None = None,
        *,
        zonemd: ZonemdHash | None = None,
    ) -> Prepared:
        """Make the next copy of a served zone: plain data with a serial of its own, as it is transferred.

        It has the records of `base`, or of the copy that is served, with the views in their place. With `zonemd` it
        gets a message digest; without, one that it has goes unless it is of this serial. Costs by the views; with a
        base or a digest by the zone.

        Raises ZoneNotFoundError; ValueError without a base where there is no copy yet, for a serial that is not newer
        (RFC 1982) than that of the copy, and for views that are no records of the zone.
        """

    def commit(self, prepared: Prepared) -> None:
        """Serve a prepared copy: it, its history and the serial that is answered change in one step. From now on
        `publish_zone` leaves the serial alone. Raises StaleVersionError, ZoneNotFoundError.
        """

    def restore_history(self, origin: str, differences: Sequence[bytes]) -> int:
        """Put differences of an earlier run, oldest first, before those that are kept; how many hold. Those that are
        damaged, or do not lead to the copy that is served, are left out with all that are older. Raises
        ZoneNotFoundError; ValueError where there is no copy yet.
        """

    def set_access(
        self, origin: str, networks: Sequence[str], keys: Sequence[str], both: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Who may transfer a zone: clients of these networks, whoever signs with one of these keys, and clients of a
        network who sign with the key beside it. Nobody at first, and again after `withdraw_zone`. Raises
        ZoneNotFoundError; ValueError for what is no network or name.
        """

    def set_secondaries(self, zones: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> None:
        """Have exactly these zones from other servers from now on: (origin, networks of the primaries, their keys).

        NOTIFY (RFC 1996) is heard for them, from these networks or signed with one of these keys, and refused for all
        others. A query for one of them that is not served gets SERVFAIL. Raises ValueError, and then nothing changed.
        """

    def set_expiry(self, instants: Sequence[tuple[str, float | None]]) -> None:
        """When zones from other servers will have expired, if no primary is heard: CLOCK_MONOTONIC seconds; None: they
        do not. Whoever asks is told (RFC 7314); before this, of such a zone, nothing. Other zones are left out. Raises
        ValueError for what is no name or instant.
        """

    def notices_fd(self) -> int:
        """A descriptor that is readable while there is something for `take_notices`; it lives as long as the engine."""

    def take_notices(self) -> list[str]:
        """The origins that NOTIFY was heard for since the last call, each once however often."""

    def visits_fd(self) -> int:
        """A descriptor that is readable while there is something for `take_visits`; it lives as long as the engine."""

    def take_visits(self) -> list[tuple[str, str]]:
        """(origin, address of the client) of each transfer that has ended, or was given up, since the last call, each
        once however often. A client that asked and had the version already was not sent anything.
        """

    def take_refusals(self) -> list[tuple[str, str, str | None, int]]:
        """(origin, address of the client, its key, error) of each transfer that was refused over TCP since the last
        call, each once however often, 256 at most. The error is 5, REFUSED: neither address nor key may have the zone;
        0: it may, but too many transfers run; 16 BADSIG, 17 BADKEY, 18 BADTIME or 22 BADTRUNC: what is wrong with the
        signature, and the key is only claimed; 1 FORMERR: it cannot be read.
        """

    def zones(self) -> list[tuple[str, int, int]]:
        """(origin, serial, publications so far) of every served zone."""

    def serial(self, origin: str) -> int | None:
        """What the SOA of a zone is answered with; None: it is not served. Costs by that zone alone."""

    def answer(
        self,
        query: bytes,
        client: str = "127.0.0.1",
        *,
        transport: Literal["udp", "tcp"] = "udp",
        now: float | None = None,
    ) -> bytes | None:
        """What the service would send for this message at CLOCK_MONOTONIC `now`, of a transfer the first message;
        None: silence. Not counted, and not limited.
        """

    def set_cookie_secrets(self, cookie_secrets: Sequence[bytes]) -> None:
        """Make cookies with the first from now on, and take those made with any. No effect where there are none."""

    def set_keys(self, keys: Sequence[tuple[str, str, bytes]]) -> None:
        """Know exactly these keys from now on, (name, algorithm, secret) as for TsigKey: signed queries are verified,
        and their answers are signed. None are known before. Raises ValueError, and then nothing changed.
        """

    def record_counters(self) -> dict[tuple[str, int], int]:
        """(owner as absolute text, type) of every steered set that there has been -> the answers that it decided."""

    def counters(self) -> dict[str, int]:
        """Sums over all threads.

        "queries.udp4", "queries.udp6", "queries.tcp4", "queries.tcp6", "responses.<rcode name>", "dropped.<why>",
        "cookies.new", "cookies.valid", "cookies.wrong", "cookies.malformed", "tsig.valid", "tsig.badkey",
        "tsig.badsig", "tsig.badtime", "tsig.badtrunc", "extended.<code>", "truncated",
        "limited.dropped", "limited.slipped",
        "tcp.accepted", "tcp.refused", "qtype.<TYPE>", "steered", "transfers.axfr", "transfers.ixfr",
        "transfers.refused", "transfers.octets", "notify.heard", "notify.refused".
        """
