"""What the standards want of the outside of a response: flags, opcodes, EDNS, and explanations that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from dns.edns import OptionType

from understudy.engine import Engine, Zone

ORIGIN = "example.com."
Z = 0x0040


@dataclass(frozen=True)
class Examination:
    """A query of RFC 8906 and what comes back: rcode, whether there is an answer, EDNS version (-1: no OPT), DO."""

    rtype: str = "SOA"
    flags: int = 0
    edns: int = -1
    ednsflags: int = 0
    options: tuple[dns.edns.Option, ...] = ()
    transport: Literal["udp", "tcp"] = "udp"
    wants: tuple[dns.rcode.Rcode, bool, int, int] = field(default=(dns.rcode.NOERROR, True, -1, 0))


UNKNOWN = dns.edns.GenericOption(OptionType.make(100), b"")
EXAMINATIONS = {
    "RFC 8906 3.1.1: a served zone has a SOA record": Examination(),
    "RFC 8906 3.1.2: an unknown type is NODATA": Examination("TYPE1000", wants=(dns.rcode.NOERROR, False, -1, 0)),
    "RFC 8906 3.1.3: CD": Examination(flags=dns.flags.CD),
    "RFC 8906 3.1.3: AD": Examination(flags=dns.flags.AD),
    "RFC 8906 3.1.3: a reserved flag": Examination(flags=Z),
    "RFC 8906 3.1.3: a recursive question": Examination(flags=dns.flags.RD),
    "RFC 8906 3.1.5: TCP": Examination(transport="tcp"),
    "RFC 8906 3.2.1: EDNS": Examination(edns=0, wants=(dns.rcode.NOERROR, True, 0, 0)),
    "RFC 8906 3.2.2: another version": Examination(edns=1, wants=(dns.rcode.BADVERS, False, 0, 0)),
    "RFC 8906 3.2.3: an unknown option": Examination(edns=0, options=(UNKNOWN,), wants=(dns.rcode.NOERROR, True, 0, 0)),
    "RFC 8906 3.2.3: an unknown option of another version": Examination(
        edns=1, options=(UNKNOWN,), wants=(dns.rcode.BADVERS, False, 0, 0)
    ),
    "RFC 8906 3.2.4: an unknown flag": Examination(edns=0, ednsflags=0x40, wants=(dns.rcode.NOERROR, True, 0, 0)),
    "RFC 8906 3.2.6: DO": Examination(
        edns=0, ednsflags=dns.flags.DO, wants=(dns.rcode.NOERROR, True, 0, int(dns.flags.DO))
    ),
    "RFC 8906 3.2.7: EDNS over TCP": Examination(edns=0, transport="tcp", wants=(dns.rcode.NOERROR, True, 0, 0)),
}


@pytest.fixture
def silent_engine(zone: Zone) -> Engine:
    """An engine without addresses: it answers when asked directly."""
    engine = Engine([])
    engine.publish_zone(zone, [])
    return engine


def ask(engine: Engine, query: dns.message.Message, transport: Literal["udp", "tcp"] = "udp") -> dns.message.Message:
    octets = engine.answer(query.to_wire(), transport=transport)
    assert octets is not None
    return dns.message.from_wire(octets)


@pytest.mark.parametrize("examination", EXAMINATIONS.values(), ids=EXAMINATIONS)
def test_a_server_answers_whatever_is_tried_on_it(silent_engine: Engine, examination: Examination) -> None:
    query = dns.message.make_query(ORIGIN, examination.rtype)
    query.flags = dns.flags.Flag(examination.flags)
    if examination.edns >= 0:
        query.use_edns(examination.edns, examination.ednsflags, 1232, options=list(examination.options))
    response = ask(silent_engine, query, examination.transport)
    found = (response.rcode(), bool(response.answer), response.edns, response.ednsflags & 0xFFFF)
    assert found == examination.wants
    is_answer = response.rcode() == dns.rcode.NOERROR
    rd = examination.flags & dns.flags.RD
    kept = response.flags & ~dns.flags.QR & ~0xF
    assert kept == (rd | dns.flags.AA if is_answer else rd)


@pytest.mark.parametrize("opcode", [1, 2, 3, 6, 14, 15])
def test_an_unknown_opcode_is_not_implemented(silent_engine: Engine, opcode: int) -> None:
    """RFC 8906 3.1.4."""
    query = dns.message.make_query(ORIGIN, "SOA")
    query.set_opcode(dns.opcode.Opcode.make(opcode))
    response = ask(silent_engine, query)
    assert (response.rcode(), response.opcode()) == (dns.rcode.NOTIMP, opcode)


def test_a_truncated_response_keeps_its_opt_record() -> None:
    """RFC 8906 3.2.5."""
    text = "".join(f'big 60 TXT "{letter * 200}"\n' for letter in "abc")
    engine = Engine([])
    engine.publish_zone(Zone.parse(ORIGIN, f"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n{text}".encode()), [])
    response = ask(engine, dns.message.make_query("big.example.com.", "TXT", use_edns=0, payload=512))
    assert response.flags & dns.flags.TC
    assert response.edns == 0


def test_an_explanation_is_left_out_before_the_answer_is() -> None:
    """RFC 8914 3: the longer the alias that leads to a failure, the less room is left to explain it."""
    explained = []
    for length in range(1, 18):
        names = [f"{letter * length}.{letter * 60}.{letter * 60}.example.com." for letter in "abc"]
        aliases = "".join(
            f"{alias} 60 CNAME {target}\n" for alias, target in zip(names, [*names[1:], "down"], strict=True)
        )
        engine = Engine([])
        zone = Zone.parse(ORIGIN, f"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n{aliases}".encode())
        engine.publish_zone(zone, [("down.example.com.", 1, "servfail", 30, None, "one", [])])
        response = ask(engine, dns.message.make_query(names[0], "A", use_edns=0, payload=512))
        assert (response.rcode(), len(response.answer)) == (dns.rcode.SERVFAIL, 3)
        assert not response.flags & dns.flags.TC
        explained.append(any(option.otype == OptionType.EDE for option in response.options))
    assert explained == sorted(explained, reverse=True)
    assert set(explained) == {True, False}
