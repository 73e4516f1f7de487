"""The written form of the section `server`: how this node answers, and what it takes."""

from __future__ import annotations

from understudy.config.fields import (
    BusyPoll,
    Connections,
    Ipv4Prefix,
    Ipv6Prefix,
    NetworkText,
    PerSecond,
    ShortText,
    Slip,
    TableSize,
    TcpIdle,
    Text,
    Threads,
    Transfers,
    UdpSize,
    ViaText,
)
from understudy.config.findings import Findings
from understudy.config.forms import Field, Form


class TcpForm(Form):
    """Connections that clients may have."""

    clients: Connections = Field(
        1000, description="Connections in all; beyond that the longest idle one makes room for a new one."
    )
    clients_per_prefix: Connections = Field(
        100, description="Connections from one IPv4 address, or from one IPv6 network of 56 bits, which is one site."
    )
    idle: TcpIdle = Field(10.0, description="How long a connection is kept without an answer that has left.")


class RateLimitForm(Form):
    """How often a network is sent the same response over UDP."""

    per_second: PerSecond = Field(description="Responses about one subject to one network; as many may come at once.")
    slip: Slip = Field(
        2, description="One in so many of the others is sent truncated, so that the client asks over TCP; 0: none."
    )
    ipv4_prefix: Ipv4Prefix = Field(24, description="Bits that make a network of IPv4.")
    ipv6_prefix: Ipv6Prefix = Field(56, description="Bits that make a network of IPv6.")
    exempt: list[NetworkText] = Field([], description="Networks without a limit, such as those of your own resolvers.")
    table_size: TableSize = Field(131_072, description="How many subjects are remembered; 8 octets each.")


class ServerForm(Form):
    """The DNS service of this node."""

    threads: Threads = Field(1, description="Threads that answer queries.")
    version: ShortText | None = Field(None, description="Answer to version.bind (CH TXT); default: refused.")
    hostname: ShortText | None = Field(None, description="Answer to hostname.bind and id.server (CH TXT), and NSID.")
    udp_size: UdpSize = Field(
        1232, description="Longest answer over UDP, in octets; what does not fit is fetched over TCP."
    )
    udp_size_without_cookie: UdpSize | None = Field(
        None,
        description="The same for clients without a valid cookie: the most that a query with a forged address can send"
        " to a victim; default: udp_size.",
    )
    cookies: bool = Field(True, description="Answer DNS cookies (RFC 7873, 9018).")  # noqa: FBT003  # the default, named by the field
    cookie_secret_file: Text | None = Field(
        None,
        description="File with the secret of all servers that share an address, as 32 hexadecimal digits; a second line"
        " is taken from clients too, while the secret is changed. Default: a random secret at each start.",
    )
    minimal_responses: bool = Field(False, description="Leave out additional data that a client can do without.")  # noqa: FBT003  # as above
    rotate: bool = Field(False, description="Give records in another order each time; steered ones have their policy.")  # noqa: FBT003  # as above
    rate_limit: RateLimitForm | None = Field(
        None, description="Limit what a network is sent over UDP without a valid cookie; default: no limit."
    )
    busy_poll: BusyPoll = Field(
        0.0,
        description="How long a thread looks for the next query before it sleeps, where queries come that close to each"
        " other: quicker answers, and the whole of a core for each thread. 0: it sleeps at once.",
    )
    tcp: TcpForm = Field(TcpForm(), description="Connections over TCP.")
    via: list[ViaText] = Field(
        [],
        description="The addresses of this host, one of IPv4 and one of IPv6, that other name servers see where nothing"
        " else is written beside them. Default: the system chooses.",
    )
    transfers: Transfers = Field(
        20,
        description="How many zones are sent to secondaries at once; a further one is told to try again later. Changes"
        " that are one message, as those of a decision, are sent in any case.",
    )


def judge_server(form: ServerForm, findings: Findings) -> None:
    """What one key says about another."""
    if len({":" in each for each in form.via}) < len(form.via):
        hint = "write one of IPv4 and one of IPv6; what differs for a server stands beside it, as its via"
        findings.error(("server", "via"), "via.family", "both are of one family", hint=hint)
    least = form.udp_size_without_cookie
    if least is not None and least > form.udp_size:
        message = f"{least} is more than udp_size, which is {form.udp_size}"
        hint = "a client without a cookie gets no more than others"
        findings.error(("server", "udp_size_without_cookie"), "server.udp-size", message, hint=hint)
    if form.cookie_secret_file is not None and not form.cookies:
        message = "cookies are switched off, so nothing uses this file"
        findings.warn(("server", "cookie_secret_file"), "server.cookie-unused", message, hint="leave one of them out")
