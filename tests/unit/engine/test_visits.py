"""The engine says who was sent which zone, once it was sent."""

from __future__ import annotations

import select
from collections.abc import Iterator

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rrset
import dns.zone
import pytest

from understudy.engine import Engine, Zone

ORIGIN = "example.com."
PATIENCE_S = 20.0


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    """Serves the zone at serial 8 with a history, and gives it to 127.0.0.1 and 192.0.2.54."""
    engine = Engine(["127.0.0.1:0"])
    engine.publish_zone(zone, [])
    engine.commit(engine.prepare(ORIGIN, 7, [], zone))
    engine.commit(engine.prepare(ORIGIN, 8, [("www.example.com.", 1, 30, [bytes(4)])]))
    engine.set_access(ORIGIN, ["127.0.0.1", "192.0.2.54", "2001:db8::54"], [])
    engine.start()
    yield engine
    engine.stop()


def ask(engine: Engine, client: str, *, serial: int | None = None, transport: str = "tcp") -> None:
    query = dns.message.make_query(ORIGIN, "AXFR" if serial is None else "IXFR")
    if serial is not None:
        soa = f". . {serial} 0 0 0 0"
        query.authority.append(dns.rrset.from_text(ORIGIN, 0, "IN", "SOA", soa))
    engine.answer(query.to_wire(), client, transport="tcp" if transport == "tcp" else "udp")


def is_readable(engine: Engine) -> bool:
    return bool(select.select([engine.visits_fd()], [], [], 0)[0])


def test_a_transfer_over_the_network_is_a_visit(engine: Engine) -> None:
    host, _, port = engine.addresses[0].rpartition(":")
    held = dns.zone.Zone(ORIGIN, relativize=False)
    dns.query.inbound_xfr(host, held, port=int(port), timeout=PATIENCE_S)
    assert select.select([engine.visits_fd()], [], [], PATIENCE_S)[0]
    assert engine.take_visits() == [(ORIGIN, "127.0.0.1")]
    assert (engine.take_visits(), is_readable(engine)) == ([], False)


@pytest.mark.parametrize("client", ["192.0.2.54", "2001:db8::54"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_whoever_gets_a_difference_has_been_here(engine: Engine, client: str, transport: str) -> None:
    for _ in range(3):
        ask(engine, client, serial=7, transport=transport)
    assert is_readable(engine)
    assert engine.take_visits() == [(ORIGIN, client)]


def test_whoever_has_it_already_or_may_not_have_it_was_sent_nothing(engine: Engine) -> None:
    ask(engine, "192.0.2.54", serial=8)
    ask(engine, "192.0.2.99")
    ask(engine, "192.0.2.99", serial=7)
    ask(engine, "192.0.2.54", transport="udp")
    assert (engine.take_visits(), is_readable(engine)) == ([], False)


def test_whoever_has_to_ask_again_over_tcp_was_sent_nothing(engine: Engine) -> None:
    """RFC 1995 section 2: what does not fit into the datagram is the SOA record alone."""
    views = [(f"n{number}.example.com.", 1, 30, [bytes(4)]) for number in range(40)]
    engine.commit(engine.prepare(ORIGIN, 9, views))
    ask(engine, "192.0.2.54", serial=7, transport="udp")
    assert engine.take_visits() == []
    ask(engine, "192.0.2.54", serial=7)
    assert engine.take_visits() == [(ORIGIN, "192.0.2.54")]


def test_who_is_refused_is_told_of_where_nobody_can_forge_the_address(engine: Engine) -> None:
    for serial in (None, 7):
        ask(engine, "192.0.2.99", serial=serial, transport="udp")
    assert engine.take_refusals() == []
    ask(engine, "192.0.2.99", serial=7)
    assert engine.take_refusals() == [(ORIGIN, "192.0.2.99", None, dns.rcode.REFUSED)]
