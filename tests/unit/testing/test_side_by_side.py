"""The comparison with other servers can fail: what is planted in a response is found, what may differ is not."""

from collections.abc import Sequence

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from understudy.testing.side_by_side.comparison import EVERYBODY, Finding, compare
from understudy.testing.side_by_side.differences import Difference, explain
from understudy.testing.side_by_side.messages import CLIENT_COOKIE, COOKIE, EXTENDED_ERROR, Case, Query, octets_of
from understudy.testing.side_by_side.queries import VARIANTS, case, questions
from understudy.testing.side_by_side.reading import UnreadableError, read
from understudy.testing.side_by_side.table import DIFFERENCES

NAME = "www.example."
QUERY = Query(octets_of(NAME), 1)
CASE = Case("plain", QUERY, QUERY.to_wire(1))
ORIGINS = frozenset({octets_of("example.")})
ANSWER = ("www.example. 60 IN A 192.0.2.1", "www.example. 60 IN A 192.0.2.2")


def response(*answer: str, authority: Sequence[str] = (), additional: Sequence[str] = ()) -> dns.message.Message:
    made = dns.message.make_response(dns.message.from_wire(CASE.octets), our_payload=4096)
    made.flags |= dns.flags.AA
    for section, lines in ((made.answer, answer), (made.authority, authority), (made.additional, additional)):
        for line in lines:
            owner, ttl, rclass, rtype, rdata = line.split(" ", 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rclass, rtype, rdata))
    return made


def findings(ours: bytes | None, theirs: bytes | None, others: bytes | None = None) -> list[Finding]:
    return list(compare(CASE, ours, {"bind": theirs, "nsd": others or theirs}, origins=ORIGINS))


def parts(ours: bytes | None, theirs: bytes | None) -> set[tuple[str, str]]:
    return {(finding.peer, finding.part) for finding in findings(ours, theirs)}


def octets(message: dns.message.Message) -> bytes:
    return message.to_wire(max_size=65535)


def test_the_same_response_has_no_difference() -> None:
    assert parts(octets(response(*ANSWER)), octets(response(*ANSWER))) == set()


def test_order_letters_and_extended_errors_are_no_difference() -> None:
    other = response(*(line.replace("www", "WWW") for line in reversed(ANSWER)))
    other.use_edns(payload=4096, options=[dns.edns.GenericOption(dns.edns.OptionType(EXTENDED_ERROR), b"\0\x12")])
    assert parts(octets(response(*ANSWER)), octets(other)) == set()


def planted(what: str) -> bytes:
    other = response(*ANSWER)
    if what == "rcode":
        other.set_rcode(dns.rcode.NXDOMAIN)
    elif what == "flags":
        other.flags |= dns.flags.RA
    elif what == "answer":
        other = response(ANSWER[0])
    elif what == "authority":
        other = response(*ANSWER, authority=["example. 60 IN NS ns.example."])
    elif what == "edns":
        other.use_edns(payload=1232)
    return octets(other)


@pytest.mark.parametrize("what", ["rcode", "flags", "answer", "authority", "edns"])
def test_a_part_that_differs_is_found_and_only_that(what: str) -> None:
    assert parts(octets(response(*ANSWER)), planted(what)) == {("bind", what), ("nsd", what)}


def test_another_ttl_is_found() -> None:
    other = response(*(line.replace(" 60 ", " 61 ") for line in ANSWER))
    assert ("bind", "answer") in parts(octets(response(*ANSWER)), octets(other))


def test_a_record_that_is_there_twice_is_found() -> None:
    plain = octets(response(ANSWER[0]))
    opt_at = plain.rindex(b"\0\0\x29")
    record = plain[12 + len(QUERY.question()) : opt_at]
    twice = plain[:6] + b"\0\x02" + plain[8:opt_at] + record + plain[opt_at:]
    assert len(read(twice).answer) == 2
    assert ("bind", "answer") in parts(plain, twice)


def test_silence_is_found_on_either_side() -> None:
    said = octets(response(*ANSWER))
    assert parts(said, None) == {("bind", "reply"), ("nsd", "reply")}
    assert parts(None, said) == {("bind", "reply"), ("nsd", "reply")}
    assert parts(None, None) == set()


def test_a_cookie_counts_if_it_is_whole() -> None:
    whole, other, half = response(*ANSWER), response(*ANSWER), response(*ANSWER)
    for message, cookie in ((whole, bytes(16)), (other, bytes(15) + b"\1"), (half, b"")):
        message.use_edns(
            payload=4096, options=[dns.edns.GenericOption(dns.edns.OptionType(COOKIE), CLIENT_COOKIE + cookie)]
        )
    assert parts(octets(whole), octets(other)) == set()
    assert ("bind", "edns") in parts(octets(whole), octets(half))


def test_sections_of_a_truncated_response_are_not_compared() -> None:
    cut, other = response(ANSWER[0]), response(ANSWER[1])
    cut.flags |= dns.flags.TC
    other.flags |= dns.flags.TC
    assert parts(octets(cut), octets(other)) == set()
    assert parts(octets(cut), octets(response(*ANSWER))) == {("bind", "flags"), ("nsd", "flags")}


def test_what_only_we_have_beside_an_answer_is_found_and_what_all_others_have() -> None:
    bare, rich = octets(response(*ANSWER)), octets(response(*ANSWER, additional=["a.example. 60 IN A 192.0.2.3"]))
    assert parts(rich, bare) == {(EVERYBODY, "additional")}
    assert parts(bare, rich) == {(EVERYBODY, "additional")}
    assert [finding for finding in findings(rich, bare, rich) if finding.part == "additional"] == []


def test_glue_of_a_referral_is_compared_with_each() -> None:
    servers = ["sub.example. 60 IN NS ns.sub.example."]
    bare, rich = (response(authority=servers, additional=glue) for glue in ([], ["ns.sub.example. 60 IN A 192.0.2.3"]))
    for message in (bare, rich):
        message.flags &= ~dns.flags.AA
    found = findings(octets(bare), octets(rich), octets(bare))
    assert [(each.peer, each.part, each.company) for each in found] == [("bind", "additional", frozenset({"nsd"}))]


def test_our_response_must_not_be_the_longest() -> None:
    short = octets(response(*ANSWER))
    pointer_at = 12 + len(QUERY.question())
    long = short[:pointer_at] + QUERY.qname + short[pointer_at + 2 :]
    assert parts(long, short) == {(EVERYBODY, "size")}
    assert parts(short, long) == set()


def test_a_name_compressed_where_none_may_be_is_found() -> None:
    made = octets(response("www.example. 60 IN DNAME www.example."))
    whole = b"\0\x0d" + QUERY.qname
    assert whole in made
    pointed = made.replace(whole, b"\0\x02\xc0\x0c")
    assert (EVERYBODY, "compression") in parts(pointed, pointed)
    assert parts(made, pointed) == {(EVERYBODY, "size")}


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 20, 40])
def test_what_is_no_message_is_not_read(cut: int) -> None:
    whole = octets(response(*ANSWER))
    with pytest.raises(UnreadableError):
        read(whole[:-cut] if cut < 12 else whole[:cut])


def test_octets_behind_the_last_record_are_not_read() -> None:
    with pytest.raises(UnreadableError):
        read(octets(response(*ANSWER)) + b"\0")


def test_a_listed_difference_is_seen_and_another_is_told() -> None:
    listed = Difference("a", "b", "c", ("bind",), "d", frozenset({"rcode"}), lambda finding: finding.case is CASE)
    other = octets(response(*ANSWER))
    unlisted, seen = explain(findings(planted("rcode"), other), [listed])
    assert {(each.peer, each.part) for each in unlisted} == {("nsd", "rcode")}
    assert seen == {(listed, "bind")}


def test_no_entry_of_the_list_covers_a_plain_wrong_answer() -> None:
    for what in ("rcode", "flags", "answer", "authority", "edns"):
        found = findings(planted(what), octets(response(*ANSWER)))
        assert explain(found, DIFFERENCES)[0] == found


def test_questions_stand_around_every_name_and_never_twice() -> None:
    owner = dns.name.from_text("a.example.")
    made = list(questions({"example.": {dns.name.from_text("example."): frozenset({6}), owner: frozenset({33})}}))
    names = {query.qname for query in made}
    assert {
        octets_of(name) for name in ("a.example.", "A.EXAMPLE.", "x.a.example.", "example.", "a0.example.")
    } <= names
    assert len(made) == len(set(made))
    assert Query(octets_of("x.a.example."), 33) in made


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_a_message_that_a_library_reads(variant: str) -> None:
    message = dns.message.from_wire(case(variant, QUERY).octets)
    assert message.question[0].name == dns.name.from_text(NAME)
