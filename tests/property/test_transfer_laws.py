"""Whatever versions a zone goes through, secondaries that ask now and then have what it has."""

from __future__ import annotations

from collections.abc import Iterator

import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.engine import Engine, Zone

ORIGIN = "example.com."
PATIENCE_S = 20.0
BASE = b"""\
$TTL 300
@    SOA ns1 hostmaster 1 7200 3600 1209600 60
@    NS  ns1
@    MX  10 Mail
ns1  A   192.0.2.53
www  A   192.0.2.1
*.w  TXT "any"
"""
FIRST_SERIAL = 4_294_967_280
"""So that serials go round the circle now and then."""

View = tuple[str, int, int, list[bytes]]
ADDRESSES = st.lists(st.integers(1, 4), max_size=3, unique=True)


def view(owner: str, rtype: int, ttl: int, lasts: list[int]) -> View:
    octets = bytes([192, 0, 2]) if rtype == dns.rdatatype.A else bytes(15)
    return (f"{owner}{ORIGIN}", rtype, ttl, [octets + bytes([last]) for last in lasts])


VIEWS = st.lists(
    st.builds(
        view,
        st.sampled_from(["www.", "ns1.", "", "a.b.c.", "b.c.", "*.w.", "New."]),
        st.sampled_from([int(dns.rdatatype.A), int(dns.rdatatype.AAAA)]),
        st.sampled_from([0, 30, 300]),
        ADDRESSES,
    ),
    max_size=5,
)
STEPS = st.lists(st.tuples(VIEWS, st.sampled_from(["nobody asks", "one asks", "both ask", "a reload"])), max_size=12)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(["127.0.0.1:0"])
    engine.start()
    yield engine
    engine.stop()


def refresh(engine: Engine, held: dns.zone.Zone) -> None:
    host, _, port = engine.addresses[0].rpartition(":")
    dns.query.inbound_xfr(host, held, port=int(port), timeout=PATIENCE_S)


def records(zone: dns.zone.Zone) -> set[tuple[dns.name.Name, int, dns.rdata.Rdata]]:
    return set(zone.iterate_rdatas())


class Model:
    """What the zone has, kept by hand."""

    def __init__(self) -> None:
        self.sets: dict[tuple[str, int], tuple[int, list[bytes]]] = {}
        self.begin()

    def begin(self) -> None:
        zone = Zone.parse(ORIGIN, BASE)
        found = {(owner, rtype): (ttl, rdatas) for owner, rtype, ttl, rdatas in zone.rrsets()}
        self.sets = {key: value for key, value in found.items() if key[1] != dns.rdatatype.SOA}

    def change(self, views: list[View]) -> None:
        for owner, rtype, ttl, rdatas in views:
            self.sets.pop((owner.lower(), rtype), None)
            if rdatas:
                self.sets[owner.lower(), rtype] = (ttl, rdatas)

    def records(self) -> set[tuple[dns.name.Name, int, dns.rdata.Rdata]]:
        return {
            (dns.name.from_text(owner), ttl, dns.rdata.from_wire(dns.rdataclass.IN, _type(rtype), it, 0, len(it)))
            for (owner, rtype), (ttl, rdatas) in self.sets.items()
            for it in rdatas
        }


def _type(number: int) -> dns.rdatatype.RdataType:
    return dns.rdatatype.RdataType.make(number)


def check(held: dns.zone.Zone, model: Model, serial: int) -> None:
    soa = {record for record in records(held) if record[2].rdtype == dns.rdatatype.SOA}
    assert held.get_soa().serial == serial
    assert records(held) - soa == model.records()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_mix_of_transfers_gives_what_the_zone_has(engine: Engine, steps: list[tuple[list[View], str]]) -> None:
    base = Zone.parse(ORIGIN, BASE)
    engine.publish_zone(base, [])
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    engine.commit(engine.prepare(ORIGIN, FIRST_SERIAL, [], base))
    model = Model()
    often, seldom = (dns.zone.Zone(ORIGIN, relativize=False) for _ in range(2))
    serial = FIRST_SERIAL
    for views, what in [*steps, ([], "both ask")]:
        serial = (serial + 3) % 2**32
        if what == "a reload":
            model.begin()
        model.change(views)
        engine.commit(engine.prepare(ORIGIN, serial, views, base if what == "a reload" else None))
        if what in ("one asks", "both ask"):
            refresh(engine, often)
            check(often, model, serial)
        if what == "both ask":
            refresh(engine, seldom)
            check(seldom, model, serial)
    engine.withdraw_zone(ORIGIN)
