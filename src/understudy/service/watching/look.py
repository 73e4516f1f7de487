"""Looks at a name server of a zone: its SOA over UDP and over TCP, and a few answers that are known."""

from __future__ import annotations

from collections.abc import Sequence

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from understudy.checks.transport.faults import LocalError, of_os_error
from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.service import queries
from understudy.service.own_address import error_text, find_route_fault
from understudy.zones.sighting import Lack, Reply, Sample, Sighting

ANSWER_S = 2.0  # chosen: any path has answered by then; there are two attempts
CONNECT_S = 5.0  # chosen: a SYN that was lost is sent again after 1 s and 3 s
_ATTEMPTS = 2
_PAYLOAD_OCTETS = 1232  # what fits into any path unbroken, as resolvers say since the DNS flag day of 2020
_WITHOUT_EDNS = frozenset((dns.rcode.FORMERR, dns.rcode.NOTIMP))  # RFC 6891 7: from a server that does not know it
_WORDS_MAX = 120  # chosen: what a server says of itself must not fill the page
_LACKS = {dns.rcode.REFUSED: Lack.REFUSED, dns.rcode.SERVFAIL: Lack.FAILED}


async def look(origin: Name, place: ServerPlace, samples: Sequence[Sample]) -> Sighting:
    """Ask over UDP, then the samples, then over TCP: so the serials tell whether the samples are of one version."""
    udp = await ask_soa(origin, place)
    answers = [await _difference(place, sample) for sample in samples] if udp.serial is not None else []
    tcp = await ask_soa(origin, place, is_tcp=True)
    is_one_version = udp.serial == tcp.serial
    return Sighting(udp, tcp, tuple(each for each in answers if each) if is_one_version else ())


async def ask_soa(origin: Name, place: ServerPlace, *, is_tcp: bool = False) -> Reply:
    """The serial that a server has by its own authority, or why there is none."""
    name, fault = dns.name.from_text(origin.absolute), find_route_fault(place.address, place.via)
    if fault:
        return Reply(is_heard=False, problem=fault, is_asked=False)
    try:
        response = await ask(name, dns.rdatatype.SOA, place, is_tcp=is_tcp)
    except OSError as error:
        is_ours = isinstance(of_os_error(error, "connect"), LocalError)
        return Reply(is_heard=False, problem=error_text(error), is_asked=not is_ours)
    except EOFError:
        return Reply(is_heard=False, problem="it closes the connection without an answer")
    except dns.exception.Timeout:
        return Reply(is_heard=False, problem="no answer")
    except dns.exception.DNSException as error:
        is_other = isinstance(error, queries.OtherQuestionError)
        problem = "it answers another question" if is_other else "its answer is malformed"
        return Reply(is_heard=True, problem=problem, lack=Lack.UNREADABLE)
    return _soa_reply(response, name)


async def ask(
    name: dns.name.Name,
    rtype: dns.rdatatype.RdataType,
    place: ServerPlace,
    *,
    is_tcp: bool = False,
    is_proof_wanted: bool = False,
) -> dns.message.Message:
    """One question without recursion; over UDP with a second attempt. Raises OSError, EOFError, DNSException.

    Asked as resolvers do: with EDNS, without it where a server does not know it, and over TCP what was truncated (some
    servers truncate whatever comes from strangers). `is_proof_wanted`: signatures shall come along.
    """
    query = dns.message.make_query(
        name, rtype, flags=0, use_edns=0, payload=_PAYLOAD_OCTETS, want_dnssec=is_proof_wanted
    )
    response = await _asked(query, place, is_tcp=is_tcp)
    if response.rcode() in _WITHOUT_EDNS and response.edns < 0:
        return await _asked(dns.message.make_query(name, rtype, flags=0), place, is_tcp=is_tcp)
    return response


async def _asked(query: dns.message.Message, place: ServerPlace, *, is_tcp: bool) -> dns.message.Message:
    response = None if is_tcp else await _tried_over_udp(query, place)
    if response is None or response.flags & dns.flags.TC:
        return await queries.tcp(query, place, CONNECT_S)
    return response


async def _tried_over_udp(query: dns.message.Message, place: ServerPlace) -> dns.message.Message:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await queries.udp(query, place, ANSWER_S)
        except dns.exception.Timeout:
            continue
    return await queries.udp(query, place, ANSWER_S)


def _soa_reply(response: dns.message.Message, name: dns.name.Name) -> Reply:
    rcode = response.rcode()
    if rcode != dns.rcode.NOERROR:
        problem = f"it answers {dns.rcode.to_text(rcode)}{_said_of_it(response)}"
        return Reply(is_heard=True, problem=problem, lack=_LACKS.get(rcode, Lack.OTHER))
    soa = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.SOA)
    if soa is None:
        problem = "it answers without the zone's SOA"
    elif not response.flags & dns.flags.AA:
        problem = "it answers without authority, as from a cache"
    else:
        return Reply(is_heard=True, serial=int(soa[0].serial))
    return Reply(is_heard=True, problem=problem)


def _said_of_it(response: dns.message.Message) -> str:
    """The server's own words (RFC 8914); anybody may have written them, so only what prints is shown."""
    errors = (each for each in response.options if isinstance(each, dns.edns.EDEOption))
    words = ", ".join(each.to_text() for each in errors)
    shown = "".join(each if each.isprintable() else " " for each in words)
    cut = shown if len(shown) <= _WORDS_MAX else f"{shown[:_WORDS_MAX]}…"
    return f", {cut}" if cut else ""


async def _difference(place: ServerPlace, sample: Sample) -> str:
    """How the answer differs from what is expected; empty where it does not, or was not heard."""
    name, rtype = dns.name.from_text(sample.owner), dns.rdatatype.from_text(sample.rtype)
    try:
        response = await ask(name, rtype, place)
    except (OSError, EOFError, dns.exception.DNSException):
        return ""
    rcode = response.rcode()
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return sample.difference(frozenset((dns.rcode.to_text(rcode),)))
    rrset = response.get_rrset(response.answer, name, dns.rdataclass.IN, rtype)
    return sample.difference(frozenset(rdata.to_text() for rdata in rrset) if rrset is not None else frozenset())
