"""Zones given to those who have a key: each message signed, and verified by dnspython and by ourselves."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from understudy.engine import Engine, TsigError, TsigKey, Zone

ORIGIN = "example.com."
NAME = "corp-key."
SECRET = b"a secret that both sides have"
PATIENCE_S = 20.0
NAMES = 6000
ZONE = b"@ 60 SOA ns root 1 7200 3600 1209600 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n" + b"".join(
    b"host%d 60 A 192.0.2.9\n" % number for number in range(NAMES)
)


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone.parse(ORIGIN, ZONE)


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    """Gives the zone, at serial 7, to those who have the key."""
    engine = Engine(["127.0.0.1:0"])
    engine.publish_zone(zone, [])
    engine.set_keys([(NAME, "hmac-sha256", SECRET), ("other-key.", "hmac-sha256", SECRET)])
    engine.commit(engine.prepare(ORIGIN, 7, [], zone))
    engine.set_access(ORIGIN, [], [NAME])
    engine.start()
    yield engine
    engine.stop()


def port_of(engine: Engine) -> int:
    return int(engine.addresses[0].rpartition(":")[2])


def transferred(engine: Engine, key: dns.tsig.Key | None, held: dns.zone.Zone | None = None) -> dns.zone.Zone:
    """What dnspython has after a transfer whose every signature it verified."""
    held = held or dns.zone.Zone(ORIGIN, relativize=False)
    query, _ = dns.xfr.make_query(held)
    if key:
        query.use_tsig(key)
    dns.query.inbound_xfr("127.0.0.1", held, query, port=port_of(engine), timeout=PATIENCE_S)
    return held


def messages_of(engine: Engine, octets: bytes) -> Iterator[bytes]:
    """The messages of a whole zone that come over TCP for this query."""
    with socket.create_connection(("127.0.0.1", port_of(engine)), PATIENCE_S) as client:
        client.sendall(struct.pack("!H", len(octets)) + octets)
        with client.makefile("rb") as stream:
            soas = 0
            while soas < 2:  # the first and the last record
                (length,) = struct.unpack("!H", stream.read(2))
                yield (message := stream.read(length))
                parsed = dns.message.from_wire(message, keyring=False, one_rr_per_rrset=True)
                soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in parsed.answer)


@pytest.mark.parametrize("algorithm", ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_dnspython_verifies_a_transfer_in_many_messages(engine: Engine, algorithm: str) -> None:
    engine.set_keys([(NAME, algorithm, SECRET)])
    held = transferred(engine, dns.tsig.Key(NAME, SECRET, algorithm))
    assert len(held.nodes) == NAMES + 2


def test_what_changed_is_signed_too(engine: Engine) -> None:
    key = dns.tsig.Key(NAME, SECRET, "hmac-sha256")
    held = transferred(engine, key)
    views = [("host1.example.com.", 1, 30, [bytes([192, 0, 2, 77])])]
    engine.commit(engine.prepare(ORIGIN, 8, views))
    held = transferred(engine, key, held)
    assert held.get_soa().serial == 8
    assert str(held.find_rdataset("host1.example.com.", "A")[0]) == "192.0.2.77"
    assert engine.counters()["transfers.ixfr"] == 1


def test_we_verify_what_we_give(engine: Engine) -> None:
    query = dns.message.make_query(ORIGIN, "AXFR").to_wire()
    octets, verifier = TsigKey(NAME, "hmac-sha256", SECRET).sign(query, int(time.time()))
    messages = list(messages_of(engine, octets))
    assert len(messages) > 2
    for message in messages:
        verifier.take(message, int(time.time()))
    verifier.finish()
    octets, verifier = TsigKey(NAME, "hmac-sha256", SECRET).sign(query, int(time.time()))
    first, *_, last = messages_of(engine, octets)
    verifier.take(first, int(time.time()))
    with pytest.raises(TsigError) as raised:
        verifier.take(last, int(time.time()))
    assert raised.value.reason == "badsig"


@pytest.mark.parametrize(
    "key",
    [None, dns.tsig.Key("other-key.", SECRET, "hmac-sha256"), dns.tsig.Key(NAME, b"another", "hmac-sha256")],
)
def test_whoever_has_not_the_key_gets_nothing(engine: Engine, key: dns.tsig.Key | None) -> None:
    with pytest.raises((dns.xfr.TransferError, dns.tsig.PeerBadSignature)):
        transferred(engine, key)
    assert engine.counters()["transfers.axfr"] == 0


def test_a_network_with_a_key_beside_it_asks_for_both(engine: Engine) -> None:
    key = dns.tsig.Key(NAME, SECRET, "hmac-sha256")
    engine.set_access(ORIGIN, [], [], [("127.0.0.0/8", NAME)])
    assert len(transferred(engine, key).nodes) == NAMES + 2
    for other in (None, dns.tsig.Key("other-key.", SECRET, "hmac-sha256")):
        with pytest.raises(dns.xfr.TransferError):
            transferred(engine, other)
    engine.set_access(ORIGIN, [], [], [("192.0.2.0/24", NAME), ("127.0.0.1", "other-key.")])
    with pytest.raises(dns.xfr.TransferError):
        transferred(engine, key)


def test_a_permitted_address_with_a_bad_signature_gets_nothing(engine: Engine) -> None:
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    with pytest.raises(dns.tsig.PeerBadSignature):
        transferred(engine, dns.tsig.Key(NAME, b"another", "hmac-sha256"))
    # With a good one, or none, it does; and the answer to a signed query is signed.
    assert len(transferred(engine, dns.tsig.Key("other-key.", SECRET, "hmac-sha256")).nodes) == NAMES + 2
    assert len(transferred(engine, None).nodes) == NAMES + 2


def test_the_current_serial_over_udp_is_signed(engine: Engine) -> None:
    key = dns.tsig.Key(NAME, SECRET, "hmac-sha256")
    query = dns.message.make_query(ORIGIN, "IXFR")
    query.authority.append(dns.rrset.from_text(ORIGIN, 0, "IN", "SOA", "ns. root. 3 1 1 1 1"))
    query.use_tsig(key)
    response = dns.query.udp(query, "127.0.0.1", PATIENCE_S, port_of(engine))
    assert (response.rcode(), response.had_tsig, len(response.answer)) == (dns.rcode.NOERROR, True, 1)
