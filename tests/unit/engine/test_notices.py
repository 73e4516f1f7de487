"""Primaries that say that a zone has changed (NOTIFY, RFC 1996), and zones from other servers that are not here."""

from __future__ import annotations

import select

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

SECRET = bytes(range(32))
TEXT = b"@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n"
WILD = TEXT + b"* 60 A 192.0.2.1\n"


@pytest.fixture
def engine() -> Engine:
    found = Engine([])
    found.set_keys([("corp-key.", "hmac-sha256", SECRET)])
    found.set_secondaries([("Example.COM.", ["192.0.2.1/32", "2001:db8::1"], ["corp-key."])])
    return found


def notify(origin: str = "example.com", rtype: str = "SOA") -> dns.message.QueryMessage:
    message = dns.message.make_query(origin, rtype, use_edns=0)
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags = dns.flags.AA | (message.flags & 0x7800)
    return message


def say(engine: Engine, message: dns.message.Message, client: str) -> dns.message.Message:
    wire = engine.answer(message.to_wire(), client)
    assert wire is not None
    return dns.message.from_wire(wire, keyring=message.keyring or None, request_mac=message.mac)


def is_readable(engine: Engine) -> bool:
    return bool(select.select([engine.notices_fd()], [], [], 0)[0])


@pytest.mark.parametrize("client", ["192.0.2.1", "2001:db8::1"])
def test_a_primary_is_heard_and_many_notices_are_one(engine: Engine, client: str) -> None:
    """RFC 1996 1.2: the SOA of a zone, whose name may come in any case."""
    assert (engine.take_notices(), is_readable(engine)) == ([], False)
    for origin in ("example.com", "EXAMPLE.com"):
        answer = say(engine, notify(origin), client)
        assert (answer.rcode(), answer.opcode()) == (dns.rcode.NOERROR, dns.opcode.NOTIFY)
        assert answer.flags & dns.flags.AA
        assert answer.question[0].name.to_text() == f"{origin}."
    assert is_readable(engine)
    assert engine.take_notices() == ["example.com."]
    assert (engine.take_notices(), is_readable(engine)) == ([], False)


def test_a_notice_with_the_new_soa_is_heard_too(engine: Engine) -> None:
    message = notify()
    message.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "SOA", "ns. root. 9 2 3 4 5"))
    assert say(engine, message, "192.0.2.1").rcode() == dns.rcode.NOERROR
    assert engine.take_notices() == ["example.com."]


@pytest.mark.parametrize(
    ("message", "client", "rcode", "codes"),
    [
        (notify(), "192.0.2.2", "REFUSED", [18]),
        (notify("www.example.com"), "192.0.2.1", "NOTAUTH", []),
        (notify("example.org"), "192.0.2.1", "NOTAUTH", []),
        (notify(rtype="A"), "192.0.2.1", "FORMERR", []),
        (notify(rtype="AXFR"), "192.0.2.1", "FORMERR", []),
    ],
)
def test_what_nobody_may_say_changes_nothing(
    engine: Engine, message: dns.message.Message, client: str, *, rcode: str, codes: list[int]
) -> None:
    """RFC 1996 3.10: who is no primary of the zone is told so, and nothing happens."""
    answer = say(engine, message, client)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert [int(each.code) for each in answer.options if isinstance(each, dns.edns.EDEOption)] == codes
    assert (engine.take_notices(), is_readable(engine)) == ([], False)


def test_a_key_counts_from_anywhere_and_a_wrong_secret_nowhere(engine: Engine) -> None:
    good, bad = notify(), notify()
    good.use_tsig(dns.tsig.Key("corp-key.", SECRET, dns.tsig.HMAC_SHA256))
    bad.use_tsig(dns.tsig.Key("corp-key.", SECRET[::-1], dns.tsig.HMAC_SHA256))
    with pytest.raises(dns.tsig.PeerBadSignature):
        say(engine, bad, "192.0.2.1")
    assert engine.take_notices() == []
    answer = say(engine, good, "203.0.113.9")
    assert (answer.rcode(), answer.had_tsig) == (dns.rcode.NOERROR, True)
    assert engine.take_notices() == ["example.com."]


def test_a_zone_that_should_be_here_fails_until_it_is(engine: Engine) -> None:
    def ask(name: str) -> tuple[str, list[int]]:
        answer = say(engine, dns.message.make_query(name, "A", use_edns=0), "203.0.113.1")
        codes = [int(each.code) for each in answer.options if isinstance(each, dns.edns.EDEOption)]
        return dns.rcode.to_text(answer.rcode()), codes

    missing = ("SERVFAIL", [24])
    assert [ask("www.example.com"), ask("example.com"), ask("com")] == [missing, missing, ("REFUSED", [20])]
    engine.publish_zone(Zone.parse("com.", WILD), [])
    assert [ask("www.example.com"), ask("example.com"), ask("a.com")] == [missing, missing, ("NOERROR", [])]
    engine.publish_zone(Zone.parse("example.com.", TEXT), [])
    assert [ask("ns.example.com"), ask("x.example.com")] == [("NOERROR", []), ("NXDOMAIN", [])]
    engine.withdraw_zone("example.com.")
    assert ask("ns.example.com") == missing
    engine.set_secondaries([])
    assert ask("ns.example.com") == ("NOERROR", [])  # the wildcard above
    engine.withdraw_zone("com.")
    assert ask("ns.example.com") == ("REFUSED", [20])


@pytest.mark.parametrize("zones", [[("example.com.", ["all"], [])], [("a..b", [], [])], [("a.", [], ["a..b"])]])
def test_what_is_no_network_or_name_changes_nothing(
    engine: Engine, zones: list[tuple[str, list[str], list[str]]]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        engine.set_secondaries(zones)
    assert say(engine, notify(), "192.0.2.1").rcode() == dns.rcode.NOERROR


def test_notices_over_both_transports_are_counted() -> None:
    engine = Engine(["127.0.0.1:0"])
    engine.set_secondaries([("example.com.", ["127.0.0.1"], [])])
    engine.start()
    port = int(engine.addresses[0].rpartition(":")[2])
    for ask in (dns.query.udp, dns.query.tcp):
        assert ask(notify(), "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.NOERROR
        assert ask(notify("example.org"), "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.NOTAUTH
    counters = engine.counters()
    engine.stop()
    assert (counters["notify.heard"], counters["notify.refused"], counters["transfers.refused"]) == (2, 2, 0)
    assert engine.take_notices() == ["example.com."]


PARENT = (
    b"""@ 60 SOA ns hostmaster 1 2 3 4 5
@ 60 NS ns
ns 60 A 192.0.2.53
example 60 NS ns.example
example 60 DS 1 8 2 """
    + b"00" * 32
    + b"""
deep.example 60 DS 2 8 2 """
    + b"00" * 32
    + b"\n"
)


def test_the_ds_of_a_zone_that_is_not_here_comes_from_its_parent() -> None:
    found = Engine([])
    found.set_secondaries([(origin, ["192.0.2.1"], []) for origin in ("example.com.", "deep.example.com.")])
    found.publish_zone(Zone.parse("com.", PARENT), [])

    def ask(name: str, rtype: str) -> tuple[str, bool, int]:
        answer = say(found, dns.message.make_query(name, rtype), "203.0.113.1")
        return dns.rcode.to_text(answer.rcode()), bool(answer.flags & dns.flags.AA), len(answer.answer)

    assert ask("example.com", "DS") == ("NOERROR", True, 1)
    assert ask("example.com", "A") == ("SERVFAIL", False, 0)
    assert ask("below.example.com", "DS") == ("SERVFAIL", False, 0)
    assert ask("deep.example.com", "DS") == ("SERVFAIL", False, 0)  # example.com has it
