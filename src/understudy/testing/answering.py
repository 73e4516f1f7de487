"""A name server on loopback that answers as a test wants it to, over UDP and TCP, while something is asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from understudy.model.watch import ServerPlace
from understudy.testing.ports import free_port

T = TypeVar("T")
Answer: TypeAlias = Callable[[dns.message.Message], bytes | None]
"""What answers a query; None: nothing."""

HERE = "127.0.0.1"


def reply(
    query: dns.message.Message, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = dns.flags.AA
) -> dns.message.Message:
    """A response with these records as its answer."""
    response = dns.message.make_response(query)
    response.flags |= flags
    response.set_rcode(rcode)
    response.answer = [rrset(record) for record in records]
    return response


def rrset(record: str) -> dns.rrset.RRset:
    """One record, as in a master file with all its fields."""
    owner, ttl, _, rtype, rdata = record.split(" ", 4)
    return dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)


def silent(_query: dns.message.Message) -> bytes | None:
    """No answer."""
    return None


class _Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram as it is told."""

    def __init__(self, answer: Answer, friend: str) -> None:
        self.answer, self.friend = answer, friend
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A query."""
        octets = self.answer(dns.message.from_wire(data))
        if octets is not None and self.transport is not None and addr[0] == self.friend:
            self.transport.sendto(octets, addr)


def among(
    udp: Answer | None, tcp: Answer | None, ask: Callable[[ServerPlace], Awaitable[T]], *, friend: str = HERE
) -> T:
    """What `ask` finds out about a server that answers so, and this address only; None: nobody listens."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        octets = tcp(dns.message.from_wire(await reader.readexactly(length))) if tcp is not None else None
        if octets is not None and writer.get_extra_info("peername")[0] == friend:
            writer.write(len(octets).to_bytes(2) + octets)
        writer.close()

    async def main() -> T:
        place, loop = ServerPlace(HERE, free_port()), asyncio.get_running_loop()
        datagrams = _Datagrams(udp or silent, friend)
        transport, _ = await loop.create_datagram_endpoint(lambda: datagrams, local_addr=(HERE, place.port))
        datagrams.transport = transport
        streams = await asyncio.start_server(converse, HERE, place.port) if tcp is not None else None
        try:
            return await ask(place)
        finally:
            transport.close()
            if streams is not None:
                streams.close()
                await streams.wait_closed()

    return asyncio.run(main())
