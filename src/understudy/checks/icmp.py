"""An echo request (RFC 792, RFC 4443) and its reply."""

from __future__ import annotations

import secrets
import socket

from pydantic import Field

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Settings, SourceAddress
from understudy.checks.transport.datagram import Datagrams, connected
from understudy.checks.transport.faults import LocalError
from understudy.checks.transport.stream import Address, open_socket
from understudy.model.frozen import frozen

_HEADER_OCTETS = 8
_IPV4_VERSION = 4
_TOKEN_OCTETS = 16
_FORBIDDEN = (
    "this host forbids ping: allow the process's group in the sysctl net.ipv4.ping_group_range, "
    "or give the process the capability CAP_NET_RAW"
)


@frozen
class _Family:
    """Numbers of one version of IP; `error_option` makes a socket hear of unreachable hosts (ip(7), ipv6(7))."""

    protocol: int
    request: int
    reply: int
    error_level: int
    error_option: int


_FAMILIES = {
    4: _Family(socket.IPPROTO_ICMP, request=8, reply=0, error_level=socket.IPPROTO_IP, error_option=11),
    6: _Family(socket.IPPROTO_ICMPV6, request=128, reply=129, error_level=socket.IPPROTO_IPV6, error_option=25),
}


class IcmpSettings(Settings):
    """Ping the endpoint."""

    size: int = Field(56, ge=_TOKEN_OCTETS, le=1400, strict=True, description="octets of payload")
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Always `icmp`."""
        return "icmp"


async def probe(settings: IcmpSettings, attempt: Attempt) -> str:
    """Pass when the reply to our own request came: same identifier, sequence and random payload."""
    address = (await attempt.addresses())[0]
    family = _FAMILIES[address.version]
    attempt.enter("send")
    payload = secrets.token_bytes(_TOKEN_OCTETS) + bytes(settings.size - _TOKEN_OCTETS)
    identifier, sequence = secrets.randbelow(1 << 16), secrets.randbelow(1 << 16)
    echo = _Echo(family, identifier, sequence, payload)
    opened, is_raw = _open(address, family, settings.source)
    with connected(opened, address, 0) as datagrams:
        datagrams.send(echo.request())
        attempt.enter("first_octet")
        await _wait_for(echo, datagrams, has_ip_header=is_raw and address.version == _IPV4_VERSION, is_raw=is_raw)
    return "echo reply"


def _open(address: Address, family: _Family, source: Address | None) -> tuple[socket.socket, bool]:
    """A ping socket, or where those are forbidden a raw one; whether it is raw."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = open_socket(address, kind, source, protocol=family.protocol)
        except LocalError as fault:
            if fault.reason not in {"local.forbidden", "local.no-family"}:
                raise
            if kind == socket.SOCK_RAW:
                raise LocalError("local.icmp-forbidden", _FORBIDDEN) from None
            continue
        opened.setsockopt(family.error_level, family.error_option, 1)
        return opened, kind == socket.SOCK_RAW
    raise LocalError("local.icmp-forbidden", _FORBIDDEN)


async def _wait_for(echo: _Echo, datagrams: Datagrams, *, has_ip_header: bool, is_raw: bool) -> None:
    """Return when the reply has come; other ICMP traffic, which a raw socket hears too, is passed over."""
    while True:
        octets = await datagrams.receive()
        if has_ip_header:
            octets = octets[(octets[0] & 0x0F) * 4 :] if octets else b""
        if echo.is_answered_by(octets, checks_identifier=is_raw):
            return


@frozen
class _Echo:
    """One request and what its reply must look like."""

    family: _Family
    identifier: int
    sequence: int
    payload: bytes

    def request(self) -> bytes:
        """The message; the kernel fills in the checksum of ICMPv6, and on ping sockets the identifier."""
        head = bytes((self.family.request, 0))
        rest = self.identifier.to_bytes(2, "big") + self.sequence.to_bytes(2, "big") + self.payload
        return head + _checksum(head + rest).to_bytes(2, "big") + rest

    def is_answered_by(self, octets: bytes, *, checks_identifier: bool) -> bool:
        """Whether `octets` are the reply; a ping socket's identifier is the kernel's, which has checked it."""
        return (
            len(octets) >= _HEADER_OCTETS
            and octets[0] == self.family.reply
            and (not checks_identifier or int.from_bytes(octets[4:6], "big") == self.identifier)
            and int.from_bytes(octets[6:8], "big") == self.sequence
            and octets[_HEADER_OCTETS:] == self.payload
        )


def _checksum(octets: bytes) -> int:
    """RFC 1071."""
    padded = octets + bytes(len(octets) % 2)
    total = sum(int.from_bytes(padded[index : index + 2], "big") for index in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _shorthand(text: str) -> dict[str, object]:
    if text:
        raise ValueError(f"icmp takes nothing after its name, seen '{text}'")
    return {}


KIND = Kind("icmp", IcmpSettings, _shorthand, probe, example="icmp")
