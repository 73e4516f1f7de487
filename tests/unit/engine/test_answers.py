"""Publication, and answers without a socket."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import pytest

from understudy.engine import Engine, Zone, ZoneNotFoundError

Ask = Callable[..., dns.message.Message]

A, CNAME = 1, 5


def texts(message: dns.message.Message) -> list[str]:
    """The rdata of the answer section, in order."""
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


def octets(address: str) -> bytes:
    """The rdata of an A or AAAA record."""
    return ip_address(address).packed


@pytest.fixture
def silent_engine(zone: Zone) -> Engine:
    """An engine without addresses: it answers when asked directly."""
    engine = Engine([])
    engine.publish_zone(zone, [])
    return engine


def test_no_zone_means_refused(ask_directly: Ask) -> None:
    assert ask_directly(Engine([]), "www.example.com.").rcode() == dns.rcode.REFUSED


def test_a_published_zone_is_answered_from(silent_engine: Engine, ask_directly: Ask) -> None:
    response = ask_directly(silent_engine, "www.example.com.")
    assert texts(response) == ["192.0.2.10", "192.0.2.11"]
    assert response.flags & dns.flags.AA
    assert silent_engine.zones() == [("example.com.", 2026112201, 1)]


def test_a_steered_set_answers_until_it_is_removed(silent_engine: Engine, ask_directly: Ask) -> None:
    origin = "example.com."
    silent_engine.publish(origin, [("www.example.com.", A, "answer", 30, None, "one", [(1, [octets("192.0.2.99")])])])
    assert texts(ask_directly(silent_engine, "www.example.com.")) == ["192.0.2.99"]
    silent_engine.publish(origin, [("www.example.com.", A, "remove", 0, None, "one", [])])
    assert texts(ask_directly(silent_engine, "www.example.com.")) == ["192.0.2.10", "192.0.2.11"]
    assert silent_engine.zones() == [(origin, 2026112201, 3)]


def test_a_zone_replaces_what_was_steered_before(silent_engine: Engine, zone: Zone, ask_directly: Ask) -> None:
    steered = [("www.example.com.", A, "answer", 30, None, "one", [(1, [octets("192.0.2.99")])])]
    silent_engine.publish_zone(zone, steered)  # type: ignore[arg-type]  # built loosely; the module itself judges
    assert texts(ask_directly(silent_engine, "www.example.com.")) == ["192.0.2.99"]
    silent_engine.publish_zone(zone, [])
    assert texts(ask_directly(silent_engine, "www.example.com.")) == ["192.0.2.10", "192.0.2.11"]


def test_a_ttl_counts_down_to_what_is_due(silent_engine: Engine, ask_directly: Ask) -> None:
    now = time.monotonic()
    change = ("www.example.com.", A, "answer", 30, now + 20.5, "one", [(1, [octets("192.0.2.99")])])
    silent_engine.publish("example.com.", [change])  # type: ignore[list-item]  # built loosely; the module itself judges
    ttls = [ask_directly(silent_engine, "www.example.com.", now=now + later).answer[0].ttl for later in (0, 10, 20, 99)]
    assert ttls == [20, 10, 0, 0]


def test_nodata_and_servfail_are_what_they_say(silent_engine: Engine, ask_directly: Ask) -> None:
    silent_engine.publish(
        "example.com.",
        [
            ("www.example.com.", A, "nodata", 30, None, "one", []),
            ("fail.example.com.", A, "servfail", 30, None, "one", []),
        ],
    )
    nodata = ask_directly(silent_engine, "www.example.com.")
    assert (nodata.rcode(), nodata.answer, nodata.authority[0].ttl) == (dns.rcode.NOERROR, [], 30)
    assert ask_directly(silent_engine, "fail.example.com.").rcode() == dns.rcode.SERVFAIL


def test_chance_follows_the_weights(silent_engine: Engine, ask_directly: Ask) -> None:
    variants = [(3, [octets("192.0.2.1")]), (1, [octets("192.0.2.2")]), (0, [octets("192.0.2.3")])]
    silent_engine.publish("example.com.", [("www.example.com.", A, "answer", 30, None, "chance", variants)])
    seen = Counter(texts(ask_directly(silent_engine, "www.example.com."))[0] for _ in range(4000))
    assert set(seen) == {"192.0.2.1", "192.0.2.2"}
    # Ten standard deviations: a fair 3 to 1 misses this once in 10^23 runs.
    assert 2726 < seen["192.0.2.1"] < 3274


def test_rotation_keeps_the_records_and_turns_their_order(silent_engine: Engine, ask_directly: Ask) -> None:
    addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    variant = (1, [octets(address) for address in addresses])
    silent_engine.publish("example.com.", [("www.example.com.", A, "answer", 30, None, "rotate", [variant])])
    seen = {tuple(texts(ask_directly(silent_engine, "www.example.com."))) for _ in range(200)}
    assert seen == {tuple(addresses[turn:] + addresses[:turn]) for turn in range(3)}


def test_a_withdrawn_zone_is_refused(silent_engine: Engine, ask_directly: Ask) -> None:
    silent_engine.withdraw_zone("EXAMPLE.com")
    assert silent_engine.zones() == []
    assert ask_directly(silent_engine, "www.example.com.").rcode() == dns.rcode.REFUSED


def test_the_longest_zone_answers(silent_engine: Engine, ask_directly: Ask) -> None:
    below = Zone.parse("sub.example.com.", b"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\nwww 60 A 192.0.2.77\n")
    assert texts(ask_directly(silent_engine, "www.sub.example.com.")) == []
    silent_engine.publish_zone(below, [])
    assert texts(ask_directly(silent_engine, "www.sub.example.com.")) == ["192.0.2.77"]
    assert [origin for origin, _, _ in silent_engine.zones()] == ["example.com.", "sub.example.com."]


def test_silence_is_none(silent_engine: Engine) -> None:
    assert silent_engine.answer(b"") is None
    assert silent_engine.answer(b"\x00" * 11) is None
    response = dns.message.make_response(dns.message.make_query("www.example.com.", "A"))
    assert silent_engine.answer(response.to_wire()) is None


def test_asking_directly_is_not_counted(silent_engine: Engine, ask_directly: Ask) -> None:
    before = silent_engine.counters()
    ask_directly(silent_engine, "www.example.com.")
    assert silent_engine.counters() == before


def test_udp_is_truncated_and_tcp_is_not(silent_engine: Engine, ask_directly: Ask) -> None:
    texts = b"".join(b'big TXT "%s"\n' % (letter * 250) for letter in (b"a", b"b", b"c", b"d", b"e", b"f"))
    zone = Zone.parse("example.org.", b"$TTL 60\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n" + texts)
    silent_engine.publish_zone(zone, [])
    assert ask_directly(silent_engine, "big.example.org.", "TXT").flags & dns.flags.TC
    whole = ask_directly(silent_engine, "big.example.org.", "TXT", transport="tcp")
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 6


@pytest.mark.parametrize("origin", ["example.net.", "www.example.com.", "com."])
def test_an_unknown_zone_cannot_be_changed(silent_engine: Engine, origin: str) -> None:
    with pytest.raises(ZoneNotFoundError, match=origin):
        silent_engine.publish(origin, [])
    with pytest.raises(ZoneNotFoundError, match=origin):
        silent_engine.withdraw_zone(origin)


@pytest.mark.parametrize(
    ("steered", "said"),
    [
        (("www.example.net.", A, "answer", 30, None, "one", [(1, [b"\xc0\0\2\1"])]), "not in the zone"),
        (("www.example.com.", A, "answer", 30, None, "one", [(1, [b"\xc0\0\2"])]), "rdata"),
        (("www.example.com.", CNAME, "answer", 30, None, "one", [(1, [b"\x03www"])]), "rdata"),
        (("www.example.com.", 255, "answer", 30, None, "one", [(1, [b""])]), "ANY"),
        (("www.example.com.", A, "answer", 30, None, "one", []), "needs records"),
        (("www.example.com.", A, "nodata", 30, None, "one", [(1, [b"\xc0\0\2\1"])]), "needs records"),
        (("www.example.com.", A, "perhaps", 30, None, "one", []), "perhaps"),
        (("www.example.com.", A, "answer", 30, None, "best", []), "best"),
        (("www.example.com.", A, "answer", 1 << 31, None, "one", []), "ttl"),
        (("www.example.com.", A, "answer", 30, float("nan"), "one", []), "monotonic"),
        (("www.example.com.", A, "answer", 30, -1.0, "one", []), "monotonic"),
        (("a..example.com.", A, "answer", 30, None, "one", []), "domain name"),
    ],
)
def test_an_impossible_change_is_a_value_error_and_changes_nothing(
    silent_engine: Engine, zone: Zone, steered: tuple[object, ...], said: str
) -> None:
    good = ("www.example.com.", A, "answer", 30, None, "one", [(1, [b"\xc0\0\2\x63"])])
    with pytest.raises(ValueError, match=said):
        silent_engine.publish("example.com.", [good, steered])  # type: ignore[list-item]  # built loosely; the module itself judges
    with pytest.raises(ValueError, match=said):
        silent_engine.publish_zone(zone, [good, steered])  # type: ignore[list-item]  # built loosely; the module itself judges
    query = dns.message.make_query("www.example.com.", "A").to_wire()
    assert texts(dns.message.from_wire(silent_engine.answer(query) or b"")) == ["192.0.2.10", "192.0.2.11"]
    assert silent_engine.zones() == [("example.com.", 2026112201, 1)]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"client": "nobody"}, "nobody"), ({"transport": "pigeon"}, "pigeon"), ({"now": -1.0}, "monotonic")],
)
def test_an_impossible_question_is_a_value_error(
    silent_engine: Engine, ask_directly: Ask, options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        ask_directly(silent_engine, "www.example.com.", **options)
