"""Looks at name servers and at delegations, over real sockets on loopback: servers that answer this and that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.watch import ServerPlace
from understudy.service.secondary import transfers
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.transfers import ask_offer
from understudy.service.watching import look as looking
from understudy.service.watching import resolving
from understudy.service.watching.delegation import find_delegation
from understudy.service.watching.look import look
from understudy.service.watching.proving import find_proof
from understudy.service.watching.resolving import Resolver
from understudy.testing.answering import HERE, Answer, among, reply, rrset, silent
from understudy.zones.secondary import Offer
from understudy.zones.sighting import Lack, Reply, Sample, Sighting
from understudy.zones.survey import Delegation, DsSet, Host, NotAsked, NotDelegated, Proof

ORIGIN = Name.parse("example.com")
SOA = "example.com. 60 IN SOA ns1.example.com. hostmaster.example.com. 7 1 1 1 1"


def good(query: dns.message.Message) -> bytes | None:
    if query.question[0].rdtype == dns.rdatatype.A:
        return reply(query, "www.example.com. 30 IN A 192.0.2.1").to_wire()
    return reply(query, SOA).to_wire()


def saying(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = dns.flags.AA) -> Answer:
    return lambda query: reply(query, *records, rcode=rcode, flags=flags).to_wire()


def broken(query: dns.message.Message) -> bytes | None:
    return query.id.to_bytes(2) + b"\x84\x00\x00\x01\x00\x05\x00\x00\x00\x00"


def looked(udp: Answer | None, tcp: Answer | None, samples: Sequence[Sample] = ()) -> Sighting:
    return among(udp, tcp, lambda place: look(ORIGIN, place, samples))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ANSWER_S", 0.2)
    monkeypatch.setattr(transfers, "ANSWER_S", 0.2)


WELL = Reply(is_heard=True, serial=7)


def test_a_server_sees_the_address_that_it_is_to_see() -> None:
    def from_address(via: str) -> Sighting:
        return among(good, good, lambda place: look(ORIGIN, replace(place, via=via), ()), friend="127.0.0.3")

    assert from_address("127.0.0.3") == Sighting(WELL, WELL)
    assert from_address("127.0.0.2").tcp.serial is None


def test_a_primary_sees_the_address_that_it_is_to_see() -> None:
    def offered(via: str) -> Offer:
        async def ask(place: ServerPlace) -> Offer:
            return await ask_offer(ORIGIN, Contact(Primary(place.address, place.port, via=via)))

        return among(good, None, ask, friend="127.0.0.3")

    assert offered("127.0.0.3").serial == WELL.serial
    with pytest.raises(TransferError, match=r"cannot be reached from 127\.0\.0\.2: no answer"):
        offered("127.0.0.2")


def test_a_server_is_not_blamed_that_is_to_see_an_address_of_another_host() -> None:
    sighting = among(good, good, lambda place: look(ORIGIN, replace(place, via="203.0.113.1"), ()))
    problem = Reply(is_heard=False, problem="this host has no address 203.0.113.1", is_asked=False)
    assert sighting == Sighting(problem, problem)


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
        (lambda query: good(dns.message.make_query("example.org", "A", id=query.id)), "it answers another question"),
    ],
)
def test_who_answers_without_the_zone_is_lame(answer: Answer, problem: str) -> None:
    sighting = looked(answer, answer)
    for seen in (sighting.udp, sighting.tcp):
        assert seen.is_lame
        assert seen.problem.startswith(problem)


def test_a_transport_that_brings_nothing_is_told_apart() -> None:
    assert looked(good, None) == Sighting(WELL, Reply(is_heard=False, problem="connection refused"))
    assert looked(silent, good) == Sighting(Reply(is_heard=False, problem="no answer"), WELL)
    assert looked(good, silent).tcp == Reply(is_heard=False, problem="it closes the connection without an answer")


def test_an_answer_that_cannot_be_read_is_told_from_one_of_a_server_without_the_zone() -> None:
    assert looked(broken, broken).udp.lack is Lack.UNREADABLE
    assert looked(saying(), saying()).udp.lack is Lack.OTHER
    assert looked(saying(rcode=dns.rcode.REFUSED), None).udp.lack is Lack.REFUSED
    assert looked(saying(rcode=dns.rcode.SERVFAIL), None).udp.lack is Lack.FAILED


def telling(*errors: dns.edns.EDEOption, rcode: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> Answer:
    def answer(query: dns.message.Message) -> bytes | None:
        response = reply(query, rcode=rcode)
        response.use_edns(0, options=list(errors))
        return response.to_wire()

    return answer


def ede(code: int, text: str | None = None) -> dns.edns.EDEOption:
    return dns.edns.EDEOption(dns.edns.EDECode.make(code), text)


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ((), ""),
        ((ede(24),), ", EDE 24 (Invalid Data)"),
        ((ede(20), ede(14, "soon")), ", EDE 20 (Not Authoritative), EDE 14 (Not Ready): soon"),
        ((ede(0, "\x1b[31m\nno"),), ", EDE 0 (Other): \\027[31m\\010no"),
        ((ede(0, "\u202eno"),), ", EDE 0 (Other):  no"),
        ((ede(4000, "a" * 200),), f", EDE 4000: {'a' * 110}…"),
    ],
)
def test_what_a_server_says_of_its_refusal_is_shown_as_far_as_it_prints(
    errors: tuple[dns.edns.EDEOption, ...], words: str
) -> None:
    """RFC 8914; whoever answers may have written anything."""
    assert looked(telling(*errors), None).udp.problem == f"it answers SERVFAIL{words}"


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_does_not_know_edns_is_asked_without(rcode: dns.rcode.Rcode) -> None:
    """RFC 6891 7."""

    def old(query: dns.message.Message) -> bytes | None:
        if query.edns < 0:
            return good(query)
        refusal = dns.message.make_response(query)
        refusal.use_edns(edns=False)
        refusal.set_rcode(rcode)
        return refusal.to_wire()

    assert looked(old, old) == Sighting(WELL, WELL)


def test_a_server_that_sends_strangers_to_tcp_is_well() -> None:
    """RFC 7766 section 5: a truncated answer says nothing but that all of it is there over TCP."""
    assert looked(saying(flags=dns.flags.TC | dns.flags.AA), good) == Sighting(WELL, WELL)
    udp, refused = looked(saying(flags=dns.flags.TC), None).udp, "connection refused"
    assert udp == Reply(is_heard=False, problem=refused)


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


def referral_to(zone: str, flags: int = 0) -> Answer:
    def answer(query: dns.message.Message) -> bytes | None:
        response = reply(query, flags=flags)
        response.authority = [dns.rrset.from_text(zone, 60, "IN", "NS", "ns.example.net.")]
        return response.to_wire()

    return answer


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
        (referral_to("com."), NotAsked, "refers to the servers of com"),
        (referral_to("."), NotAsked, "refers to the servers of ."),
        (referral_to("com.", flags=dns.flags.AA), NotDelegated, "has no NS records for it"),
        (referral_to("example.org."), NotDelegated, "has no NS records for it"),
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
