"""One question to another server, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.tsig
import pytest

from understudy.model.watch import ServerPlace
from understudy.service.queries import OtherQuestionError, tcp, udp, udp_with_fallback
from understudy.testing.ports import free_port

T = TypeVar("T")
Answer: TypeAlias = Callable[[dns.message.Message], Sequence[bytes]]
QUERY = dns.message.make_query("example.com.", "SOA")
KEY = dns.tsig.Key("key.", b"secret", "hmac-sha256")
PATIENCE_S = 10.0
SOON_S = 0.05


def good(query: dns.message.Message) -> Sequence[bytes]:
    return [dns.message.make_response(query).to_wire()]


def cut(query: dns.message.Message) -> Sequence[bytes]:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return [response.to_wire()[:20]]  # as a server may that cuts where its room ends


def other(query: dns.message.Message) -> Sequence[bytes]:
    question = dns.message.make_query("example.org.", "SOA", id=query.id)
    return [dns.message.make_response(question).to_wire()]


def forged(query: dns.message.Message) -> Sequence[bytes]:
    response = dns.message.make_response(query)
    response.id ^= 1
    return [b"", response.to_wire(), *good(query)]


def silent(_query: dns.message.Message) -> Sequence[bytes]:
    return []


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram as it is told; `stranger` says the same first, from another port."""

    def __init__(self, answer: Answer, stranger: Answer) -> None:
        self.answer, self.stranger = answer, stranger
        self.transports: list[Any] = []

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        query = dns.message.from_wire(data, keyring=KEY)
        for transport, answer in zip(self.transports, (self.stranger, self.answer), strict=True):
            for octets in answer(query):
                transport.sendto(octets, addr)


def among(
    ask: Callable[[ServerPlace], Awaitable[T]],
    answers: Answer = silent,
    *,
    stream: Answer = silent,
    stranger: Answer = silent,
    host: str = "127.0.0.1",
) -> T:
    """What comes of asking a server that answers so over UDP and so over TCP."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        for octets in stream(dns.message.from_wire(await reader.readexactly(length))):
            writer.write(len(octets).to_bytes(2) + octets)
        writer.close()

    async def main() -> T:
        place, loop = ServerPlace(host, free_port()), asyncio.get_running_loop()
        datagrams = Datagrams(answers, stranger)
        elsewhere, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(host, 0))
        here, _ = await loop.create_datagram_endpoint(lambda: datagrams, local_addr=(host, place.port))
        datagrams.transports = [elsewhere, here]
        async with await asyncio.start_server(converse, host, place.port):
            try:
                return await ask(place)
            finally:
                elsewhere.close()
                here.close()

    return asyncio.run(main())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0:0::1"])
def test_a_server_is_asked_over_either_transport(host: str) -> None:
    assert among(lambda place: udp(QUERY, place, PATIENCE_S), good, host=host).id == QUERY.id
    assert among(lambda place: tcp(QUERY, place, PATIENCE_S), stream=good, host=host).id == QUERY.id


def test_what_comes_from_elsewhere_is_not_heard() -> None:
    assert among(lambda place: udp(QUERY, place, PATIENCE_S), good, stranger=other).id == QUERY.id
    with pytest.raises(dns.exception.Timeout):
        among(lambda place: udp(QUERY, place, SOON_S), silent, stranger=good)


def test_what_has_another_number_does_not_end_the_wait_for_the_answer() -> None:
    assert among(lambda place: udp(QUERY, place, PATIENCE_S), forged).id == QUERY.id
    assert not among(lambda place: udp_with_fallback(QUERY, place, PATIENCE_S), forged)[1]


@pytest.mark.parametrize("ask", [udp, udp_with_fallback, tcp])
def test_the_answer_to_another_question_is_none(ask: Callable[..., Awaitable[object]]) -> None:
    with pytest.raises(OtherQuestionError):
        among(lambda place: ask(QUERY, place, PATIENCE_S), other, stream=other)


def test_what_was_cut_is_fetched_over_tcp() -> None:
    assert among(lambda place: udp_with_fallback(QUERY, place, PATIENCE_S), cut, stream=good)[1]
    assert not among(lambda place: udp_with_fallback(QUERY, place, PATIENCE_S), good, stream=silent)[1]


def test_who_does_not_answer_is_told_from_who_hangs_up_and_from_a_fault_of_the_system() -> None:
    with pytest.raises(dns.exception.Timeout):
        among(lambda place: udp(QUERY, place, SOON_S))
    with pytest.raises(EOFError, match="closes the connection"):
        among(lambda place: tcp(QUERY, place, PATIENCE_S))
    with pytest.raises(dns.exception.DNSException):
        among(lambda place: tcp(QUERY, place, PATIENCE_S), stream=lambda _: [b""])
    with pytest.raises(OSError, match="assign"):
        asyncio.run(udp(QUERY, ServerPlace("127.0.0.1", free_port(), "203.0.113.1"), PATIENCE_S))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_closed_port_is_told_at_once_over_both_transports(host: str) -> None:
    for ask in (udp, tcp):
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(ask(QUERY, ServerPlace(host, free_port()), PATIENCE_S))


def test_a_signed_question_takes_no_unsigned_answer() -> None:
    query = dns.message.make_query("example.com.", "SOA")
    query.use_tsig(KEY)

    def unsigned(query: dns.message.Message) -> Sequence[bytes]:
        response = dns.message.Message(query.id)
        response.flags, response.question = int(dns.flags.QR), query.question
        return [response.to_wire()]

    assert among(lambda place: udp(query, place, PATIENCE_S), good).had_tsig
    with pytest.raises(dns.exception.FormError):
        among(lambda place: udp(query, place, PATIENCE_S), unsigned)


def test_no_client_of_another_protocol_is_imported() -> None:
    """A start would pay for it."""
    asks = "import sys, understudy.service.queries; print({'dns.query', 'dns.quic', 'httpx2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asks], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
