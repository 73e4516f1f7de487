"""From a message to what has to be answered: header, opcode, class and EDNS first, then the zones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
from dns.edns import OptionType
from dns.rcode import Rcode
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from understudy.testing.reference.additional import add
from understudy.testing.reference.expected import Expected, Habits
from understudy.testing.reference.plain_zone import PlainZone
from understudy.testing.reference.reading import read
from understudy.testing.reference.resolve import Question, resolve

Transport: TypeAlias = Literal["udp", "tcp"]

HABITS = Habits()
HEADER_OCTETS = 12
UDP_OCTETS = 512  # RFC 1035 4.2.1
TCP_OCTETS = 65535  # RFC 1035 4.2.2
SHAPED_AS_QUERY = (dns.opcode.QUERY, dns.opcode.NOTIFY, dns.opcode.UPDATE)
TRANSFERS = (RdataType.AXFR, RdataType.IXFR)
ASKED_ONLY = frozenset({0, RdataType.OPT, *range(128, 256)}) - {RdataType.ANY}
"""Meta-types, and those that only questions have (RFC 6895 3.1); type 0 is reserved."""
NEVER_ASKED = frozenset({0, RdataType.OPT, RdataType.TSIG, 128})
"""What no question can be about; 128 is NXNAME (RFC 9824 3.5)."""


def answer(
    zones: Sequence[PlainZone], octets: bytes, transport: Transport, *, habits: Habits = HABITS
) -> Expected | None:
    """What the RFCs want for this message; None: silence."""
    if len(octets) < HEADER_OCTETS or octets[2] & 0x80:
        # RFC 8906 3: nothing can be said to half a header; a response is never answered (RFC 1035 7.3).
        return None
    header = read(octets[:4] + bytes(8))
    if header.opcode() not in SHAPED_AS_QUERY:
        # RFC 8906 3.1.4: what follows the header may mean anything.
        return Expected(header, dns.rcode.NOTIMP, TCP_OCTETS, habits)
    try:
        query = read(octets)
    except dns.exception.DNSException:
        return Expected(header, dns.rcode.FORMERR, TCP_OCTETS, habits)
    expected = Expected(query, _preliminary(query, habits, zones), _limit(query, transport, habits), habits)
    if expected.rcode == dns.rcode.NOERROR and query.question:
        _fill(expected, zones, transport)
    return expected


def _preliminary(query: dns.message.Message, habits: Habits, zones: Sequence[PlainZone]) -> Rcode:
    """What is said before any zone is looked at; NOERROR: go on."""
    if not query.question and habits.has_cookies and any(each.otype == OptionType.COOKIE for each in query.options):
        return dns.rcode.NOERROR  # RFC 7873 5.4: nothing but a cookie is asked for
    if len(query.question) != 1:
        return dns.rcode.FORMERR  # RFC 9619 4
    if query.edns > 0:
        return dns.rcode.BADVERS  # RFC 6891 6.1.3
    question = query.question[0]
    if query.opcode() == dns.opcode.NOTIFY and question.rdclass == RdataClass.IN:
        return _notified(question, zones)
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP  # RFC 1035 4.1.1
    return _of_kind(question)


def _notified(question: dns.rrset.RRset, zones: Sequence[PlainZone]) -> Rcode:
    """RFC 1996 1.2: only an SOA can have changed; RFC 1996 3.10: nobody who asks here is a primary."""
    if question.rdtype != RdataType.SOA:
        return dns.rcode.FORMERR
    has_primary = any(zone.is_missing and zone.origin == question.name for zone in zones)
    return dns.rcode.REFUSED if has_primary else dns.rcode.NOTAUTH


def _of_kind(question: dns.rrset.RRset) -> Rcode:
    """What its class or type alone leads to."""
    if question.rdclass != RdataClass.IN or question.rdtype in TRANSFERS:
        return dns.rcode.REFUSED  # no zone of that class is here; no transfer is permitted
    if question.rdtype in NEVER_ASKED:
        return dns.rcode.FORMERR  # RFC 9824 3.5
    if question.rdtype in ASKED_ONLY:
        return dns.rcode.NOTIMP  # RFC 1035 4.1.1: a kind of query that is not supported
    return dns.rcode.NOERROR


def _limit(query: dns.message.Message, transport: Transport, habits: Habits) -> int:
    """The most octets that may be sent (RFC 6891 6.2.3 and 6.2.5)."""
    if transport == "tcp":
        return TCP_OCTETS
    return max(UDP_OCTETS, min(query.payload, habits.udp_octets)) if query.edns >= 0 else UDP_OCTETS


def _fill(expected: Expected, zones: Sequence[PlainZone], transport: Transport) -> None:
    asked = expected.query.question[0]
    findings = resolve(zones, Question(asked.name, asked.rdtype, wants_all=transport == "tcp"))
    expected.findings = findings
    if asked.rdtype != RdataType.ANY or findings.cut is not None:
        # RFC 8482 3: ANY is answered with little, so without what saves further questions.
        expected.addition = add(findings, is_minimal=expected.habits.is_minimal)
    expected.rcode = findings.rcode
