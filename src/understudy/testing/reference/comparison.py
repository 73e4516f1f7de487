"""Whether a response is the expected one: sections as sets, names without case, order and compression free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.edns import OptionType
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.SOA import SOA

from understudy.testing.reference.expected import Expected
from understudy.testing.reference.reading import read

Record: TypeAlias = tuple[str, str, int, str]
"""(owner in lower case, type, ttl, rdata in canonical form as hexadecimal digits)"""

HEADER_OCTETS = 12
TCP_OCTETS = 65535
NAMES = ("target", "exchange", "mname", "rname")
NAMES_REMEMBERED = 64  # crates/wire/src/compression.rs: KNOWN_NAMES
RECORD_OCTETS = 10  # RFC 1035 4.1.3: type, class, TTL and the rdata's length
_EXPIRE = OptionType.make(9)  # RFC 7314 2
_OPCODE = 0x7800
_RCODE = 0x000F


def differences(expected: Expected | None, octets: bytes | None) -> list[str]:
    """What is wrong with a response, in plain words; nothing if it is as it has to be."""
    if expected is None or octets is None:
        is_same = expected is None and octets is None
        return [] if is_same else ["silence broken" if expected is None else "silence instead of an answer"]
    try:
        response = read(octets, is_each_record_alone=True)
    except dns.exception.DNSException as error:
        return [f"no message: {error!r}"]
    found = [
        *_of_head(_head_for(expected, response), response),
        *_of_options(expected, response),
        *_of_size(expected, response, len(octets)),
    ]
    if response.flags & dns.flags.TC:
        return [*found, *_beyond(expected.whole(), response)]
    return [*found, *_of_sections(expected, response, len(octets))]


def _head_for(expected: Expected, response: dns.message.Message) -> dns.message.Message:
    """The head that this response has to have.

    Cut off within a chain of aliases, it knows as little of the code that the end would have brought as of its records.
    """
    head = expected.head()
    if response.flags & dns.flags.TC and expected.findings.answer and response.rcode() == dns.rcode.NOERROR:
        head.set_rcode(dns.rcode.NOERROR)
        head.flags |= dns.flags.AA
    return head


def _of_head(expected: dns.message.Message, response: dns.message.Message) -> Iterator[str]:
    heads = [
        (
            message.id,
            message.opcode().name,
            dns.rcode.to_text(message.rcode()),
            dns.flags.to_text(message.flags & ~_OPCODE & ~_RCODE & ~dns.flags.TC),
            message.flags & 0x0040,
            [(each.name.labels, each.rdtype, each.rdclass) for each in message.question],
            (message.edns, message.ednsflags & 0xFFFF, message.payload),
        )
        for message in (expected, response)
    ]
    for want, got in zip(*heads, strict=True):
        if want != got:
            yield f"header or question or EDNS: {want} expected, {got} found"


def _of_options(expected: Expected, response: dns.message.Message) -> Iterator[str]:
    """What was asked for, if the server has it; and perhaps the reason of an error (RFC 8914 2)."""
    query, habits = expected.query, expected.habits
    asked = {option.otype: option.to_wire() or b"" for option in query.options if query.edns == 0}
    asked = {} if len(query.question) > 1 else asked  # FORMERR says no more than that
    got = {option.otype: option.to_wire() or b"" for option in response.options}
    want = {OptionType.NSID: habits.name.encode()} if OptionType.NSID in asked and habits.name else {}
    soa = _own_soa(expected)
    if _EXPIRE in asked and soa is not None:
        want[_EXPIRE] = soa.expire.to_bytes(4)
    if OptionType.COOKIE in asked and habits.has_cookies:
        # RFC 9018 4: the client's eight octets and the server's sixteen, of which only the client's can be foretold.
        want[OptionType.COOKIE] = asked[OptionType.COOKIE][:8] + got.get(OptionType.COOKIE, b"")[8:24]
    if response.rcode():
        got.pop(OptionType.EDE, None)
    if got != want:
        yield f"options: {want} expected, {got} found"


def _own_soa(expected: Expected) -> SOA | None:
    """That of the zone whose SOA was asked for: a primary tells its expire (RFC 7314 3.2)."""
    if len(expected.query.question) != 1 or expected.query.question[0].rdtype != RdataType.SOA:
        return None
    name = expected.query.question[0].name
    rdatas = (rdata for each in expected.findings.answer if each.name == name for rdata in each)
    return next((rdata for rdata in rdatas if isinstance(rdata, SOA)), None)


def _octets_to_spare(expected: Expected, response: dns.message.Message) -> int:
    """How much longer it may be than dnspython writes it.

    It has options that were not foreseen. And compression is a choice (RFC 1035 4.1.4): the engine keeps the SOA record
    of a negative answer ready, compressed against the zone's name alone, and it remembers so many names and no more.
    """
    if len(_names_in(expected.whole())) > NAMES_REMEMBERED:
        return TCP_OCTETS
    spare = sum(4 + len(option.to_wire() or b"") for option in response.options)
    if [each.rdtype for each in expected.findings.authority] != [RdataType.SOA]:
        return spare
    without = expected.least()
    without.authority = []
    soa = expected.findings.authority[0]
    compress = {Name(soa.name.labels[index:]): HEADER_OCTETS for index in range(len(soa.name) - 1)}
    file = BytesIO()
    soa.name.to_wire(file, compress)
    soa[0].to_wire(file, compress)
    alone = len(file.getvalue()) + RECORD_OCTETS
    saved = len(without.to_wire(max_size=65535)) + alone - len(expected.least().to_wire(max_size=65535))
    return spare + max(0, saved)


def _names_in(message: dns.message.Message) -> set[Name]:
    """Every name and every ending of one, as far as pointers may lead there."""
    rrsets = [*message.question, *message.answer, *message.authority, *message.additional]
    targets = [getattr(rdata, field) for rrset in rrsets for rdata in rrset for field in NAMES if hasattr(rdata, field)]
    names = {Name(name.labels) for name in (*(rrset.name for rrset in rrsets), *targets)}
    return {Name(name.labels[index:]) for name in names for index in range(len(name) - 1)}


def _of_size(expected: Expected, response: dns.message.Message, size: int) -> Iterator[str]:
    """TC where the whole does not fit, and only there (RFC 2181 9)."""
    if size > expected.limit_octets:
        yield f"{size} octets, where {expected.limit_octets} are the most"
    if response.flags & dns.flags.TC:
        least = len(expected.least().to_wire(max_size=65535)) + _octets_to_spare(expected, response)
        if least <= expected.limit_octets:
            yield f"truncated, where {least} octets fit into {expected.limit_octets}"


def _of_sections(expected: Expected, response: dns.message.Message, size: int) -> Iterator[str]:
    whole, least = expected.whole(), expected.least()
    yield from _of_set("answer", records(whole.answer), records(response.answer))
    yield from _of_set("authority", records(whole.authority), records(response.authority))
    missing = records(least.additional) - records(response.additional)
    yield from (f"additional: {record} is missing" for record in missing)
    yield from _beyond(whole, response)
    whole_size = len(whole.to_wire(max_size=65535)) + _octets_to_spare(expected, response)
    if whole_size <= expected.limit_octets:
        yield from _of_set("additional", records(whole.additional), records(response.additional))
        if size > whole_size:
            yield f"{size} octets, where {whole_size} suffice"
    yield from _of_case(response)


def _of_set(section: str, want: Counter[Record], got: Counter[Record]) -> Iterator[str]:
    yield from (f"{section}: {record} is missing" for record in want - got)
    yield from (f"{section}: {record} is too much" for record in got - want)


def _beyond(whole: dns.message.Message, response: dns.message.Message) -> Iterator[str]:
    """Records that do not belong to the answer at all, whatever was left out."""
    sections = [
        ("answer", whole.answer, response.answer),
        ("authority", whole.authority, response.authority),
        ("additional", whole.additional, response.additional),
    ]
    for section, want, got in sections:
        yield from (f"{section}: {record} does not belong here" for record in records(got) - records(want))


def _of_case(response: dns.message.Message) -> Iterator[str]:
    """RFC 4343 4.1: the name that was asked for comes back as it was asked for."""
    if not response.question:
        return
    name = response.question[0].name
    for rrset in response.answer:
        if rrset.name == name and rrset.name.labels != name.labels:
            yield f"the owner {rrset.name} is not in the case of {name}"


def records(rrsets: Iterable[dns.rrset.RRset]) -> Counter[Record]:
    """Each record of a section with how often it is there."""
    return Counter(
        (str(rrset.name.canonicalize()), rrset.rdtype.name, rrset.ttl, rdata.to_digestable().hex())
        for rrset in rrsets
        for rdata in rrset
    )
