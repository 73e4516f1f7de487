"""What one primary has of many zones: from an engine, and from servers that a test plays with dnspython."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

import dns.edns
import dns.message
import dns.rcode
import dns.rrset
import pytest

from understudy.engine import SerialSurvey, TsigKey, Zone
from understudy.testing.pipelined import ORIGINS, SECRET, TEXT, played, primary, said

Told: TypeAlias = dict[str, tuple[int, int | None] | str]
EXPIRE = dns.edns.OptionType.make(9)  # RFC 7314 2


def told(address: str, *, key: TsigKey | None = None, patience_s: float = 2.0) -> Told:
    survey = SerialSurvey(address, ORIGINS, first_id=65_500, key=key, patience_s=patience_s)
    found: Told = {}
    while (some := survey.take(1.0)) is not None:
        for place, each in some:
            assert ORIGINS[place] not in found
            found[ORIGINS[place]] = each
    return found


def soa(query: dns.message.Message, serial: int = 7, owner: str = "", rdclass: str = "IN") -> dns.rrset.RRset:
    text = f"ns.example. root.example. {serial} 1000 100 10000 60"
    return dns.rrset.from_text(owner or query.question[0].name.to_text(), 60, rdclass, "SOA", text)


def answers(queries: Sequence[dns.message.Message]) -> list[bytes]:
    return [said(query, [soa(query)]) for query in queries]


def test_every_serial_comes_over_one_connection() -> None:
    with primary() as engine:
        version = Zone.parse(ORIGINS[3], TEXT.replace(b" 7 ", b" 2000000007 "))
        engine.publish_zones([(version, [], 2_000_000_007)])
        engine.commit(engine.prepare(ORIGINS[3], 2_000_000_007, [], version))
        found = told(engine.addresses[0])
        accepted = engine.counters()["tcp.accepted"]
    assert found == {**dict.fromkeys(ORIGINS, (7, 10_000)), ORIGINS[3]: (2_000_000_007, 10_000)}
    assert accepted == 1


def test_many_questions_go_ahead_of_the_answers() -> None:
    most = 0

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        nonlocal most
        most = max(most, len(queries))
        return answers(list(reversed(queries)))  # in another order (RFC 7766 section 7)

    with played(answer) as (address, answered):
        assert told(address) == dict.fromkeys(ORIGINS, (7, None))
    assert most > 10
    assert answered == [len(ORIGINS)]


def test_for_how_long_a_version_is_good_is_asked_and_told() -> None:
    # RFC 7314 section 4
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        found = []
        for query in queries:
            assert [option.otype for option in query.options] == [EXPIRE]
            response = dns.message.from_wire(said(query, [soa(query)]))
            response.use_edns(0, options=[dns.edns.GenericOption(EXPIRE, (1234).to_bytes(4))])
            found.append(response.to_wire())
        return found

    with played(answer) as (address, _):
        assert told(address) == dict.fromkeys(ORIGINS, (7, 1234))


def test_a_primary_that_says_no_is_told_by_its_rcode_and_the_others_come() -> None:
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        return [
            said(query, [], dns.rcode.SERVFAIL)
            if str(query.question[0].name) == ORIGINS[5]
            else said(query, [soa(query)])
            for query in queries
        ]

    with played(answer) as (address, _):
        assert told(address) == {**dict.fromkeys(ORIGINS, (7, None)), ORIGINS[5]: "SERVFAIL"}


def test_with_a_key_every_answer_has_to_be_signed() -> None:
    key = TsigKey("corp.", "hmac-sha256", SECRET)
    with primary("corp.", networks=()) as engine:
        assert told(engine.addresses[0], key=key) == dict.fromkeys(ORIGINS, (7, 10_000))
        assert not told(engine.addresses[0], key=TsigKey("corp.", "hmac-sha256", bytes(32)))
    with played(answers) as (address, _):
        assert not told(address, key=key)
    with played(lambda queries: [said(query, [], dns.rcode.SERVFAIL) for query in queries]) as (address, _):
        assert not told(address, key=key)


def without_question(wire: bytes) -> bytes:
    message = dns.message.from_wire(wire)
    message.question = []
    return message.to_wire()


def changed(change: Callable[[dns.message.Message], object]) -> Callable[[bytes], bytes]:
    def made(wire: bytes) -> bytes:
        message = dns.message.from_wire(wire)
        change(message)
        return message.to_wire()

    return made


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: bytes([wire[0] ^ 1]) + wire[1:],  # the answer to nothing
        lambda wire: wire[:2] + bytes([wire[2] & 0x7F]) + wire[3:],  # no response
        lambda wire: wire[:2] + bytes([wire[2] & ~4]) + wire[3:],  # no authority
        lambda wire: wire[:2] + bytes([wire[2] | 2]) + wire[3:],  # cut off, as it says
        lambda wire: wire[:2] + bytes([wire[2] | 0x20]) + wire[3:],  # NOTIFY
        lambda wire: wire[:-20],  # cut off, as it is
        without_question,
        changed(lambda message: setattr(message.question[0], "name", dns.name.from_text("other.example."))),
        changed(lambda message: setattr(message.question[0], "rdtype", dns.rdatatype.AXFR)),
        changed(lambda message: setattr(message, "answer", [])),
        changed(lambda message: setattr(message, "answer", [soa(message, owner="other.example.")])),
        changed(lambda message: setattr(message, "answer", [soa(message, rdclass="CH")])),
        lambda _wire: b"",
    ],
)
def test_what_says_no_serial_gives_none(change: Callable[[bytes], bytes]) -> None:
    with played(lambda queries: [change(wire) for wire in answers(queries)]) as (address, _):
        assert not told(address)


def test_names_are_compared_without_case_and_read_through_pointers() -> None:
    # RFC 4343; RFC 1035 section 4.1.4
    upper = changed(
        lambda message: setattr(message, "answer", [soa(message, owner=str(message.question[0].name).upper())])
    )
    with played(lambda queries: [upper(wire) for wire in answers(queries)]) as (address, _):
        assert told(address) == dict.fromkeys(ORIGINS, (7, None))


def test_whoever_says_nothing_is_left_after_some_time() -> None:
    with played(lambda queries: answers([query for query in queries if query.id % 7])) as (address, _):
        found = told(address, patience_s=0.2)
    assert len(found) < len(ORIGINS)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    assert not told(f"{host}:{port}")  # nobody is there any more


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="is not an address with a port"):
        SerialSurvey("nowhere:53", ORIGINS, first_id=1)
    assert SerialSurvey("127.0.0.1:53", [], first_id=1).take(1.0) is None
