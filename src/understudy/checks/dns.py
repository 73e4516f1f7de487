"""A DNS query, by UDP and, where the answer is truncated, TCP (RFC 1035, RFC 7766)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyAddress

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, Settings, SourceAddress, Texts
from understudy.checks.transport.datagram import open_udp
from understudy.checks.transport.faults import EndpointError, LocalError, ProbeError, plain
from understudy.checks.transport.stream import Stream, dial
from understudy.model.endpoint import Endpoint
from understudy.model.name import Name

PAYLOAD_OCTETS = 1232  # the value of the DNS flag day 2020, which is not fragmented anywhere
_SERIAL_HALF = 1 << 31


class DnsTransport(StrEnum):
    """What carries the query."""

    UDP = "udp"
    TCP = "tcp"


def _read_type(text: str) -> str:
    try:
        return dns.rdatatype.to_text(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"'{plain(text)}' is no record type: write one such as SOA or TYPE65280") from None


def _read_rcode(text: object) -> str:
    try:
        return dns.rcode.to_text(dns.rcode.from_text(str(text)))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"'{plain(str(text))}' is no response code: write one such as NOERROR or NXDOMAIN") from None


class DnsSettings(Settings):
    """Ask the endpoint for `name`."""

    name: Annotated[str, AfterValidator(lambda text: str(Name.parse(text)))] = Field(description="name to ask for")
    type: Annotated[str, AfterValidator(_read_type)] = Field("SOA", description="record type to ask for")
    port: Port = 53
    transport: DnsTransport = DnsTransport.UDP
    rcode: Annotated[str, BeforeValidator(_read_rcode)] = Field("NOERROR", description="response code that passes")
    contains: Texts = Field((), description="texts that must each stand in the answer section")
    authoritative: bool = Field(default=False, description="whether the answer must have the AA bit")
    recursive: bool = Field(default=False, description="whether recursion is desired")
    serial_not_older_than: IPvAnyAddress | None = Field(None, description="peer whose SOA serial must be reached")
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `dns:example.com SOA`."""
        return f"dns:{self.name} {self.type}"


async def probe(settings: DnsSettings, attempt: Attempt) -> str:
    """Pass when the response is as expected."""
    response = await _ask(settings, attempt, settings.type)
    _judge(settings, response)
    peer = settings.serial_not_older_than
    if peer is None:
        return f"{settings.rcode}, {sum(len(rrset) for rrset in response.answer)} records"
    if settings.type != "SOA":
        response = await _ask(settings, attempt, "SOA")
    mine = _serial(response)
    if mine is None:
        raise EndpointError("dns.answer", "expected a SOA record in the answer, seen none")
    theirs = await _peer_serial(settings, attempt, Endpoint(peer))
    if 0 < (theirs - mine) % (2 * _SERIAL_HALF) < _SERIAL_HALF:  # RFC 1982 3.2
        raise EndpointError("dns.serial", f"expected serial {theirs} or later, seen {mine}")
    return f"{settings.rcode}, serial {mine}"


async def _ask(settings: DnsSettings, attempt: Attempt, rtype: str) -> dns.message.Message:
    """One query and its response; dnspython draws the id at random."""
    query = dns.message.make_query(Name.parse(settings.name).absolute, rtype, use_edns=0, payload=PAYLOAD_OCTETS)
    if not settings.recursive:
        query.flags &= ~dns.flags.RD
    if settings.transport is DnsTransport.UDP:
        response = await _ask_by_udp(settings, attempt, query)
        if not response.flags & dns.flags.TC:
            return response
    with await dial(attempt, settings.port, settings.source) as stream:
        octets = query.to_wire()
        attempt.enter("send")
        await stream.write(len(octets).to_bytes(2, "big") + octets)
        attempt.enter("first_octet")
        length = int.from_bytes(await _exactly(stream, 2), "big")
        attempt.enter("read")
        received = _read(await _exactly(stream, length))
    if received is None or not query.is_response(received):
        raise EndpointError("dns.malformed", "expected a response to our query, seen something else")
    return received


async def _ask_by_udp(settings: DnsSettings, attempt: Attempt, query: dns.message.Message) -> dns.message.Message:
    """The first datagram that answers the query; all others are passed over, as forged ones must be (RFC 5452 9.1)."""
    with await open_udp(attempt, settings.port, settings.source) as datagrams:
        datagrams.send(query.to_wire())
        attempt.enter("first_octet")
        while True:
            octets = await datagrams.receive()
            response = _read(octets)
            if response is None and octets[:2] == query.id.to_bytes(2, "big"):
                raise EndpointError("dns.malformed", f"expected a DNS message, seen {len(octets)} other octets")
            if response is not None and query.is_response(response):
                return response


def _read(octets: bytes) -> dns.message.Message | None:
    """The message, or None for what is no message."""
    try:
        return dns.message.from_wire(octets, ignore_trailing=True)
    except (
        dns.exception.DNSException,
        ValueError,
    ):  # ValueError: octets that dnspython reads as no name, number or text
        return None


async def _exactly(stream: Stream, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        part = await stream.read(count - len(octets))
        if not part:
            raise EndpointError("read.closed", f"expected {count} octets, seen {len(octets)} and the end")
        octets += part
    return octets


def _judge(settings: DnsSettings, response: dns.message.Message) -> None:
    seen = dns.rcode.to_text(response.rcode())
    if seen != settings.rcode:
        raise EndpointError("dns.rcode", f"expected {settings.rcode}, seen {seen}")
    if settings.authoritative and not response.flags & dns.flags.AA:
        raise EndpointError("dns.not-authoritative", "expected an authoritative answer, seen one without the AA bit")
    answers = [rdata.to_text() for rrset in response.answer for rdata in rrset]
    for wanted in settings.contains:
        if not any(wanted in answer for answer in answers):
            text = f"expected an answer with '{plain(wanted)}', seen '{plain(', '.join(answers))}'"
            raise EndpointError("dns.answer", text)


async def _peer_serial(settings: DnsSettings, attempt: Attempt, peer: Endpoint) -> int:
    """The serial to compare with; a peer that fails is not the endpoint's fault, so raises LocalError."""
    attempt.enter("peer")
    try:
        response = await _ask(settings, Attempt(attempt.check, peer, attempt.clock), "SOA")
    except (ProbeError, OSError) as error:
        raise LocalError("dns.peer", f"the peer {peer} cannot be compared with: {error}") from None
    serial = _serial(response)
    if serial is None:
        raise LocalError("dns.peer", f"the peer {peer} has no SOA record to compare with")
    return serial


def _serial(response: dns.message.Message) -> int | None:
    """The serial in the answer section, if there is one."""
    for rrset in response.answer:
        for rdata in rrset:
            if isinstance(rdata, dns.rdtypes.ANY.SOA.SOA):
                return int(rdata.serial)
    return None


def _shorthand(text: str) -> dict[str, object]:
    return {"name": text}


KIND = Kind("dns", DnsSettings, _shorthand, probe, example="dns:example.com")
