"""DNS cookies and the options beside them, as the boundary gives them."""

from __future__ import annotations

import dns.edns
import dns.message
import dns.rcode
import pytest

from understudy.engine import Engine, Zone

SECRET, OTHER = bytes(range(16)), b"\xff" * 16
CLIENT = bytes(range(1, 9))


@pytest.fixture
def engine(zone: Zone) -> Engine:
    engine = Engine([], cookie_secrets=[SECRET], udp_size_without_cookie=512)
    engine.publish_zone(zone, [])
    return engine


def ask(engine: Engine, cookie: bytes, client: str = "192.0.2.1") -> dns.message.Message:
    option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    query = dns.message.make_query("www.example.com.", "A", use_edns=0, options=[option])
    answer = engine.answer(query.to_wire(), client)
    assert answer is not None
    return dns.message.from_wire(answer)


def cookie_in(message: dns.message.Message) -> bytes:
    """The octets of its one cookie option."""
    (option,) = message.options
    assert option.otype == dns.edns.OptionType.COOKIE
    return option.to_wire() or b""


def test_a_cookie_is_given_and_taken_back(engine: Engine) -> None:
    given = cookie_in(ask(engine, CLIENT))
    assert (given[:8], len(given)) == (CLIENT, 24)
    assert cookie_in(ask(engine, given)) == given
    assert cookie_in(ask(engine, given, "192.0.2.2")) != given


def test_a_malformed_cookie_is_the_clients_fault(engine: Engine) -> None:
    answer = ask(engine, b"\1")
    assert (answer.rcode(), answer.options) == (dns.rcode.FORMERR, ())


def test_an_engine_without_secrets_has_no_cookies(zone: Zone) -> None:
    engine = Engine([])
    engine.publish_zone(zone, [])
    engine.set_cookie_secrets([SECRET])
    assert ask(engine, CLIENT).options == ()


def test_a_secret_is_changed_while_cookies_made_with_it_are_out(engine: Engine) -> None:
    old = cookie_in(ask(engine, CLIENT))
    engine.set_cookie_secrets([OTHER, SECRET])
    new = cookie_in(ask(engine, old))
    assert new != old
    engine.set_cookie_secrets([OTHER])
    assert cookie_in(ask(engine, new)) == new
    for secrets in ([], [b"short"], [SECRET, SECRET, SECRET]):
        with pytest.raises(ValueError, match="secret"):
            engine.set_cookie_secrets(secrets)
    assert cookie_in(ask(engine, new)) == new


def test_the_sizes_are_those_of_the_settings(zone: Zone) -> None:
    long = b"\n".join([b"long 300 TXT " + b"x" * 200 + bytes(str(number), "ascii") for number in range(3)])
    zone = Zone.parse("example.com.", b"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n" + long + b"\n")
    engine = Engine([], cookie_secrets=[SECRET], udp_size=900, udp_size_without_cookie=600)
    engine.publish_zone(zone, [])

    def length(size: int, cookie: bytes) -> int:
        option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
        query = dns.message.make_query("long.example.com.", "TXT", use_edns=0, payload=size, options=[option])
        answer = engine.answer(query.to_wire(), "192.0.2.1")
        return len(answer or b"")

    good = cookie_in(ask(engine, CLIENT))
    assert length(1232, CLIENT) < 600
    assert 600 < length(1232, good) <= 900
    assert length(512, good) <= 512


def test_rotation_and_minimal_answers_are_switched_by_the_settings() -> None:
    text = b"@ 60 SOA ns root. 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nns 60 A 192.0.2.2\n@ 60 MX 1 ns\n"
    plain, other = Engine([]), Engine([], rotate=True, minimal_responses=True)
    for engine in (plain, other):
        engine.publish_zone(Zone.parse("example.com.", text), [])

    def ask(engine: Engine, name: str, rtype: str) -> dns.message.Message:
        answer = engine.answer(dns.message.make_query(name, rtype).to_wire())
        assert answer is not None
        return dns.message.from_wire(answer)

    firsts = {str(ask(other, "ns.example.com.", "A").answer[0][0]) for _ in range(64)}
    assert firsts == {"192.0.2.1", "192.0.2.2"}
    assert {str(ask(plain, "ns.example.com.", "A").answer[0][0]) for _ in range(64)} == {"192.0.2.1"}
    assert ask(plain, "example.com.", "MX").additional
    assert not ask(other, "example.com.", "MX").additional
