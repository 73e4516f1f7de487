"""A flood over a real socket is cut to the rate; who proves the address is not limited."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import dns.tsig
import pytest

from understudy.engine import Engine, Zone

PATIENCE_S = 20.0
PER_SECOND = 50
FLOOD = 2000
BURST = 64
SECRET = b"what both sides know"


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    limit = (PER_SECOND, 2, 24, 56, ["127.0.1.0/24"], 4096)
    engine = Engine(["127.0.0.1:0"], cookie_secrets=[b"s" * 16], rate_limit=limit)
    engine.publish_zone(zone, [])
    engine.start()
    yield engine
    assert engine.stop(PATIENCE_S)


def flood(engine: Engine, queries: list[bytes], source: str = "127.0.0.1") -> tuple[list[bytes], float]:
    """What comes back, and how long it took.

    Nothing is sent before what is in front is counted, and its answers are read: no buffer has to hold all of them.
    """
    host, _, port = engine.addresses[0].rpartition(":")
    before = engine.counters()
    answers: list[bytes] = []

    def is_through(sent: int) -> bool:
        now = engine.counters()
        counted, dropped = (now[name] - before[name] for name in ("queries.udp4", "limited.dropped"))
        return counted == sent and len(answers) == sent - dropped

    began = time.monotonic()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.bind((source, 0))
        client.connect((host, int(port)))
        for begin in range(0, len(queries), BURST):
            for query in queries[begin : begin + BURST]:
                client.send(query)
            while not is_through(min(begin + BURST, len(queries))):
                assert time.monotonic() < began + PATIENCE_S
                answers += heard(client, 0.002)
        took_s = time.monotonic() - began
        return answers + heard(client, 0.2), took_s


def heard(client: socket.socket, limit_s: float) -> list[bytes]:
    """What comes until nothing comes for so long."""
    answers = []
    client.settimeout(limit_s)
    with suppress(TimeoutError):
        while True:
            answers.append(client.recv(4096))
    return answers


def is_cut(answer: bytes) -> bool:
    """Whether it is truncated, and has no records."""
    message = dns.message.from_wire(answer)
    return bool(message.flags & dns.flags.TC) and not message.answer


def test_a_flood_is_cut_to_the_rate_and_every_other_answer_is_slipped(engine: Engine) -> None:
    query = dns.message.make_query("www.example.com.", "A").to_wire()
    answers, took_s = flood(engine, [query] * FLOOD)
    slipped = sum(map(is_cut, answers))
    sent = len(answers) - slipped
    assert PER_SECOND <= sent <= PER_SECOND * (1 + took_s) + 1
    assert 0.4 < slipped / (FLOOD - sent) < 0.6
    counters = engine.counters()
    assert (counters["limited.slipped"], counters["limited.dropped"]) == (slipped, FLOOD - len(answers))


def test_names_that_are_made_up_are_one_subject(engine: Engine) -> None:
    queries = [dns.message.make_query(f"n{number}.example.com.", "A").to_wire() for number in range(FLOOD)]
    answers, took_s = flood(engine, queries)
    assert sum(not is_cut(each) for each in answers) <= PER_SECOND * (1 + took_s) + 1


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("www.example.com.", dns.rcode.NOERROR),
        ("no.example.com.", dns.rcode.NXDOMAIN),
        ("www.example.net.", dns.rcode.REFUSED),
    ],
)
def test_a_slipped_answer_has_the_code_of_the_whole_one(engine: Engine, name: str, rcode: dns.rcode.Rcode) -> None:
    """As those of BIND, NSD and Knot have."""
    answers, _ = flood(engine, [dns.message.make_query(name, "A").to_wire()] * 500)
    assert {is_cut(each) for each in answers} == {False, True}
    assert {dns.message.from_wire(each).rcode() for each in answers} == {rcode}


def test_what_tcp_would_not_mend_is_dropped_beyond_the_rate(engine: Engine) -> None:
    query = dns.message.make_query("www.example.com.", "A", id=1)
    newer = dns.message.make_query("www.example.com.", "A", id=1, use_edns=1).to_wire()
    status = dns.message.make_query("www.example.com.", "A", id=1)
    status.set_opcode(dns.opcode.STATUS)
    for octets in (query.to_wire() + b"behind the end", newer, status.to_wire()):
        dropped = engine.counters()["limited.dropped"]
        answers, _ = flood(engine, [octets] * 500)
        assert not any(is_cut(each) for each in answers)
        assert engine.counters()["limited.dropped"] - dropped == 500 - len(answers) > 0


def test_a_valid_cookie_an_exempt_network_and_tcp_are_not_limited(engine: Engine) -> None:
    query = dns.message.make_query("www.example.com.", "A", use_edns=0)
    assert len(flood(engine, [query.to_wire()] * 500, "127.0.1.1")[0]) == 500
    flood(engine, [query.to_wire()] * 500)
    host, _, port = engine.addresses[0].rpartition(":")
    for _ in range(3 * PER_SECOND):
        assert dns.query.tcp(query, host, port=int(port), timeout=PATIENCE_S).answer

    def with_cookie(cookie: bytes) -> bytes:
        query.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)])
        return query.to_wire()

    # Also a slipped answer has the cookie that lets its client in.
    answers, _ = flood(engine, [with_cookie(b"12345678")] * 50)
    (cookie,) = {(dns.message.from_wire(each).options[0].to_wire() or b"")[:8] for each in answers}
    assert cookie == b"12345678"
    given = dns.message.from_wire(next(each for each in answers if is_cut(each))).options[0].to_wire() or b""
    answers, _ = flood(engine, [with_cookie(given)] * 500)
    assert len(answers) == 500
    assert not any(answer[2] & 0x02 for answer in answers), "TC"


def too_long(name: str, cookie: bytes) -> bytes:
    """A query that no server reads whole from UDP, with a cookie in front."""
    query = dns.message.make_query(name, "A", use_edns=0)
    options = [(dns.edns.OptionType.COOKIE, cookie), (dns.edns.OptionType.PADDING, bytes(1500))]
    query.use_edns(0, options=[dns.edns.GenericOption(code, octets) for code, octets in options])
    return query.to_wire(max_size=4096)


def test_who_is_sent_to_tcp_for_too_long_a_query_is_limited_too(engine: Engine) -> None:
    queries = [too_long(f"n{number}.example.com.", b"12345678") for number in range(FLOOD)]
    answers, took_s = flood(engine, queries)
    assert all(map(is_cut, answers))
    counters = engine.counters()
    slipped, dropped = counters["limited.slipped"], counters["limited.dropped"]
    assert (counters["truncated"], dropped) == (len(answers), FLOOD - len(answers))
    assert PER_SECOND <= len(answers) - slipped <= PER_SECOND * (1 + took_s) + 1
    assert 0.4 < slipped / (slipped + dropped) < 0.6
    given = dns.message.from_wire(answers[-1]).options[0].to_wire() or b""
    answers, _ = flood(engine, [too_long("www.example.com.", given)] * 500)
    assert len(answers) == 500
    assert engine.counters()["limited.dropped"] == dropped


def notify(origin: str) -> bytes:
    """That a zone has changed."""
    message = dns.message.make_query(origin, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    return message.to_wire()


def test_a_primary_is_heard_however_many_zones_it_tells_of(engine: Engine) -> None:
    origins = [f"z{number}.example." for number in range(500)]
    engine.set_secondaries([(origin, ["127.0.0.1/32"], []) for origin in origins])
    answers, _ = flood(engine, [notify(origin) for origin in origins])
    assert [dns.message.from_wire(each).rcode() for each in answers] == [dns.rcode.NOERROR] * 500
    assert sorted(engine.take_notices()) == sorted(origins)
    counters = engine.counters()
    assert (counters["notify.heard"], counters["limited.dropped"], counters["limited.slipped"]) == (500, 0, 0)


def test_who_is_no_primary_is_limited_and_never_told_that_it_was_heard(engine: Engine) -> None:
    engine.set_secondaries([("z.example.", ["192.0.2.1/32"], [])])
    answers, took_s = flood(engine, [notify("z.example.")] * 500)
    assert {dns.message.from_wire(each).rcode() for each in answers} == {dns.rcode.REFUSED}
    assert len(answers) <= PER_SECOND * (1 + took_s) + 1
    assert engine.counters()["limited.dropped"] == 500 - len(answers)


@pytest.mark.parametrize("is_permitted", [True, False])
def test_transfers_over_udp_are_limited(engine: Engine, *, is_permitted: bool) -> None:
    """Also of whoever may have them: an address can be forged."""
    if is_permitted:
        zone = Zone.parse("copied.example.", b"@ 60 SOA ns. root. 7 2 3 4 5\n@ 60 NS ns.\n")
        engine.publish_zone(zone, [])
        engine.commit(engine.prepare("copied.example.", 7, [], zone))
        engine.set_access("copied.example.", ["127.0.0.1"], [])
    query = dns.message.make_query("copied.example.", "IXFR")
    query.authority.append(dns.rrset.from_text("copied.example.", 0, "IN", "SOA", "ns. root. 7 2 3 4 5"))
    answers, took_s = flood(engine, [query.to_wire()] * FLOOD)
    whole = [dns.message.from_wire(each) for each in answers if not is_cut(each)]
    assert {each.rcode() for each in whole} == {dns.rcode.NOERROR if is_permitted else dns.rcode.REFUSED}
    assert PER_SECOND <= len(whole) <= PER_SECOND * (1 + took_s) + 1
    assert 0.4 < (len(answers) - len(whole)) / (FLOOD - len(whole)) < 0.6


@pytest.mark.parametrize("slip", [0, 1])
def test_whoever_is_sent_no_difference_for_the_limit_was_not_here(zone: Zone, slip: int) -> None:
    """Whether the difference is dropped or the client is sent to TCP: who watches would ask it for nothing."""
    with_limit = Engine(["127.0.0.1:0"], rate_limit=(1, slip, 24, 56, [], 4096))
    with_limit.publish_zone(zone, [])
    with_limit.commit(with_limit.prepare("example.com.", 7, [], zone))
    with_limit.commit(with_limit.prepare("example.com.", 8, [("new.example.com.", 1, 30, [bytes(4)])]))
    with_limit.set_access("example.com.", ["127.0.0.1"], [])
    with_limit.start()
    query = dns.message.make_query("example.com.", "IXFR")
    query.authority.append(dns.rrset.from_text("example.com.", 0, "IN", "SOA", "ns. root. 7 2 3 4 5"))
    (answer,), _ = flood(with_limit, [query.to_wire()])
    assert len(dns.message.from_wire(answer).answer) > 1
    assert with_limit.take_visits() == [("example.com.", "127.0.0.1")]
    answers, _ = flood(with_limit, [query.to_wire()])
    assert [is_cut(each) for each in answers] == [True] * slip
    assert with_limit.take_visits() == []
    counters = with_limit.counters()
    assert (counters["transfers.ixfr"], counters["transfers.refused"]) == (1, 1)
    assert with_limit.stop(PATIENCE_S)


def test_what_is_no_question_is_never_slipped(engine: Engine) -> None:
    """Truncated it would say that there is more to be had over TCP."""
    two_questions = bytes.fromhex("0000 0000 0002 0000 0000 0000")
    for query in (two_questions + bytes(1500), two_questions):
        before = engine.counters()["limited.dropped"]
        answers, took_s = flood(engine, [query] * 500)
        assert {dns.message.from_wire(each).rcode() for each in answers} <= {dns.rcode.FORMERR}
        assert len(answers) <= PER_SECOND * (1 + took_s) + 1
        assert engine.counters()["limited.dropped"] - before == 500 - len(answers)
    assert engine.counters()["limited.slipped"] == 0


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ((0, 2, 24, 56, [], 1024), "per second"),
        ((10, 2, 33, 56, [], 1024), "prefix"),
        ((10, 2, 24, 56, ["192.0.2.1/24"], 1024), "is not a network"),
        ((10, 2, 24, 56, [], 1 << 25), "places"),
    ],
)
def test_an_impossible_limit_is_a_value_error(limit: tuple[int, int, int, int, list[str], int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Engine([], rate_limit=limit)


def signed(secret: bytes) -> bytes:
    """A query with a signature by this secret."""
    query = dns.message.make_query("www.example.com.", "A")
    query.use_tsig(dns.tsig.Key("corp-key.", secret, "hmac-sha256"))
    return query.to_wire()


def test_whoever_signs_with_a_key_is_not_limited(engine: Engine) -> None:
    engine.set_keys([("corp-key.", "hmac-sha256", SECRET)])
    answers, _ = flood(engine, [signed(SECRET)] * FLOOD)
    assert len(answers) == FLOOD
    assert not any(answer[2] & 0x02 for answer in answers), "TC"
    assert engine.counters()["limited.dropped"] == engine.counters()["limited.slipped"] == 0


def test_a_signature_that_proves_nothing_exempts_from_nothing(engine: Engine) -> None:
    engine.set_keys([("corp-key.", "hmac-sha256", SECRET)])
    answers, _ = flood(engine, [signed(b"a guess")] * FLOOD)
    assert len(answers) < 0.6 * FLOOD
    assert engine.counters()["limited.dropped"] > 0.4 * FLOOD
