from __future__ import annotations

from typing import Any

import pytest

from understudy.model.observation import Outcome
from understudy.testing.check_contract import see
from understudy.testing.honest_peers import answers_dns, answers_dns_by_tcp
from understudy.testing.hostile_peers import is_deaf
from understudy.testing.peers import DatagramBehaviour, DatagramPeer, Peer

PASS, FAIL = Outcome.PASS, Outcome.FAIL
SOA = "example.com. 60 IN SOA ns.example.com. admin.example.com. {} 60 60 60 60"
ADDRESS = "example.com. 60 IN A 192.0.2.1"


def query(behaviour: DatagramBehaviour, *, host: str = "127.0.0.1", **settings: Any) -> tuple[Outcome, str, str]:
    with DatagramPeer(behaviour, host=host) as peer:
        seen = see("dns", {"name": "example.com", "port": peer.port, **settings}, host=host)
    return seen.outcome, seen.reason, seen.text


@pytest.mark.parametrize(
    ("behaviour", "settings", "outcome", "reason"),
    [
        (answers_dns(SOA.format(7)), {}, PASS, ""),
        (answers_dns(ADDRESS), {"type": "A", "contains": "192.0.2.1"}, PASS, ""),
        (answers_dns(ADDRESS), {"type": "A", "contains": ["192.0.2.1", "192.0.2.2"]}, FAIL, "dns.answer"),
        (answers_dns(), {"type": "AAAA"}, PASS, ""),
        (answers_dns(rcode="REFUSED"), {}, FAIL, "dns.rcode"),
        (answers_dns(rcode="SERVFAIL"), {}, FAIL, "dns.rcode"),
        (answers_dns(rcode="NXDOMAIN"), {"rcode": "NXDOMAIN"}, PASS, ""),
        (answers_dns(rcode="NXDOMAIN"), {"rcode": 3}, PASS, ""),
        (answers_dns(flags="RA"), {}, PASS, ""),
        (answers_dns(flags="RA"), {"authoritative": True}, FAIL, "dns.not-authoritative"),
        (answers_dns(flags="AA"), {"authoritative": True}, PASS, ""),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_response_is_held_to_its_expectation(
    behaviour: DatagramBehaviour, settings: dict[str, Any], outcome: Outcome, reason: str, *, host: str
) -> None:
    assert query(behaviour, host=host, **settings)[:2] == (outcome, reason)


def test_the_text_says_what_was_expected_and_seen() -> None:
    assert query(answers_dns(rcode="REFUSED"))[2] == "expected NOERROR, seen REFUSED"
    seen = query(answers_dns(ADDRESS), type="A", contains="192.0.2.9")[2]
    assert seen == "expected an answer with '192.0.2.9', seen '192.0.2.1'"


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    whole = answers_dns_by_tcp(answers_dns(SOA.format(7)))
    with Peer(whole) as peer, DatagramPeer(answers_dns(is_truncated=True), port=peer.port):
        seen = see("dns", {"name": "example.com", "port": peer.port, "contains": "ns.example.com."})
        assert peer.connections == 1
    assert seen.outcome is PASS
    assert [phase.name for phase in seen.phases] == ["send", "first_octet", "connect", "send", "first_octet", "read"]


def test_tcp_alone_is_used_where_asked() -> None:
    with Peer(answers_dns_by_tcp(answers_dns(SOA.format(7))), host="::1") as peer:
        assert see("dns", {"name": "example.com", "port": peer.port, "transport": "tcp"}, host="::1").outcome is PASS


def test_forged_answers_are_passed_over() -> None:
    """RFC 5452 9.1."""
    honest = answers_dns(SOA.format(7))

    def forge_first(octets: bytes) -> list[bytes]:
        forged = answers_dns(rcode="REFUSED")(octets)[0]
        other_id = bytes((octets[0] ^ 1,)) + forged[1:]
        other_name = forged.replace(b"\x07example", b"\x07exampld")
        return [other_id, other_name, octets, *honest(octets)]

    assert query(forge_first)[0] is PASS


def test_queries_leave_from_different_ports_with_different_ids() -> None:
    """RFC 5452 4.5."""
    heard: list[bytes] = []

    def note(octets: bytes) -> list[bytes]:
        heard.append(octets[:2])
        return answers_dns(SOA.format(7))(octets)

    for _ in range(4):
        assert query(note)[0] is PASS
    assert len(set(heard)) > 1


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome", "reason"),
    [
        (7, 7, PASS, ""),
        (8, 7, PASS, ""),
        (7, 8, FAIL, "dns.serial"),
        (1, 2**32 - 1, PASS, ""),
        (2**32 - 1, 1, FAIL, "dns.serial"),
    ],
)
@pytest.mark.parametrize("rtype", ["SOA", "A"])
def test_a_zone_must_not_be_older_than_the_peers(
    mine: int, theirs: int, outcome: Outcome, *, reason: str, rtype: str
) -> None:
    with (
        DatagramPeer(answers_dns(SOA.format(mine), ADDRESS)) as peer,
        DatagramPeer(answers_dns(SOA.format(theirs)), host="127.0.0.2", port=peer.port),
    ):
        written = {"name": "example.com", "port": peer.port, "type": rtype, "serial_not_older_than": "127.0.0.2"}
        seen = see("dns", written)
    assert (seen.outcome, seen.reason) == (outcome, reason)


@pytest.mark.parametrize("behaviour", [is_deaf, answers_dns(), answers_dns(rcode="REFUSED")])
def test_a_peer_that_cannot_be_compared_with_blames_nobody(behaviour: DatagramBehaviour) -> None:
    with (
        DatagramPeer(answers_dns(SOA.format(7))) as peer,
        DatagramPeer(behaviour, host="127.0.0.2", port=peer.port),
    ):
        written = {"name": "example.com", "port": peer.port, "serial_not_older_than": "127.0.0.2"}
        seen = see("dns", written, timeout_s=0.3)
    assert (seen.outcome, seen.reason) == (Outcome.INCONCLUSIVE, "dns.peer")


def test_an_endpoint_without_a_serial_fails_the_comparison() -> None:
    seen = query(answers_dns(), serial_not_older_than="127.0.0.2")
    assert seen[:2] == (FAIL, "dns.answer")
