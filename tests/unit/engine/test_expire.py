"""For how long a zone is answered where no primary is heard: told to whoever asks.

RFC 7314 2 and RFC 7314 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import dns.edns
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from understudy.engine import Engine, Incoming, Zone

ORIGIN = "example.com."
WHOLE_S = 1_209_600
SOA = f"ns.{ORIGIN} hostmaster.{ORIGIN} 7 7200 3600 {WHOLE_S} 60"
EXPIRE = dns.edns.OptionType.make(9)
ZONE = Zone.parse(ORIGIN, b"@ 60 SOA ns hostmaster 7 7200 3600 1209600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n")


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine([])
    engine.publish_zone(ZONE, [])
    engine.commit(engine.prepare(ORIGIN, 7, [], ZONE))
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    yield engine
    engine.stop()


def told(
    engine: Engine,
    rtype: str = "SOA",
    *,
    name: str = ORIGIN,
    asks: bool = True,
    transport: Literal["udp", "tcp"] = "udp",
    now: float = 1000.0,
) -> int | None:
    """What the answer says of it; None: nothing."""
    query = dns.message.make_query(name, rtype)
    query.use_edns(0, options=[dns.edns.GenericOption(EXPIRE, b"")] if asks else [])
    if rtype == "IXFR":
        soa = dns.rrset.from_text(ORIGIN, 60, "IN", "SOA", SOA)
        query.authority.append(soa)
    wire = engine.answer(query.to_wire(), transport=transport, now=now)
    assert wire is not None
    # Of a transfer only the first message is here, which is all of this one.
    response = dns.message.from_wire(wire)
    octets = [each.to_wire() or b"" for each in response.options if each.otype == EXPIRE]
    assert len(octets) < 2
    assert all(len(each) == 4 for each in octets)
    return int.from_bytes(octets[0]) if octets else None


def test_a_primary_tells_what_its_soa_says(engine: Engine) -> None:
    assert told(engine) == WHOLE_S
    assert told(engine, name="EXAMPLE.com.") == WHOLE_S
    assert told(engine, transport="tcp") == WHOLE_S
    assert told(engine, "IXFR") == WHOLE_S
    assert told(engine, "AXFR", transport="tcp") == WHOLE_S


def test_who_does_not_ask_or_asks_for_anything_else_is_told_nothing(engine: Engine) -> None:
    assert told(engine, asks=False) is None
    assert told(engine, "AXFR", transport="tcp", asks=False) is None
    assert told(engine, "NS") is None
    assert told(engine, name="ns.example.com.") is None
    assert told(engine, name="example.net.") is None
    engine.set_access(ORIGIN, [], [])
    assert told(engine, "AXFR", transport="tcp") is None


def test_a_secondary_tells_what_is_left_and_never_more_than_the_soa_says(engine: Engine) -> None:
    engine.set_secondaries([(ORIGIN, ["192.0.2.1"], [])])
    assert told(engine) is None  # nobody knows
    engine.set_expiry([(ORIGIN, 1300.5), ("example.net.", 1.0)])
    assert told(engine, now=1000.0) == 300
    assert told(engine, "AXFR", transport="tcp", now=1000.0) == 300
    assert told(engine, "IXFR", now=1300.0) == 0
    assert told(engine, now=1400.0) == 0
    engine.set_expiry([(ORIGIN, 1000.0 + 2 * WHOLE_S)])
    assert told(engine) == WHOLE_S
    engine.set_expiry([(ORIGIN, 0.0)])
    assert told(engine) == 0


def test_a_secondary_that_was_promoted_tells_what_a_primary_does(engine: Engine) -> None:
    engine.set_secondaries([(ORIGIN, ["192.0.2.1"], [])])
    engine.set_expiry([(ORIGIN, 1300.0)])
    engine.set_expiry([(ORIGIN, None)])
    assert told(engine) == WHOLE_S


def test_what_is_left_stays_known_while_other_zones_come_and_versions_change(engine: Engine) -> None:
    engine.set_secondaries([(ORIGIN, ["192.0.2.1"], [])])
    engine.set_expiry([(ORIGIN, 1300.0)])
    engine.set_secondaries([("example.net.", ["192.0.2.1"], []), (ORIGIN, ["192.0.2.2"], [])])
    engine.withdraw_zone(ORIGIN)
    assert told(engine) is None
    engine.publish_zone(ZONE, [])
    assert told(engine) == 300
    engine.set_secondaries([])
    assert told(engine) == WHOLE_S
    engine.set_secondaries([(ORIGIN, ["192.0.2.1"], [])])
    assert told(engine) is None


@pytest.mark.parametrize("instant", [-1.0, float("nan"), float("inf")])
def test_what_is_no_instant_changes_nothing(engine: Engine, instant: float) -> None:
    engine.set_secondaries([(ORIGIN, ["192.0.2.1"], [])])
    with pytest.raises(ValueError, match="monotonic"):
        engine.set_expiry([(ORIGIN, 1300.0), (ORIGIN, instant)])
    with pytest.raises(ValueError, match="name"):
        engine.set_expiry([("a..b", 1300.0)])
    assert told(engine) is None


def test_the_option_goes_beside_a_cookie() -> None:
    query = dns.message.make_query(ORIGIN, "SOA")
    options = [dns.edns.CookieOption(b"8 octets", b""), dns.edns.GenericOption(EXPIRE, b"")]
    query.use_edns(0, options=options)
    engine = Engine([], cookie_secrets=[bytes(16)])
    engine.publish_zone(ZONE, [])
    wire = engine.answer(query.to_wire())
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert sorted(each.otype for each in response.options) == [9, 10]
    assert [each.rdtype for each in response.answer] == [dns.rdatatype.SOA]


@pytest.mark.parametrize(
    ("options", "expire_s"),
    [
        ([b"\x00\x01\x51\x80"], 86400),
        ([], None),
        ([b""], None),
        ([b"\x01"], None),
        ([b"\0\0\0\x05\0"], None),
        ([b"\0\0\0\x05", b"\0\0\0\x06"], 5),
    ],
)
def test_a_version_that_comes_knows_what_its_server_said(options: list[bytes], expire_s: int | None) -> None:
    query = dns.message.make_query(ORIGIN, "AXFR", id=7)
    incoming = Incoming(ORIGIN, 7, limit_octets=1 << 20)
    ended = False
    for part in _messages(query, options):
        ended = incoming.feed(part)
    zone = incoming.finish()
    assert ended
    assert zone is not None
    assert zone.expire_s == expire_s
    assert ZONE.expire_s is None


def _messages(query: dns.message.Message, options: list[bytes]) -> Iterator[bytes]:
    """The zone in two messages, of which the second says something else; RFC 5936 has OPT in the first."""
    soa = dns.rrset.from_text(ORIGIN, 60, "IN", "SOA", SOA)
    ns = dns.rrset.from_text(ORIGIN, 60, "IN", "NS", "ns.example.net.")
    for answer, told_s in (([soa, ns], options), ([soa], [b"\0\0\0\x01"])):
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer = answer
        response.use_edns(0, options=[dns.edns.GenericOption(EXPIRE, each) for each in told_s])
        yield response.to_wire()
