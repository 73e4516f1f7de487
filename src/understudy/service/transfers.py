"""Conversations with a zone's primary: what it has, and the zone itself (RFC 1995, RFC 5936)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from understudy.engine import Incoming, IncomingError, Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary

ANSWER_S = 2.0  # chosen: any path has answered by then; there are two attempts
CONNECT_S = 5.0  # chosen: a SYN that was lost is sent again after 1 s and 3 s
STALL_S = 20.0  # chosen: 64 KiB in this time is 26 kbit/s; who is slower is not heard of for longer
WHOLE_S = 7200.0  # chosen: BIND's bound too
LIMIT_OCTETS = 2 << 30  # chosen: about twenty million records, of messages and in memory
_ATTEMPTS = 2


async def ask_serial(origin: Name, primary: Primary) -> int:
    """The serial that a primary has. Raises TransferError."""
    name = dns.name.from_text(origin.absolute)
    query = dns.message.make_query(name, dns.rdatatype.SOA)
    query.flags &= ~dns.flags.RD
    response = await _asked(query, primary)
    if response.rcode() != dns.rcode.NOERROR:
        raise TransferError(f"{primary} answered {dns.rcode.to_text(response.rcode())}", code="transfer.refused")
    soa = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.SOA)
    if soa is None or not response.flags & dns.flags.AA:
        raise TransferError(f"{primary} has no authority for {origin}", code="transfer.lame")
    return int(soa[0].serial)


async def _asked(query: dns.message.Message, primary: Primary) -> dns.message.Message:
    error: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            response, _ = await dns.asyncquery.udp_with_fallback(
                query, primary.address, timeout=ANSWER_S, port=primary.port, ignore_unexpected=True
            )
        except (OSError, EOFError, dns.exception.DNSException) as caught:
            error = caught
        else:
            return response
    raise _unreachable(primary, error)


async def fetch(origin: Name, primary: Primary, held: Zone | None) -> Zone | None:
    """The primary's version, as differences from what is held if it has them, else whole; None: nothing newer.

    What is held stays as it is, whatever comes. Raises TransferError.
    """
    if held is not None:
        try:
            return await _transferred(origin, primary, held, is_incremental=True)
        except _UnusableError as error:
            if error.code == "transfer.behind":
                raise
    return await _transferred(origin, primary, held, is_incremental=False)


class _UnusableError(TransferError):
    """The primary was heard, and what it sent is no version."""

    code = "transfer.unusable"


async def _transferred(origin: Name, primary: Primary, held: Zone | None, *, is_incremental: bool) -> Zone | None:
    query = _query(origin, held if is_incremental else None)
    incoming = Incoming(origin.absolute, query.id, held=held, is_incremental=is_incremental, limit_octets=LIMIT_OCTETS)
    try:
        async with asyncio.timeout(WHOLE_S), _connection(primary) as (reader, writer):
            await _converse(query.to_wire(), incoming, reader, writer=writer)
        return await asyncio.to_thread(incoming.finish)
    except IncomingError as error:
        raise _UnusableError(f"{primary}: {error}", code=error.code) from error
    except TimeoutError as error:
        message = f"{primary} stalled: nothing whole in {STALL_S:g} s"
        raise TransferError(message, code="transfer.stalled") from error
    except asyncio.IncompleteReadError as error:
        message = f"{primary} broke the transfer off"
        raise _UnusableError(message, code="transfer.unfinished") from error
    except OSError as error:
        raise _unreachable(primary, error) from error


def _query(origin: Name, held: Zone | None) -> dns.message.Message:
    """An AXFR, or an IXFR from what is held (RFC 1995 3)."""
    name = dns.name.from_text(origin.absolute)
    rtype = dns.rdatatype.AXFR if held is None else dns.rdatatype.IXFR
    query = dns.message.make_query(name, rtype, id=secrets.randbelow(1 << 16))
    query.flags &= ~dns.flags.RD
    soa = None if held is None else held.rrset(origin.absolute, dns.rdatatype.SOA)
    if soa is not None:
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SOA, soa[3][0], 0, len(soa[3][0]))
        query.authority.append(dns.rrset.from_rdata(name, soa[2], rdata))
    return query


@asynccontextmanager
async def _connection(primary: Primary) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(primary.address, primary.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _converse(
    query: bytes, incoming: Incoming, reader: asyncio.StreamReader, *, writer: asyncio.StreamWriter
) -> None:
    """Ask, and take message by message until the last one. Messages are longer than their number says by two octets."""
    writer.write(len(query).to_bytes(2) + query)
    is_done = False
    while not is_done:
        async with asyncio.timeout(STALL_S):
            length = int.from_bytes(await reader.readexactly(2))
            message = await reader.readexactly(length)
        is_done = incoming.feed(message)


def _unreachable(primary: Primary, error: Exception | None) -> TransferError:
    why = "no answer" if isinstance(error, dns.exception.Timeout) else error or "no answer"
    return TransferError(f"{primary} cannot be reached: {why}", code="transfer.unreachable")
