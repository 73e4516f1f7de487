"""The reference answerer says what the RFCs say, and the comparison with it sees what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import pytest

from understudy.testing.reference import Expected, Habits, PlainZone, answer, differences

# The zone of RFC 4592 2.2.1.
WILDCARDS = """\
$ORIGIN example.
example.                 3600 IN  SOA   ns.example.com. h.example. 1 2 3 4 60
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   "this is a wildcard"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   "this is not a wildcard"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV   0 0 22 host1.example.
_ssh._tcp.host2.example. 3600     SRV   0 0 22 host2.example.
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.
long.example.            3600     DNAME a.long.target.example.
loop.example.            3600     CNAME loop.example.
"""
TRUNCATED = 'big 60 TXT "{}"\n'.format('" "'.join(letter * 200 for letter in "abc"))


def expect(text: str, name: str, rtype: str, habits: Habits | None = None) -> Expected:
    query = dns.message.make_query(name, rtype, id=7).to_wire()
    expected = answer([PlainZone.read("example.", text)], query, "udp", habits=habits or Habits())
    assert expected is not None
    return expected


@pytest.mark.parametrize(
    ("name", "rtype", "says"),
    [
        # RFC 4592 2.2.1, in its order: synthesised, then not, each for the reason that is given there.
        ("host3.example.", "MX", "NOERROR AA answer"),
        ("host3.example.", "A", "NOERROR AA SOA"),
        ("foo.bar.example.", "TXT", "NOERROR AA answer"),
        ("host1.example.", "MX", "NOERROR AA SOA"),
        ("sub.*.example.", "MX", "NOERROR AA SOA"),
        ("_telnet._tcp.host1.example.", "SRV", "NXDOMAIN AA SOA"),
        ("host.subdel.example.", "A", "NOERROR NS"),
        ("ghost.*.example.", "MX", "NXDOMAIN AA SOA"),
        # RFC 8020 2, RFC 6672 2.3, and an alias that leads nowhere.
        ("host2.example.", "SRV", "NOERROR AA SOA"),
        ("long.example.", "DNAME", "NOERROR AA answer"),
        ("loop.example.", "A", "NOERROR AA answer"),
        ("example.org.", "A", "REFUSED"),
    ],
)
def test_the_reference_says_what_the_rfc_says(name: str, rtype: str, says: str) -> None:
    expected = expect(WILDCARDS, name, rtype)
    words = [dns.rcode.to_text(expected.rcode)]
    words += ["AA"] if expected.findings.is_authoritative else []
    words += ["answer"] if expected.findings.answer else []
    words += [rrset.rdtype.name for rrset in expected.findings.authority]
    assert " ".join(words) == says


def test_a_service_of_the_root_that_is_not_there_has_no_addresses() -> None:
    text = ". 60 IN SOA ns. h. 1 2 3 4 60\n. 60 IN NS .\n. 60 IN A 192.0.2.1\n. 60 IN HTTPS {} .\n"
    useful = {}
    for priority in (0, 1):
        zone = PlainZone.read(".", text.format(priority))
        expected = answer([zone], dns.message.make_query(".", "HTTPS", id=7).to_wire(), "udp")
        useful[priority] = [each.rdtype.name for each in expected.addition.useful] if expected else None
    assert useful == {0: [], 1: ["A"]}, "RFC 9460 2.5.1: as an alias, the root means that there is none"


@pytest.mark.parametrize(("rtype", "said"), [("SOA", dns.rcode.NOTAUTH), ("A", dns.rcode.FORMERR)])
def test_nobody_may_tell_a_primary_that_its_zone_has_changed(rtype: str, said: dns.rcode.Rcode) -> None:
    notify = dns.message.make_query("example.", rtype, id=7)
    notify.set_opcode(dns.opcode.NOTIFY)
    expected = answer([PlainZone.read("example.", WILDCARDS)], notify.to_wire(), "udp")
    assert expected is not None
    assert expected.rcode == said


def test_a_name_that_grows_too_long_is_yxdomain() -> None:
    """RFC 6672 2.2."""
    expected = expect(WILDCARDS, ".".join(["l" * 60] * 3 + ["m" * 50, "long.example."]), "A")
    assert expected.rcode == dns.rcode.YXDOMAIN
    assert [rrset.rdtype.name for rrset in expected.findings.answer] == ["DNAME"]


def test_what_does_not_fit_is_truncated_and_what_is_only_useful_left_out() -> None:
    mail = "".join(f"example. 60 MX {number} m{number}\nm{number} 60 A 192.0.2.{number}\n" for number in range(1, 20))
    whole = expect(WILDCARDS + mail, "example.", "MX")
    sent = whole.message()
    assert not sent.flags & dns.flags.TC
    assert 0 < len(sent.additional) < len(whole.whole().additional)
    cut = expect(WILDCARDS + TRUNCATED, "big.example.", "TXT").message()
    assert cut.flags & dns.flags.TC
    assert not cut.answer


def test_minimal_referrals_have_the_glue_of_siblings_and_nothing_that_can_be_asked_for() -> None:
    # RFC 9471 2.3: the servers of two zones lie in each other.
    circle = "one 60 NS ns.two\none 60 NS host1\ntwo 60 NS ns.one\nns.one 60 A 192.0.2.3\nns.two 60 A 192.0.2.4\n"
    for is_minimal, hosts in [(False, {"ns.two.example.", "host1.example."}), (True, {"ns.two.example."})]:
        habits = Habits(is_minimal=is_minimal)
        addition = expect(WILDCARDS + circle, "a.one.example.", "A", habits).addition
        assert {each.name.to_text() for each in addition.useful} == hosts


def flipped(response: dns.message.Message, flag: dns.flags.Flag) -> bytes:
    response.flags ^= flag
    return response.to_wire()


def with_rcode(response: dns.message.Message) -> bytes:
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def with_opt(response: dns.message.Message) -> bytes:
    response.use_edns(0)
    return response.to_wire()


def without_answer(response: dns.message.Message) -> bytes:
    response.answer = []
    return response.to_wire()


def with_longer_ttl(response: dns.message.Message) -> bytes:
    response.answer[0].ttl += 1
    return response.to_wire()


def with_surplus(response: dns.message.Message) -> bytes:
    response.additional.append(dns.rrset.from_text("x.example.", 60, "IN", "A", "192.0.2.9"))
    return response.to_wire()


def with_the_answer_twice(response: dns.message.Message) -> bytes:
    response.answer.append(response.answer[0])
    return response.to_wire()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda response: b"\0\0" + response.to_wire()[2:], "header"),
        (with_rcode, "header"),
        (lambda response: flipped(response, dns.flags.AA), "header"),
        (lambda response: flipped(response, dns.flags.AD), "header"),
        (lambda response: flipped(response, dns.flags.TC), "truncated, where"),
        (lambda response: response.to_wire().replace(b"www", b"Www"), "question"),
        (with_opt, "EDNS"),
        (without_answer, "answer: "),
        (with_longer_ttl, "is missing"),
        (with_surplus, "additional: "),
        (with_the_answer_twice, "is too much"),
        (lambda response: response.to_wire().replace(b"\xc0\x0c", b"\x03wWw\x07example\0"), "not in the case"),
    ],
)
def test_the_comparison_sees_what_is_wrong(spoil: Callable[[dns.message.Message], bytes], said: str) -> None:
    expected = expect(WILDCARDS, "www.example.", "TXT")
    right = expected.message().to_wire()
    assert differences(expected, right) == []
    assert said in "; ".join(differences(expected, spoil(dns.message.from_wire(right))))


def test_the_comparison_sees_what_is_too_long_what_is_garbage_and_silence() -> None:
    expected = expect(WILDCARDS + TRUNCATED, "big.example.", "TXT")
    assert "octets, where 512 are the most" in differences(expected, expected.whole().to_wire(max_size=65535))[0]
    assert "no message" in differences(expected, b"\0" * 13)[0]
    assert differences(expected, None) == ["silence instead of an answer"]
    assert differences(None, b"") == ["silence broken"]
    assert differences(None, None) == []
