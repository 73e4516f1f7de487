"""A small zone, an engine that serves it on loopback, and clients with a deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.message
import dns.query
import dns.rdatatype
import pytest

from understudy.engine import Engine, Zone

PATIENCE_S = 20.0
"""Longer than any answer on loopback takes, even on a machine that is busy with something else."""

ZONE = b"""\
$TTL 300
@     SOA ns1 hostmaster 2026112201 7200 3600 1209600 60
@     NS  ns1
ns1   A   192.0.2.53
www   A   192.0.2.10
www   A   192.0.2.11
www   AAAA 2001:db8::10
sub   NS  ns.example.net.
alias CNAME www
"""

Ask = Callable[..., dns.message.Message]


def split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@pytest.fixture
def zone() -> Zone:
    return Zone.parse("example.com.", ZONE)


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    engine = Engine(["127.0.0.1:0", "[::1]:0"], threads=2, version_bind="understudy test")
    engine.publish_zone(zone, [])
    engine.start()
    yield engine
    assert engine.stop(PATIENCE_S)


@pytest.fixture
def ask_udp() -> Ask:
    def ask(address: str, name: str, rtype: str = "A") -> dns.message.Message:
        host, port = split(address)
        query = dns.message.make_query(name, rtype)
        return dns.query.udp(query, host, port=port, timeout=PATIENCE_S)

    return ask


@pytest.fixture
def ask_tcp() -> Ask:
    def ask(address: str, name: str, rtype: str = "A") -> dns.message.Message:
        host, port = split(address)
        query = dns.message.make_query(name, rtype)
        return dns.query.tcp(query, host, port=port, timeout=PATIENCE_S)

    return ask


@pytest.fixture
def ask_directly() -> Ask:
    """Asks without a socket; `options` go to `Engine.answer`."""

    def ask(engine: Engine, name: str, rtype: str = "A", **options: object) -> dns.message.Message:
        query = dns.message.make_query(name, rtype)
        response = engine.answer(query.to_wire(), **options)  # type: ignore[arg-type]  # built loosely; the module itself judges
        assert response is not None
        return dns.message.from_wire(response)

    return ask
