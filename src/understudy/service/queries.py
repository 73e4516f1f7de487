"""How other servers are asked over UDP and TCP: one question, one answer, as dnspython's messages.

dnspython's own client brings TLS, QUIC and a client of HTTP, which nobody here speaks and every start would pay for
before the first zone is fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import closing
from typing import Any

import dns.exception
import dns.message

from understudy.model.watch import ServerPlace

_ANY_PORT = 0
_LENGTH_OCTETS = 2  # RFC 1035 4.2.2
_NUMBER_OCTETS = 2  # RFC 1035 4.1.1


class OtherQuestionError(dns.exception.FormError):
    """What came answers another question."""


async def udp(query: dns.message.Message, place: ServerPlace, patience_s: float) -> dns.message.Message:
    """The answer; what comes from elsewhere, or has another number, is not heard.

    Raises OSError, DNSException: Timeout where nothing came, else what came is no answer.
    """
    return _read(await _within(patience_s, _datagram(query.to_wire(), place)), query)


async def tcp(query: dns.message.Message, place: ServerPlace, patience_s: float) -> dns.message.Message:
    """The same over a connection of its own. Raises OSError, EOFError, DNSException."""
    return _read(await _within(patience_s, _stream(query.to_wire(), place)), query)


async def udp_with_fallback(
    query: dns.message.Message, place: ServerPlace, patience_s: float
) -> tuple[dns.message.Message, bool]:
    """The answer, and whether it came over TCP because it was cut over UDP. Raises OSError, EOFError, DNSException."""
    octets = await _within(patience_s, _datagram(query.to_wire(), place))
    try:
        return _read(octets, query, is_whole_wanted=True), False
    except dns.message.Truncated:
        return await tcp(query, place, patience_s), True


def _read(octets: bytes, query: dns.message.Message, *, is_whole_wanted: bool = False) -> dns.message.Message:
    """Raises DNSException: Truncated if it was cut and the whole is wanted."""
    response = dns.message.from_wire(
        octets, keyring=query.keyring, request_mac=query.mac, raise_on_truncation=is_whole_wanted
    )
    if not query.is_response(response):
        raise OtherQuestionError
    return response


async def _within(patience_s: float, conversation: Coroutine[Any, Any, bytes]) -> bytes:
    """Raises Timeout, which is none of the system's own (that is an OSError)."""
    try:
        async with asyncio.timeout(patience_s) as bound:
            return await conversation
    except TimeoutError as error:
        if bound.expired():
            raise dns.exception.Timeout from error
        raise


class _Datagrams(asyncio.DatagramProtocol):
    """Hears the first datagram that has the number of the query.

    Whoever forges the place and does not know the number must not end the wait for the answer (RFC 5452 9.1).
    """

    def __init__(self, number: bytes) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._number = number

    def datagram_received(self, data: bytes, _addr: tuple[str | Any, int]) -> None:
        if data[:_NUMBER_OCTETS] == self._number and not self.first.done():
            self.first.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.first.done():
            self.first.set_exception(exc)


def _local(place: ServerPlace) -> tuple[str, int] | None:
    return (place.via, _ANY_PORT) if place.via else None


async def _datagram(octets: bytes, place: ServerPlace) -> bytes:
    """By a socket that is connected: the system drops what comes from elsewhere, and says at once of a closed port."""
    transport, datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(octets[:_NUMBER_OCTETS]), local_addr=_local(place), remote_addr=(place.address, place.port)
    )
    with closing(transport):
        transport.sendto(octets)
        return await datagrams.first


async def _stream(octets: bytes, place: ServerPlace) -> bytes:
    reader, writer = await asyncio.open_connection(place.address, place.port, local_addr=_local(place))
    with closing(writer):
        writer.write(len(octets).to_bytes(_LENGTH_OCTETS) + octets)
        await writer.drain()
        try:
            length = await reader.readexactly(_LENGTH_OCTETS)
            return await reader.readexactly(int.from_bytes(length))
        except asyncio.IncompleteReadError as error:
            raise EOFError("it closes the connection without an answer") from error
