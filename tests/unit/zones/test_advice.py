"""What is said of a zone: one thing wrong at a time, and nothing of a zone where all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.zones.advice import advise
from understudy.zones.advice_finding import Weight, listed
from understudy.zones.sighting import Lack, Reply, Sighting
from understudy.zones.survey import (
    Delegation,
    DsSet,
    Host,
    NotAsked,
    NotDelegated,
    NsSet,
    Proof,
    Soa,
    Steered,
    Survey,
    SurveyedServer,
    host_text,
)

NAMES = ("ns1.example.com", "ns2.example.net")
WELL, SILENT = Reply(is_heard=True, serial=7), Reply(is_heard=False, problem="no answer")
GARBLED = Reply(is_heard=True, problem="its answer is malformed", lack=Lack.UNREADABLE)
REFUSED = Reply(is_heard=True, problem="it answers REFUSED", lack=Lack.REFUSED)
FAILING = Reply(is_heard=True, problem="it answers SERVFAIL", lack=Lack.FAILED)
CACHED = Reply(is_heard=True, problem="it answers without authority, as from a cache")
UNASKED = Reply(is_heard=False, problem="network is unreachable", is_asked=False)
SOA = Soa(NAMES[0], 7, refresh_s=60, retry_s=30, expire_s=1_209_600, minimum_s=60, ttl_s=3600)
HOSTS = {NAMES[0]: Host(("192.0.2.53", "2001:db8::53")), NAMES[1]: Host(("198.51.100.53",))}


def server(
    udp: Reply = WELL, tcp: Reply = WELL, *, number: int = 0, names: tuple[str, ...] | None = NAMES
) -> SurveyedServer:
    return SurveyedServer(NAMES[number], ServerPlace(f"192.0.2.{number}", 53), Sighting(udp, tcp), names)


_DELEGATED = Delegation("a.gtld.example", NAMES, {NAMES[0]: ("192.0.2.53", "2001:db8::53"), NAMES[1]: ()})
FINE = Survey(
    origin=Name.parse("example.com"),
    delegation=_DELEGATED,
    ns=NsSet(NAMES, 86_400),
    soa=SOA,
    hosts=HOSTS,
    servers=(server(), server(number=1)),
    records=(Steered("www.example.com", 30, 22.0), Steered("free.example.com", 3600, None)),
    is_configured=True,
)


DS = DsSet(("2371 13 2 00", "2371 13 4 00"), 3600)


def proven(*proofs: Proof | None, ds: DsSet | None = DS, **changes: Any) -> Survey:
    """What the servers' answers are worth, below a zone with this DS."""
    servers = tuple(replace(server(number=number), proof=proof) for number, proof in enumerate(proofs))
    return but(delegation=replace(_DELEGATED, ds=ds), servers=servers, **changes)


def said(soa: str, serial: int = 7, number: int = 0) -> SurveyedServer:
    """A server with this SOA record."""
    reply = replace(WELL, serial=serial)
    return replace(server(reply, reply, number=number), soa=soa)


def codes(survey: Survey) -> list[str]:
    return [f"{each.weight}: {each.code}" for each in advise(survey)]


def but(**changes: Any) -> Survey:
    return replace(FINE, **changes)


def with_soa(**changes: Any) -> Survey:
    return but(soa=replace(SOA, **changes))


def delegated(names: tuple[str, ...] = NAMES, glue: tuple[str, ...] = ("192.0.2.53", "2001:db8::53")) -> Survey:
    return but(delegation=Delegation("a.gtld.example", names, {NAMES[0]: glue}))


def with_hosts(first: Host, second: Host) -> Survey:
    return but(hosts=dict(zip(NAMES, (first, second), strict=True)), delegation=NotAsked("nobody"))


def test_nothing_is_said_of_a_zone_where_all_is_well() -> None:
    assert codes(FINE) == []


BLIND = "warning: delegation.unknown"


@pytest.mark.parametrize(
    ("survey", "expected"),
    [
        (but(delegation=NotAsked("no resolver")), [BLIND]),
        (but(delegation=NotDelegated("a.gtld.example", "says no")), ["error: delegation.none"]),
        (delegated(NAMES[:1]), ["warning: delegation.lacking"]),
        (but(ns=NsSet((NAMES[1], NAMES[0]), 86_400)), []),
        (delegated(glue=()), ["error: glue.none"]),
        (delegated(glue=("192.0.2.53",)), ["error: glue.differs"]),
        (delegated(glue=("2001:db8::53", "192.0.2.53")), []),
        (
            with_hosts(Host(alias="www.example.com"), HOSTS[NAMES[1]]),
            ["error: ns.alias", BLIND],
        ),
        (with_hosts(Host(), HOSTS[NAMES[1]]), ["error: ns.no-address", BLIND]),
        (with_hosts(Host(), Host()), ["error: ns.no-address", "error: ns.no-address", BLIND]),
        (with_hosts(Host(is_known=False), HOSTS[NAMES[1]]), [BLIND, "warning: ns.unknown"]),
        (with_hosts(HOSTS[NAMES[1]], HOSTS[NAMES[1]]), ["error: ns.same-address", BLIND]),
        (with_hosts(Host(("192.0.2.1",)), Host(("192.0.2.2",))), [BLIND, "warning: ns.one-network"]),
        (with_hosts(Host(("192.0.2.1",)), Host(("192.0.3.2",))), [BLIND]),
        (with_hosts(Host(("2001:db8:1:1::1",)), Host(("2001:db8:1:2::1",))), [BLIND, "warning: ns.one-network"]),
        (with_hosts(Host(("192.0.2.1",)), Host(("2001:db8::1",))), [BLIND]),
        (with_hosts(Host(("192.0.2.1", "2001:db8::1")), Host(("192.0.2.2",))), [BLIND, "warning: ns.one-network"]),
        (with_hosts(Host(("192.0.2.1", "2001:db8::1")), Host(("192.0.2.2", "2001:db8:1::1"))), [BLIND]),
        (but(servers=(server(SILENT, SILENT), server(number=1))), ["error: server.unreachable"]),
        (but(servers=(server(REFUSED, REFUSED), server(number=1))), ["error: server.lame"]),
        (but(servers=(server(REFUSED, SILENT), server(number=1))), ["error: server.lame"]),
        (but(servers=(server(GARBLED, GARBLED), server(number=1))), ["error: server.malformed"]),
        (but(servers=(server(FAILING, FAILING), server(number=1))), ["error: server.failing"]),
        (but(servers=(server(CACHED, CACHED), server(number=1))), ["error: server.lame"]),
        (but(servers=(server(UNASKED, UNASKED), server(number=1))), ["note: server.not-asked"]),
        (but(servers=(server(SILENT, SILENT),)), ["error: ns.none", "error: server.unreachable"]),
        (but(servers=(server(UNASKED, UNASKED),)), ["error: ns.none", "note: server.not-asked"]),
        (but(servers=(said("a. b. 7 1 2 3 4"), said("a. b. 7 1 2 3 4", number=1))), []),
        (but(servers=(said("a. b. 7 1 2 3 4"), said("a. b. 7 1 2 3 5", number=1))), ["error: soa.differs"]),
        (but(servers=(said("a. b. 7 1 2 3 4"), said("", number=1))), []),
        (
            but(servers=(said("a. b. 7 1 2 3 4"), said("a. b. 8 1 2 3 5", serial=8, number=1))),
            ["error: serial.differs"],
        ),
        (but(servers=(server(WELL, SILENT), server(number=1))), ["error: server.no-tcp"]),
        (but(servers=(server(SILENT, WELL), server(number=1))), ["error: server.no-udp"]),
        (
            but(servers=(server(replace(WELL, serial=6), replace(WELL, serial=6)), server(number=1))),
            ["error: serial.differs"],
        ),
        (with_soa(serial=8), ["warning: serial.file"]),
        (with_soa(serial=6), []),
        (but(soa=replace(SOA, serial=8), is_configured=False), []),
        (but(servers=(server(), server(number=1, names=NAMES[:1]))), ["warning: ns.differs"]),
        (but(servers=(server(), server(number=1, names=None))), []),
        (with_soa(mname="hidden.example.com"), ["note: soa.hidden-primary"]),
        (with_soa(refresh_s=300), []),
        (with_soa(refresh_s=301), ["warning: soa.refresh"]),
        (but(soa=replace(SOA, refresh_s=86_400), records=()), []),
        (but(soa=replace(SOA, refresh_s=86_401), records=()), ["warning: soa.refresh"]),
        (with_soa(refresh_s=10, retry_s=5), []),
        (with_soa(refresh_s=9, retry_s=5), ["warning: soa.refresh"]),
        (with_soa(retry_s=60), ["warning: soa.retry"]),
        (with_soa(expire_s=90), ["error: soa.expire"]),
        (with_soa(expire_s=604_799), ["warning: soa.expire"]),
        (with_soa(expire_s=604_800), []),
        (with_soa(minimum_s=10_801, ttl_s=10_801), ["warning: ttl.negative"]),
        (with_soa(minimum_s=10_801, ttl_s=10_800), []),
        (but(is_signed=True), ["warning: dnssec.overlaid"]),
        (but(is_signed=True, records=()), []),
        (proven(Proof.UNSIGNED, Proof.UNSIGNED), ["error: dnssec.unsigned"]),
        (proven(Proof.UNSIGNED, Proof.GIVEN), ["error: dnssec.unsigned"]),
        (proven(Proof.OTHER_KEY, None), ["error: dnssec.other-key"]),
        (proven(Proof.OTHER_KEY, Proof.UNSIGNED), ["error: dnssec.unsigned", "error: dnssec.other-key"]),
        (proven(Proof.GIVEN, Proof.GIVEN), []),
        (proven(None, Proof.GIVEN), []),
        (proven(None, None), ["error: dnssec.unsigned"]),
        (proven(None, None, is_signed=True, records=()), []),
        (proven(None, None, ds=DsSet()), []),
        (
            but(delegation=NotAsked("x", DS), ns=None, soa=None, servers=(), hosts={}, records=()),
            ["error: ns.none", BLIND],
        ),
        (proven(None, None, ds=None), []),
        (
            but(delegation=NotAsked("both zones", DS), servers=(replace(server(), proof=Proof.UNSIGNED),)),
            ["error: dnssec.unsigned", BLIND],
        ),
        (
            but(primaries=(server(),), servers=(server(REFUSED, REFUSED),)),
            ["error: ns.only-primary", "error: server.lame"],
        ),
        (but(records=(Steered("www.example.com", 66, 22.0),)), []),
        (but(records=(Steered("www.example.com", 67, 22.0),)), ["warning: ttl.record"]),
        (but(records=(Steered("www.example.com", 60, 1.0),)), []),
        (but(records=(Steered("www.example.com", 4, 22.0),)), ["note: ttl.short"]),
        (but(ns=NsSet(NAMES, 299)), ["warning: ttl.ns"]),
        (but(ns=NsSet(NAMES, 172_801)), ["note: ttl.ns"]),
    ],
)
def test_each_fault_has_its_advice(survey: Survey, expected: list[str]) -> None:
    """RFC 2182 3.1 on one network, RFC 1912 2.2 on times that are unusual."""
    assert codes(survey) == expected


def test_a_server_that_has_the_zone_unsigned_is_named_where_others_have_it_signed() -> None:
    (advice,) = advise(proven(Proof.GIVEN, Proof.UNSIGNED))
    where = "ns2.example.net (192.0.2.1:53)"
    assert advice.text == f"the zone above has a DS of example.com, but the zone is not signed at {where}"
    assert advice.remedy.endswith("resolvers keep the DS for 1h")
    (advice,) = advise(proven(Proof.OTHER_KEY, Proof.OTHER_KEY))
    assert advice.text == "the zone above has a DS of the key 2371 of example.com, but the zone has other keys"


@pytest.mark.parametrize(
    ("reply", "why", "remedy"),
    [
        (REFUSED, "does not let everybody ask", "allow-query"),
        (FAILING, "has expired or never came", "look in its log why example.com is not loaded"),
        (CACHED, "no server of this zone", "take it out of the NS records"),
    ],
)
def test_what_to_do_about_a_lame_server_depends_on_what_it_answers(reply: Reply, why: str, remedy: str) -> None:
    (advice,) = advise(but(servers=(server(reply, reply), server(number=1))))
    assert (why in advice.why, remedy in advice.remedy) == (True, True)


def test_that_nobody_answers_is_told_from_that_nobody_could_be_asked() -> None:
    def said_first(*servers: SurveyedServer) -> str:
        return advise(but(servers=servers))[0].text

    assert said_first(server(SILENT, SILENT), server(REFUSED, REFUSED)) == "no name server has the zone example.com"
    assert said_first(server(SILENT, SILENT), server(UNASKED, UNASKED)).endswith("some could not be asked from here")


def test_that_only_the_primary_has_the_zone_is_a_warning_where_servers_could_not_be_asked() -> None:
    unasked = Reply(is_heard=False, problem="no route", is_asked=False)
    survey = but(primaries=(server(),), servers=(server(unasked, unasked),))
    assert codes(survey)[0] == "warning: ns.only-primary"
    survey = but(primaries=(server(),), servers=(), hosts={**HOSTS, NAMES[0]: Host(is_known=False)})
    assert "warning: ns.only-primary" in codes(survey)


def test_a_zone_of_one_server_is_told_so_and_not_where_it_stands() -> None:
    """RFC 1034 4.1 asks for two."""
    alone = but(
        ns=NsSet(NAMES[:1], 86_400), delegation=Delegation("a", NAMES[:1], {NAMES[0]: HOSTS[NAMES[0]].addresses})
    )
    assert codes(replace(alone, servers=(server(names=NAMES[:1]),))) == ["error: ns.single"]


def test_a_server_that_only_the_zone_above_names_is_an_error() -> None:
    """RFC 1034 4.2.2: the zone and its delegation agree."""
    ghost = "ghost.example.org"
    survey = replace(delegated((*NAMES, ghost)), hosts={**HOSTS, ghost: Host(("203.0.113.1",))})
    assert codes(survey) == ["error: delegation.extra"]


def test_a_zone_that_nobody_has_is_one_error_with_those_that_have_no_address() -> None:
    nobody = but(ns=None, soa=None, servers=(), hosts={"ns.example.net": Host()}, records=())
    assert codes(replace(nobody, delegation=NotAsked("x"))) == ["error: ns.none", "error: ns.no-address", BLIND]
    primaries = (replace(server(SILENT, SILENT), name="primary"),)
    text = "no name server has the zone example.com; primary (192.0.2.0:53): no answer"
    assert advise(replace(nobody, primaries=primaries, delegation=NotAsked("x")))[0].text == text


def test_that_nobody_was_asked_is_no_word_about_the_zone() -> None:
    unknown = but(ns=None, soa=None, servers=(), hosts={}, records=(), delegation=NotAsked("the resolver is dead"))
    advice = advise(unknown)[0]
    assert (advice.weight, advice.code, advice.why) == ("error", "ns.none", "Whether its servers answer is not known.")
    denied = advise(replace(unknown, delegation=NotDelegated("a.gtld.example", "says no")))[1]
    assert (denied.code, denied.why) == ("ns.none", "Every question about it fails.")
    assert denied.text == "no name server of example.com is known, so nobody was asked", "they may be well"
    assert denied.remedy.startswith("register its name servers at the zone above")


def test_a_name_that_nobody_can_look_up_without_glue_is_one_fault_and_not_the_resolvers() -> None:
    hosts = {NAMES[0]: Host(is_known=False)}
    lost = but(ns=None, soa=None, servers=(), hosts=hosts, delegation=Delegation("a", NAMES[:1]))
    assert codes(lost) == ["error: glue.none", "error: ns.none"]
    assert advise(lost)[1].why == "Every question about it fails."
    assert advise(lost)[1].text == "no name server of example.com can be found, so none was asked", "it may be well"


def test_the_root_has_nothing_above_that_could_be_asked() -> None:
    survey = replace(FINE, origin=Name(()), delegation=NotAsked("there is no zone above the root"))
    assert "delegation.unknown" not in {each.code for each in advise(survey)}


def test_one_problem_over_both_transports_is_said_once() -> None:
    closed = replace(SILENT, problem="connection refused")
    same, other = (advise(but(servers=(server(udp, closed), server(number=1))))[0].text for udp in (closed, SILENT))
    assert same.endswith("does not answer: connection refused over UDP and TCP")
    assert other.endswith("does not answer: no answer over UDP, connection refused over TCP")


def test_a_name_server_that_only_the_zone_above_has_an_address_of_is_said_to_have_that() -> None:
    hosts, names = {NAMES[0]: Host(), NAMES[1]: HOSTS[NAMES[1]]}, ["error: ns.no-address"]
    survey = but(hosts=hosts)
    assert codes(survey) == names
    assert advise(survey)[0].why.startswith("The zone above has 192.0.2.53 and 2001:db8::53: resolvers ask it there")
    bare = replace(survey, delegation=Delegation("a", NAMES))
    assert [each.why for each in advise(bare) if each.code == "ns.no-address"] == ["Nobody can ask it."]


def test_an_address_that_is_not_known_is_not_said_to_be_missing() -> None:
    hosts = {NAMES[0]: Host(is_known=False), NAMES[1]: HOSTS[NAMES[1]]}
    lacking = but(hosts=hosts, delegation=Delegation("a", NAMES))
    assert advise(lacking)[0].remedy == "register its address at your registrar"
    known = replace(lacking, hosts={**hosts, NAMES[0]: Host()})
    assert advise(known)[0].remedy == "register its address (which the zone lacks too) at your registrar"


@pytest.mark.parametrize("address", ["192.0.2.53", "2001:db8::53"])
def test_an_ns_record_with_an_address_is_told_as_what_it_is(address: str) -> None:
    """RFC 1035 section 3.3.11; the resolver says that there is no such name, which helps nobody."""
    survey = but(ns=NsSet((*NAMES, address), 86_400), hosts={**HOSTS, address: Host()}, servers=(server(names=None),))
    survey = replace(survey, delegation=NotAsked("x"))
    (advice, *_) = advise(survey)
    assert (advice.code, advice.text) == ("ns.address", f"an NS record names {address}, which is an address")
    assert [each.code for each in advise(survey)] == ["ns.address", "delegation.unknown"]


@pytest.mark.parametrize("odd", ["a\\032b", "\\000\\027", "x\\.", "*"])
def test_a_name_server_may_be_called_what_no_name_here_may_be(odd: str) -> None:
    assert host_text(f"{odd}.") == odd
    hosts = {NAMES[1]: HOSTS[NAMES[1]], f"{odd}.example.com": Host(("192.0.2.53",)), odd: Host(("192.0.2.54",))}
    survey = but(ns=NsSet(tuple(hosts), 86_400), hosts=hosts)
    survey = replace(survey, delegation=Delegation("a", tuple(hosts), {f"{odd}.example.com": ("192.0.2.53",)}))
    assert [code for code in codes(survey) if "hidden" not in code] == ["warning: ns.differs"] * 2


def test_the_newest_serial_is_found_around_the_circle() -> None:
    old = replace(WELL, serial=2**32 - 1)
    new = server(replace(WELL, serial=1), WELL, number=1)
    (advice,) = advise(but(servers=(server(old, old), new), soa=replace(SOA, serial=1)))
    assert advice.text == f"the newest serial is 1, and ns1.example.com (192.0.2.0:53) has {2**32 - 1}"


def test_every_advice_says_what_follows_and_what_to_do() -> None:
    worst = but(
        delegation=NotDelegated("a", "says no"),
        hosts={NAMES[0]: Host(), NAMES[1]: Host(alias="x.example.net")},
        servers=(server(SILENT, SILENT), server(REFUSED, REFUSED, number=1)),
        soa=replace(SOA, refresh_s=400, retry_s=500, expire_s=1, minimum_s=86_400, ttl_s=86_400, mname="x"),
        records=(Steered("www.example.com", 3600, 22.0),),
    )
    advice = advise(worst)
    assert [each.weight for each in advice] == sorted((each.weight for each in advice), key=list(Weight).index)
    assert len(advice) == 12
    assert all(each.text and each.why.endswith(".") and each.remedy for each in advice)


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_listed_as_people_do(words: list[str], text: str) -> None:
    assert listed(words) == text


def test_records_with_the_same_times_are_told_of_together() -> None:
    records = tuple(Steered(f"r{number}.example.com", 3600, 22.0) for number in range(5000))
    (advice,) = advise(but(records=(*records, Steered("www.example.com", 30, 22.0))))
    assert advice.text == "the TTL is 1h for r0.example.com, r1.example.com, r2.example.com and 4,997 more"
