"""Signatures by TSIG, held against dnspython's and against the digests of RFC 8945 written out by hand."""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
import time
from collections.abc import Sequence

import dns.message
import dns.name
import dns.rcode
import dns.tsig
import pytest

from understudy.engine import Engine, TsigError, TsigKey, TsigVerifier, Zone

SECRET = b"a secret that both sides have"
NAME = "transfer.example.org."
ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
PATIENCE_S = 20.0
FUDGE_S = 300
MAC_OCTETS = 32

QUERY = dns.message.make_query("www.example.com.", "A").to_wire()
ANSWER = dns.message.make_response(dns.message.from_wire(QUERY)).to_wire()


def now_s() -> int:
    return int(time.time())


def theirs(algorithm: str = "hmac-sha256", name: str = NAME, secret: bytes = SECRET) -> dns.tsig.Key:
    return dns.tsig.Key(name, secret, algorithm)


def ours(algorithm: str = "hmac-sha256") -> TsigKey:
    return TsigKey(NAME, algorithm, SECRET)


@pytest.fixture
def engine(zone: Zone) -> Engine:
    engine = Engine([])
    engine.publish_zone(zone, [])
    engine.set_keys([(NAME, "hmac-sha256", SECRET)])
    return engine


def ask(engine: Engine, key: dns.tsig.Key, rtype: str = "A") -> dns.message.Message:
    """The answer as dnspython takes it: it raises where the signature is not what it has to be."""
    query = dns.message.make_query("www.example.com.", rtype)
    query.use_tsig(key)
    answer = engine.answer(query.to_wire(), transport="tcp")
    assert answer is not None
    return dns.message.from_wire(answer, keyring=key, request_mac=query.mac)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_dnspython_verifies_answers_to_its_questions(engine: Engine, algorithm: str) -> None:
    engine.set_keys([("another.", "hmac-sha512", b"x"), (NAME, algorithm, SECRET)])
    answer = ask(engine, theirs(algorithm))
    assert (answer.rcode(), len(answer.answer), answer.had_tsig) == (dns.rcode.NOERROR, 1, True)
    assert ask(engine, theirs(algorithm), "AXFR").rcode() == dns.rcode.REFUSED


def test_the_case_of_a_keys_name_means_nothing(engine: Engine) -> None:
    assert ask(engine, theirs(name="TRANSFER.Example.org.")).rcode() == dns.rcode.NOERROR


def test_keys_are_replaced_as_a_whole(engine: Engine) -> None:
    with pytest.raises(ValueError, match="hmac-md5"):
        engine.set_keys([("new.", "hmac-sha256", b"x"), ("old.", "hmac-md5", b"x")])
    with pytest.raises(ValueError, match="secret of a key is empty"):
        engine.set_keys([("new.", "hmac-sha256", b"")])
    assert ask(engine, theirs()).rcode() == dns.rcode.NOERROR
    engine.set_keys([("new.", "hmac-sha256", b"x")])
    with pytest.raises(dns.tsig.PeerBadKey):
        ask(engine, theirs())
    assert ask(engine, theirs(name="new.", secret=b"x")).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (theirs(name="stranger."), dns.tsig.PeerBadKey),
        (theirs("hmac-sha512"), dns.tsig.PeerBadKey),
        (theirs(secret=b"another secret"), dns.tsig.PeerBadSignature),
    ],
)
def test_dnspython_reads_what_is_wrong_with_its_signature(
    engine: Engine, key: dns.tsig.Key, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(engine, key)


def test_signatures_are_counted_by_what_they_are_worth(zone: Zone) -> None:
    engine = Engine(["127.0.0.1:0"])
    engine.publish_zone(zone, [])
    engine.set_keys([(NAME, "hmac-sha256", SECRET)])
    engine.start()
    host, _, port = engine.addresses[0].rpartition(":")
    for key in (theirs(), theirs(secret=b"another"), theirs(name="stranger.")):
        query = dns.message.make_query("www.example.com.", "A")
        query.use_tsig(key)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE_S)
            client.sendto(query.to_wire(), (host, int(port)))
            client.recv(4096)
    assert engine.stop(PATIENCE_S)
    counted = {name: count for name, count in engine.counters().items() if name.startswith("tsig.")}
    expected = {"valid": 1, "badsig": 1, "badkey": 1, "badtime": 0, "badtrunc": 0}
    assert counted == {f"tsig.{name}": count for name, count in expected.items()}


# What follows signs and verifies with nothing but the standard library.


def timers(signed_s: int) -> bytes:
    return struct.pack("!HIH", signed_s >> 32, signed_s & 0xFFFFFFFF, FUDGE_S)


def mac_of(parts: Sequence[bytes], prior: bytes | None = None) -> bytes:
    # An answer's covers the MAC before (RFC 8945 section 4.3.1).
    before = b"" if prior is None else struct.pack("!H", len(prior)) + prior
    return hmac.new(SECRET, before + b"".join(parts), hashlib.sha256).digest()


def variables(signed_s: int, error: int = 0, other: bytes = b"") -> bytes:
    """RFC 8945 section 4.3.3 for the key of this module."""
    algorithm = b"\x0bhmac-sha256\0"
    head = dns.name.from_text(NAME).to_digestable() + b"\0\xff\0\0\0\0" + algorithm
    return head + timers(signed_s) + struct.pack("!HH", error, len(other)) + other


def with_record(message: bytes, signed_s: int, mac: bytes, *, error: int = 0, other: bytes = b"") -> bytes:
    """The message with a TSIG record behind it."""
    tail = message[:2] + struct.pack("!HH", error, len(other)) + other
    rdata = b"\x0bhmac-sha256\0" + timers(signed_s) + struct.pack("!H", len(mac)) + mac + tail
    owner = dns.name.from_text(NAME).to_wire() or b""
    record = owner + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
    (count,) = struct.unpack_from("!H", message, 10)
    return message[:10] + struct.pack("!H", count + 1) + message[12:] + record


def by_hand(message: bytes, signed_s: int, prior: bytes | None = None, octets: int = MAC_OCTETS) -> tuple[bytes, bytes]:
    """The message signed, and the MAC, cut to so many octets."""
    mac = mac_of([message, variables(signed_s)], prior)[:octets]
    return with_record(message, signed_s, mac), mac


@pytest.mark.parametrize("late_s", [-FUDGE_S - 60, FUDGE_S + 60])
def test_a_clock_that_differs_is_told_with_a_signature(engine: Engine, late_s: int) -> None:
    asked_s = now_s() + late_s
    message, request_mac = by_hand(QUERY, asked_s)
    before_s = now_s()
    answer = engine.answer(message)
    assert answer is not None
    assert dns.message.from_wire(answer, keyring=False).rcode() == dns.rcode.NOTAUTH
    told_s = int.from_bytes(answer[-6:], "big")
    assert before_s <= told_s <= now_s()
    plain = QUERY[:2] + b"\x81\x09" + QUERY[4:]  # QR, RD as it came, NOTAUTH
    mac = mac_of([plain, variables(asked_s, 18, answer[-6:])], request_mac)
    assert answer == with_record(plain, asked_s, mac, error=18, other=answer[-6:])


def test_a_cut_mac_is_told_with_a_signature(engine: Engine) -> None:
    message, request_mac = by_hand(QUERY, now_s(), octets=16)
    answer = engine.answer(message)
    assert answer is not None
    plain = QUERY[:2] + b"\x81\x09" + QUERY[4:]
    signed_s = int.from_bytes(answer[-6 - MAC_OCTETS - 10 : -6 - MAC_OCTETS - 4], "big")
    mac = mac_of([plain, variables(signed_s, 22)], request_mac)
    assert answer == with_record(plain, signed_s, mac, error=22)
    assert dns.message.from_wire(answer, keyring=False).rcode() == dns.rcode.NOTAUTH


def test_a_mac_cut_too_short_makes_no_sense(engine: Engine) -> None:
    answer = engine.answer(by_hand(QUERY, now_s(), octets=15)[0])
    assert answer is not None
    parsed = dns.message.from_wire(answer, keyring=False)
    assert (parsed.rcode(), parsed.had_tsig) == (dns.rcode.FORMERR, False)


# The side of a client: what a secondary asks and what a notifier sends.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_dnspython_and_we_verify_each_other(algorithm: str) -> None:
    octets, verifier = ours(algorithm).sign(QUERY, now_s())
    key = theirs(algorithm)
    request = dns.message.from_wire(octets, keyring=key)
    assert request.had_tsig
    response = dns.message.make_response(request)
    verifier.take(response.to_wire(), now_s())
    verifier.finish()


def test_a_request_is_the_same_as_by_hand() -> None:
    octets, _ = ours().sign(QUERY, 1_795_348_800)
    assert octets == by_hand(QUERY, 1_795_348_800)[0]


def verifier_and_mac(at_s: int) -> tuple[TsigVerifier, bytes]:
    """What verifies the answer to a request, and the request's MAC."""
    octets, verifier = ours().sign(QUERY, at_s)
    return verifier, octets[-6 - MAC_OCTETS : -6]


def test_messages_between_two_signatures_are_proven_by_the_second() -> None:
    at_s = now_s()
    verifier, request_mac = verifier_and_mac(at_s)
    first, mac = by_hand(ANSWER, at_s, request_mac)
    last_mac = mac_of([ANSWER, ANSWER, ANSWER, timers(at_s + 1)], mac)
    last = with_record(ANSWER, at_s + 1, last_mac)
    for message in (first, ANSWER, ANSWER):
        verifier.take(message, at_s)
    with pytest.raises(TsigError, match="not signed"):
        verifier.finish()
    verifier.take(last, at_s)
    verifier.finish()


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_a_message_that_is_missing_shows(left_out: int) -> None:
    at_s = now_s()
    verifier, request_mac = verifier_and_mac(at_s)
    first, mac = by_hand(ANSWER, at_s, request_mac)
    last = with_record(ANSWER, at_s, mac_of([ANSWER, ANSWER, timers(at_s)], mac))
    messages = [first, ANSWER, last]
    del messages[left_out]

    def take_all() -> None:
        for message in messages:
            verifier.take(message, at_s)
        verifier.finish()

    with pytest.raises(TsigError) as raised:
        take_all()
    assert raised.value.reason == ("badsig" if left_out == 1 else "unsigned")


def test_a_long_answer_of_dnspython_is_verified() -> None:
    octets, verifier = ours().sign(QUERY, now_s())
    request = dns.message.from_wire(octets, keyring=theirs())
    context = None
    for _ in range(20):
        response = dns.message.make_response(request)
        verifier.take(response.to_wire(multi=True, tsig_ctx=context), now_s())
        context = response.tsig_ctx
    verifier.finish()


@pytest.mark.parametrize(
    ("key", "late_s", "told"),
    [
        (TsigKey("stranger.", "hmac-sha256", SECRET), 0, 17),
        (TsigKey(NAME, "hmac-sha256", b"another"), 0, 16),
        (TsigKey(NAME, "hmac-sha256", SECRET), 1000, 18),
    ],
)
def test_what_a_server_tells_is_raised(engine: Engine, key: TsigKey, late_s: int, told: int) -> None:
    octets, verifier = key.sign(QUERY, now_s() + late_s)
    answer = engine.answer(octets)
    assert answer is not None
    with pytest.raises(TsigError) as raised:
        verifier.take(answer, now_s())
    assert (raised.value.reason, raised.value.told) == ("told", told)


def test_an_answer_that_was_changed_or_is_old_is_not_taken(engine: Engine) -> None:
    octets, verifier = ours().sign(QUERY, now_s())
    answer = engine.answer(octets)
    assert answer is not None
    changed = answer.replace(b"\xc0\x00\x02\x0a", b"\xc0\x00\x02\x63")
    assert changed != answer
    cases = {changed: "badsig", answer[:-1]: "malformed", ANSWER: "unsigned"}
    for message, reason in cases.items():
        with pytest.raises(TsigError) as raised:
            verifier.take(message, now_s())
        assert (raised.value.reason, raised.value.told) == (reason, None)
    with pytest.raises(TsigError) as raised:
        verifier.take(answer, now_s() + FUDGE_S + 60)
    assert raised.value.reason == "badtime"
    verifier.take(answer, now_s())
    verifier.finish()


def test_a_key_shows_no_secret() -> None:
    key = TsigKey("Corp.Key.", "HMAC-SHA256", SECRET)
    assert key.name == "corp.key."
    assert repr(key) == "TsigKey(corp.key., HmacSha256)"
    with pytest.raises(ValueError, match="no message"):
        key.sign(b"short", now_s())
    with pytest.raises(ValueError, match="no message"):
        key.sign(bytes(65_500), now_s())
