"""Looks at name servers and at delegations, over real sockets on loopback: servers that answer this and that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.service import look as looking
from understudy.service import resolving
from understudy.service.delegation import find_delegation
from understudy.service.look import look
from understudy.service.proving import find_proof
from understudy.service.resolving import Resolver
from understudy.testing.ports import free_port
from understudy.zones.sighting import Reply, Sample, Sighting
from understudy.zones.survey import Delegation, DsSet, Host, NotAsked, NotDelegated, Proof

T = TypeVar("T")
Answer: TypeAlias = Callable[[dns.message.Message], bytes | None]
ORIGIN = Name.parse("example.com")
SOA = "example.com. 60 IN SOA ns1.example.com. hostmaster.example.com. 7 1 1 1 1"
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
    owner, ttl, _, rtype, rdata = record.split(" ", 4)
    return dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)


def good(query: dns.message.Message) -> bytes | None:
    if query.question[0].rdtype == dns.rdatatype.A:
        return reply(query, "www.example.com. 30 IN A 192.0.2.1").to_wire()
    return reply(query, SOA).to_wire()


def saying(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = dns.flags.AA) -> Answer:
    return lambda query: reply(query, *records, rcode=rcode, flags=flags).to_wire()


def silent(_query: dns.message.Message) -> bytes | None:
    return None


def broken(query: dns.message.Message) -> bytes | None:
    return query.id.to_bytes(2) + b"\x84\x00\x00\x01\x00\x05\x00\x00\x00\x00"


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram as it is told."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        octets = self.answer(dns.message.from_wire(data))
        if octets is not None and self.transport is not None:
            self.transport.sendto(octets, addr)


def among(udp: Answer | None, tcp: Answer | None, ask: Callable[[ServerPlace], Awaitable[T]]) -> T:
    """What `ask` finds out about a server that answers so; None: nobody listens."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        octets = tcp(dns.message.from_wire(await reader.readexactly(length))) if tcp is not None else None
        if octets is not None:
            writer.write(len(octets).to_bytes(2) + octets)
        writer.close()

    async def main() -> T:
        place, loop = ServerPlace(HERE, free_port()), asyncio.get_running_loop()
        datagrams = Datagrams(udp or silent)
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


def looked(udp: Answer | None, tcp: Answer | None, samples: Sequence[Sample] = ()) -> Sighting:
    return among(udp, tcp, lambda place: look(ORIGIN, place, samples))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ANSWER_S", 0.2)


WELL = Reply(is_heard=True, serial=7)


def test_a_server_that_has_the_zone_is_seen_over_both_transports() -> None:
    assert looked(good, good) == Sighting(WELL, WELL)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (saying(rcode=dns.rcode.REFUSED), "it answers REFUSED"),
        (saying(rcode=dns.rcode.SERVFAIL), "it answers SERVFAIL"),
        (saying(SOA, flags=0), "it answers without authority, as from a cache"),
        (saying(), "it answers without the zone's SOA"),
        (saying(SOA.replace("example.com. 60", "example.org. 60")), "it answers without the zone's SOA"),
        (broken, "its answer is malformed"),
    ],
)
def test_who_answers_without_the_zone_is_lame(answer: Answer, problem: str) -> None:
    sighting = looked(answer, answer)
    for seen in (sighting.udp, sighting.tcp):
        assert seen.is_lame
        assert seen.problem.startswith(problem)


def test_a_transport_that_brings_nothing_is_told_apart() -> None:
    assert looked(good, None) == Sighting(WELL, Reply(is_heard=False, problem="connection refused"))
    assert looked(None, good) == Sighting(Reply(is_heard=False, problem="no answer"), WELL)
    assert looked(good, silent).tcp == Reply(is_heard=False, problem="no answer")


def test_one_lost_datagram_is_asked_again() -> None:
    heard: list[dns.message.Message] = []

    def second_time(query: dns.message.Message) -> bytes | None:
        heard.append(query)
        return good(query) if len(heard) > 1 else None

    assert looked(second_time, good).udp == WELL


SAMPLE = Sample("www.example.com.", "A", (frozenset({"192.0.2.1"}),))


def sampling(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Answer:
    def answer(query: dns.message.Message) -> bytes | None:
        is_sample = query.question[0].rdtype == dns.rdatatype.A
        return reply(query, *records, rcode=rcode).to_wire() if is_sample else good(query)

    return answer


@pytest.mark.parametrize(
    ("udp", "difference"),
    [
        (good, ""),
        (sampling("www.example.com. 30 IN A 192.0.2.9"), "with 192.0.2.9, here it is 192.0.2.1"),
        (sampling(rcode=dns.rcode.NXDOMAIN), "with nothing, here it is 192.0.2.1"),
        (sampling(), "with nothing, here it is 192.0.2.1"),
        (sampling(rcode=dns.rcode.SERVFAIL), "with SERVFAIL, here it is 192.0.2.1"),
    ],
)
def test_samples_are_compared(udp: Answer, difference: str) -> None:
    expected = (f"www.example.com. A {difference}",) if difference else ()
    assert looked(udp, good, (SAMPLE,)).differences == expected


def test_samples_between_two_versions_are_not_compared() -> None:
    newer = saying(SOA.replace(" 7 ", " 8 "))
    assert looked(sampling(), newer, (SAMPLE,)).differences == ()


def referral(query: dns.message.Message) -> bytes | None:
    response = reply(query, flags=0)
    ns = dns.rrset.from_text("example.com.", 60, "IN", "NS", "NS2.example.com.", "ns1.example.net.")
    response.authority = [ns]
    response.additional = [dns.rrset.from_text("ns2.example.com.", 60, "IN", "A", "192.0.2.2")]
    return response.to_wire()


def found(udp: Answer, tcp: Answer | None = None) -> Delegation | NotDelegated | NotAsked:
    async def ask(place: ServerPlace) -> Delegation | NotDelegated | NotAsked:
        return await find_delegation(ORIGIN, Resolver(ServerPlace(HERE, 1)), (ServerPlace(HERE, 1), place))

    return among(udp, tcp, ask)


def test_a_referral_is_the_delegation_with_its_glue() -> None:
    delegation = found(referral)
    assert isinstance(delegation, Delegation)
    assert delegation.names == ("ns1.example.net", "ns2.example.com")
    assert delegation.glue == {"ns1.example.net": (), "ns2.example.com": ("192.0.2.2",)}


def test_a_referral_that_was_cut_is_asked_for_over_tcp() -> None:
    delegation = found(saying(flags=dns.flags.TC), referral)
    assert isinstance(delegation, Delegation)
    assert len(delegation.names) == 2


def denying_ds(query: dns.message.Message) -> bytes | None:
    if query.question[0].rdtype == dns.rdatatype.DS:
        return reply(query, rcode=dns.rcode.NXDOMAIN).to_wire()
    return reply(query, "example.com. 60 IN NS ns1.example.com.").to_wire()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (denying_ds, NotDelegated, "has both zones, and denies the name"),
        (saying(rcode=dns.rcode.NXDOMAIN), NotDelegated, "says that there is no such name"),
        (saying(), NotDelegated, "has no NS records for it"),
        (saying(rcode=dns.rcode.REFUSED), NotAsked, "answers REFUSED"),
        (saying("example.com. 60 IN NS ns1.example.com."), NotAsked, "has this zone too"),
    ],
)
def test_what_is_no_referral_is_told_apart(answer: Answer, kind: type[NotAsked | NotDelegated], words: str) -> None:
    delegation = found(answer)
    assert isinstance(delegation, kind)
    assert words in delegation.why


KEY_DIGEST = "00" * 32
DS = f"example.com. 3600 IN DS 12345 13 2 {KEY_DIGEST}"


def above(*ds: str, soa: str = "com. 60 IN SOA a. b. 7 1 1 1 1", rest: Answer = referral, **how: Any) -> Answer:
    """A server of the zone above, which says this of the DS."""

    def answer(query: dns.message.Message) -> bytes | None:
        if query.question[0].rdtype != dns.rdatatype.DS:
            return rest(query)
        response = reply(query, *ds, **how)
        response.authority = [] if ds else [rrset(soa)]
        return response.to_wire()

    return answer


BOTH = saying("example.com. 60 IN NS ns1.example.com.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (above(DS), DsSet((f"12345 13 2 {KEY_DIGEST}",), 3600)),
        (above(DS, rest=BOTH), DsSet((f"12345 13 2 {KEY_DIGEST}",), 3600)),
        (above(), DsSet()),
        (above(soa=SOA, rest=BOTH), None),
        (above(DS, flags=0), None),
        (above(rcode=dns.rcode.SERVFAIL), None),
        (referral, None),
    ],
)
def test_what_the_zone_above_has_of_the_keys_counts_by_its_own_authority(
    answer: Answer, expected: DsSet | None
) -> None:
    """RFC 4034 5, RFC 4035 3.1.4.1 and 5."""

    delegation = found(answer)
    assert isinstance(delegation, Delegation | NotAsked)
    assert delegation.ds == expected


def test_a_delegation_is_known_where_nothing_is_heard_of_the_ds() -> None:
    def answer(query: dns.message.Message) -> bytes | None:
        return referral(query) if query.question[0].rdtype == dns.rdatatype.NS else None

    assert isinstance(found(answer), Delegation)


KEY = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
DNSKEY = f"example.com. 60 IN DNSKEY 257 3 13 {KEY}"
SIGNATURE = "example.com. 60 IN RRSIG DNSKEY 13 2 60 20300101000000 20200101000000 2371 example.com. AAAA"
OWN_DS = "2371 13 2 c988ec423e3880eb8dd8a46fe06ca230ee23f35b578d64e78b29c3e1c83d245a"


@pytest.mark.parametrize(
    ("answer", "ds", "expected"),
    [
        (saying(DNSKEY, SIGNATURE), OWN_DS, Proof.GIVEN),
        (saying(DNSKEY, SIGNATURE), OWN_DS.replace(" 2 ", " 99 "), Proof.GIVEN),
        (saying(DNSKEY, SIGNATURE), OWN_DS.replace("c988", "c989"), Proof.OTHER_KEY),
        (saying(DNSKEY, SIGNATURE), OWN_DS.replace("2371", "2372"), Proof.OTHER_KEY),
        (saying(DNSKEY, SIGNATURE), OWN_DS.replace(" 13 ", " 14 "), Proof.OTHER_KEY),
        (saying(DNSKEY), OWN_DS, Proof.UNSIGNED),
        (saying(), OWN_DS, Proof.UNSIGNED),
        (saying(DNSKEY, SIGNATURE, flags=0), OWN_DS, None),
        (saying(rcode=dns.rcode.REFUSED), OWN_DS, None),
    ],
)
def test_keys_are_held_against_the_ds(answer: Answer, ds: str, expected: Proof | None) -> None:
    """RFC 4034 5.1, RFC 4035 5.2."""

    async def ask(place: ServerPlace) -> Proof | None:
        return await find_proof(ORIGIN, place, DsSet((ds,), 60))

    assert among(None, answer, ask) == expected


def test_servers_above_that_are_all_silent_are_told() -> None:
    delegation = found(silent)
    assert isinstance(delegation, NotAsked)
    assert delegation.why == "127.0.0.1:1 does not answer"


@pytest.mark.parametrize(
    ("answer", "host"),
    [
        (sampling("www.example.com. 30 IN A 192.0.2.1"), Host(("192.0.2.1",))),
        (saying(rcode=dns.rcode.NXDOMAIN), Host()),
        (saying(), Host()),
        (silent, Host(is_known=False)),
        (saying(rcode=dns.rcode.SERVFAIL), Host(is_known=False)),
        (saying("www.example.com. 30 IN CNAME a.example.com."), Host(alias="a.example.com")),
    ],
)
def test_a_resolver_that_is_dead_is_told_from_a_name_that_is_none(
    answer: Answer, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "LIFETIME_S", 0.3)

    async def ask(place: ServerPlace) -> Host:
        return await Resolver(place).host("www.example.com")

    def no_ipv6(query: dns.message.Message) -> bytes | None:
        is_address = query.question[0].rdtype == dns.rdatatype.A or host == Host(alias="a.example.com")
        return answer(query) if is_address or not host.is_known else reply(query).to_wire()

    assert among(no_ipv6, None, ask) == host


def test_nobody_above_is_known_where_the_resolver_is_silent() -> None:
    async def ask(place: ServerPlace) -> Delegation | NotDelegated | NotAsked:
        return await find_delegation(Name.parse("."), Resolver(place))

    assert among(None, None, ask) == NotAsked("there is no zone above the root")
