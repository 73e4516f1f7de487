"""Conversations with a zone's primary: what it has, and the zone itself (RFC 1995, RFC 5936)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig

from understudy.engine import Incoming, IncomingError, TsigError, TsigVerifier, Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.watch import ServerPlace
from understudy.service import queries
from understudy.service.key_refusals import key_refusal
from understudy.service.own_address import error_text
from understudy.service.secondary.contact import LIMIT_OCTETS, Contact
from understudy.zones.secondary import Offer

ANSWER_S = 2.0  # chosen: any path has answered by then; there are two attempts
CONNECT_S = 5.0  # chosen: a SYN that was lost is sent again after 1 s and 3 s
STALL_S = 20.0  # chosen: 64 KiB in this time is 26 kbit/s; who is slower is not heard of for longer
WHOLE_S = 7200.0  # chosen: BIND's bound too
LEAST_S, LEAST_OCTETS = 300.0, 10_240  # chosen: 34 octets a second; no path that people use is so narrow
SMALL_OCTETS = 1 << 16  # chosen: a zone of so much is made in a millisecond, less than handing it to a thread can take
UDP_OCTETS = 1232  # chosen: what passes everywhere (RFC 9715); an SOA with its signature is less
_ATTEMPTS = 2
_EXPIRE, _EXPIRE_OCTETS = 9, 4  # RFC 7314 2
_NOT_UNDERSTOOD = frozenset((dns.rcode.FORMERR, dns.rcode.NOTIMP))
_MISUNDERSTOOD = "transfer.misunderstood"
_SERVER = "the server "
_LIMITS = frozenset(("transfer.memory", "transfer.too-large"))


async def ask_offer(origin: Name, contact: Contact) -> Offer:
    """What a primary has. Raises TransferError."""
    primary = contact.primary
    name = dns.name.from_text(origin.absolute)
    query = _asking(dns.message.make_query(name, dns.rdatatype.SOA))
    if contact.key is not None:
        query.use_tsig(dns.tsig.Key(contact.key.name.absolute, contact.secret, contact.key.algorithm))
    response = await _asked(query, contact)
    if response.rcode() in _NOT_UNDERSTOOD:
        query.use_edns(False)  # noqa: FBT003  # dnspython's word for none at all (RFC 6891 7)
        response = await _asked(query, contact)
    if response.rcode() != dns.rcode.NOERROR:
        raise TransferError(
            f"{primary} answered {dns.rcode.to_text(response.rcode())}", code="transfer.refused", subject=primary
        )
    soa = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.SOA)
    if soa is None or not response.flags & dns.flags.AA:
        raise TransferError(f"{primary} has no authority for {origin}", code="transfer.lame", subject=primary)
    return Offer(primary, int(soa[0].serial), _expire_s(response))


def _asking(query: dns.message.Message) -> dns.message.Message:
    """The same, also for how long the version is good (RFC 7314 4)."""
    query.flags &= ~dns.flags.RD
    query.use_edns(0, payload=UDP_OCTETS, options=[dns.edns.GenericOption(dns.edns.OptionType.make(_EXPIRE), b"")])
    return query


def _expire_s(response: dns.message.Message) -> int | None:
    """For how long a primary says that its version is good; None: it does not say."""
    told = (each.to_wire() for each in response.options if each.otype == _EXPIRE)
    octets = next(told, None) or b""
    return int.from_bytes(octets) if len(octets) == _EXPIRE_OCTETS else None


async def _asked(query: dns.message.Message, contact: Contact) -> dns.message.Message:
    primary, error = contact.primary, None
    for _ in range(_ATTEMPTS):
        if isinstance(error, ConnectionRefusedError):  # told at once: the next attempt shall find who just starts
            await asyncio.sleep(ANSWER_S)
        try:
            response = await _response(query, primary)
        except dns.tsig.PeerError as caught:
            raise _unwelcome(contact, caught) from caught
        except (dns.tsig.BadSignature, dns.tsig.BadTime, dns.message.UnknownTSIGKey) as caught:
            raise TransferError(f"{primary}: {caught}", code="transfer.signature", subject=primary) from caught
        except (OSError, EOFError, dns.exception.DNSException) as caught:
            _require_signature(contact, caught)
            error = caught
        else:
            return response
    raise _unreachable(primary, error)


async def _response(query: dns.message.Message, primary: Primary) -> dns.message.Message:
    """Over TCP as well where UDP is refused: Knot has it so for catalogs."""
    place = ServerPlace(primary.address, primary.port, primary.via)
    response, is_over_tcp = await queries.udp_with_fallback(query, place, ANSWER_S)
    if response.rcode() == dns.rcode.REFUSED and not is_over_tcp:
        with suppress(OSError, EOFError, dns.exception.DNSException):
            return await queries.tcp(query, place, ANSWER_S)
    return response


def _unwelcome(contact: Contact, why: int | Exception) -> TransferError:
    """The primary does not know the key, has another secret, or its clock is another one."""
    name = None if contact.key is None else contact.key.name
    return TransferError(
        f"{contact.primary} does not take the key {name}: {key_refusal(why)}",
        code="transfer.key",
        subject=contact.primary,
    )


def _require_signature(contact: Contact, error: Exception) -> None:
    """Tell an answer that lacks its signature from one that cannot be read. Raises TransferError."""
    if contact.key is not None and isinstance(error, dns.exception.FormError) and "TSIG" in str(error):
        message = f"{contact.primary} answered without a signature"
        raise TransferError(message, code="transfer.unsigned", subject=contact.primary) from error


async def fetch(origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
    """The primary's version, as differences from what is held if it has them, else whole; None: nothing newer.

    What is held stays as it is, whatever comes. Raises TransferError.
    All is asked for where differences do not fit, are none, or do not come.
    """
    if held is not None:
        try:
            return await _transferred(origin, contact, held, is_incremental=True)
        except _UnusableError as error:
            if error.code == "transfer.behind":
                raise
    try:
        return await _transferred(origin, contact, held, is_incremental=False)
    except _UnusableError as error:
        if error.code != _MISUNDERSTOOD:
            raise
    return await _transferred(origin, contact, held, is_incremental=False, is_plain=True)


class _UnusableError(TransferError):
    """The primary was heard, and what it sent is no version."""

    code = "transfer.unusable"


async def _transferred(
    origin: Name, contact: Contact, held: Zone | None, *, is_incremental: bool, is_plain: bool = False
) -> Zone | None:
    primary = contact.primary
    query = _query(origin, held if is_incremental else None, is_plain=is_plain)
    incoming = Incoming(origin.absolute, query.id, held=held, is_incremental=is_incremental, limit_octets=LIMIT_OCTETS)
    whole = asyncio.timeout(WHOLE_S)
    try:
        async with whole, _connection(primary) as (reader, writer):
            octets = await _converse(_Signed.of(query.to_wire(), contact), incoming, reader, writer=writer)
        if octets <= SMALL_OCTETS and not is_incremental:  # differences are small, what they are applied to may not be
            return incoming.finish()
        return await asyncio.to_thread(incoming.finish)
    except TsigError as error:
        raise _disproved(contact, error) from error
    except IncomingError as error:
        raise _UnusableError(_what_it_did(primary, error), code=error.code, subject=primary) from error
    except TimeoutError as error:
        why = f"it was not through in {WHOLE_S:g} s" if whole.expired() else str(error)
        message = f"{primary} stalled: {why or f'nothing whole in {STALL_S:g} s'}"
        kind = _UnusableError if is_incremental and not whole.expired() else TransferError
        raise kind(message, code="transfer.stalled", subject=primary) from error
    except asyncio.IncompleteReadError as error:
        message = f"{primary} broke the transfer off"
        raise _UnusableError(message, code="transfer.unfinished", subject=primary) from error
    except OSError as error:
        raise _unreachable(primary, error) from error
    finally:
        incoming.give_up()  # the errors have the frames, and are not let go of before the next collection


def _what_it_did(primary: Primary, error: IncomingError) -> str:
    """The words of the engine, which does not know whom it listens to."""
    text = str(error)
    if text.startswith(_SERVER):
        return f"{primary} {text.removeprefix(_SERVER)}"
    return f"{primary}: {text}" if error.code in _LIMITS else f"{primary} sent no version of the zone: {text}"


def _query(origin: Name, held: Zone | None, *, is_plain: bool) -> dns.message.Message:
    """An AXFR, or an IXFR from what is held (RFC 1995 3); a plain one is for who does not know EDNS."""
    name = dns.name.from_text(origin.absolute)
    rtype = dns.rdatatype.AXFR if held is None else dns.rdatatype.IXFR
    query = _asking(dns.message.make_query(name, rtype, id=secrets.randbelow(1 << 16)))
    if is_plain:
        query.use_edns(False)  # noqa: FBT003  # as above
    soa = None if held is None else held.rrset(origin.absolute, dns.rdatatype.SOA)
    if soa is not None:
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SOA, soa[3][0], 0, len(soa[3][0]))
        query.authority.append(dns.rrset.from_rdata(name, soa[2], rdata))
    return query


@asynccontextmanager
async def _connection(primary: Primary) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    local = (primary.via, 0) if primary.via else None
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(primary.address, primary.port, local_addr=local)
    except TimeoutError as error:
        raise _unreachable(primary, None) from error
    try:
        yield reader, writer
    finally:
        writer.close()


class _Signed:
    """A query as it is sent, and what proves the messages that answer it."""

    def __init__(self, octets: bytes, verifier: TsigVerifier | None) -> None:
        self.octets = octets
        self._verifier = verifier

    @classmethod
    def of(cls, query: bytes, contact: Contact) -> Self:
        """Signed if there is a key."""
        key = contact.tsig_key()
        return cls(query, None) if key is None else cls(*key.sign(query, int(time.time())))

    def take(self, message: bytes) -> None:
        """The next message of the answer. Raises TsigError."""
        if self._verifier is not None:
            self._verifier.take(message, int(time.time()))

    def finish(self) -> None:
        """There are no more. Raises TsigError: the last one proved nothing."""
        if self._verifier is not None:
            self._verifier.finish()


def _disproved(contact: Contact, error: TsigError) -> TransferError:
    if error.reason == "told":
        return _unwelcome(contact, error.told or 0)
    if error.reason == "unsigned":
        return TransferError(
            f"{contact.primary} sent what is not signed", code="transfer.unsigned", subject=contact.primary
        )
    message = f"{contact.primary} sent a signature that does not prove it: {error.reason}"
    return TransferError(message, code="transfer.signature", subject=contact.primary)


async def _converse(
    query: _Signed, incoming: Incoming, reader: asyncio.StreamReader, *, writer: asyncio.StreamWriter
) -> int:
    """Ask, and take message by message until the last one; how many octets came.

    Messages are longer than their number says by two octets. Nothing counts before the last message has proved all
    (RFC 8945 5.3.1).
    """
    writer.write(len(query.octets).to_bytes(2) + query.octets)
    is_done, octets, flow = False, 0, _Flow()
    while not is_done:
        # An SOA alone says over UDP that the rest did not fit, and some say it over TCP (RFC 1995 2): it never comes.
        async with asyncio.timeout(ANSWER_S if incoming.has_only_soa() else STALL_S):
            length = int.from_bytes(await reader.readexactly(2))
            message = await reader.readexactly(length)
        query.take(message)
        is_done = incoming.feed(message)
        octets += length
        flow.note(length)
    query.finish()
    return octets


class _Flow:
    """How much comes in a while."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since, self._octets = self._loop.time(), 0

    def note(self, octets: int) -> None:
        """So much more. Raises TimeoutError: it is too little to be waited for."""
        self._octets += octets
        if self._loop.time() < self._since + LEAST_S:
            return
        if self._octets < LEAST_OCTETS:
            raise TimeoutError(f"less than {LEAST_OCTETS:,} octets in {LEAST_S:g} s")
        self._since, self._octets = self._loop.time(), 0


def _unreachable(primary: Primary, error: Exception | None) -> TransferError:
    if isinstance(error, OSError):
        why = error_text(error)
    else:
        why = "no answer" if isinstance(error, dns.exception.Timeout) else str(error or "") or "no answer"
    way = f" from {primary.via}" if primary.via else ""
    return TransferError(f"{primary} cannot be reached{way}: {why}", code="transfer.unreachable", subject=primary)
