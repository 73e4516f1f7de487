"""Zones that come in from other servers, in messages that dnspython writes and reads."""

from __future__ import annotations

from collections.abc import Iterable

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.xfr
import dns.zone
import pytest

from understudy.engine import Incoming, IncomingError, Zone

ORIGIN = "example.com."
SOA = "ns1 hostmaster {} 7200 3600 1209600 60"
LIMIT = 1 << 20

CONTENT = r"""
@      300 NS    ns1
@      300 NS    ns.example.net.
@      300 MX    10 mail
ns1    300 A     192.0.2.53
mail   60  AAAA  2001:db8::25
www    60  A     192.0.2.10
www    60  A     192.0.2.11
*.wild 60  TXT   "a text" "another"
sub    300 NS    ns.sub
ns.sub 300 A     192.0.2.54
_sip._tcp 60 SRV 1 2 5060 sip.example.net.
alias  60  CNAME www
old    60  DNAME new.example.net.
x\.y.a 60  NAPTR 100 10 "U" "SIP+D2U" "!^.*$!sip:info@example.com!" .
key    60  DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
rare   60  TYPE65280 \# 3 010203
https  60  HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1
"""


def text(serial: int, content: str = CONTENT) -> str:
    return f"@ 300 SOA {SOA.format(serial)}\n{content}"


def reference(serial: int, content: str = CONTENT) -> dns.zone.Zone:
    return dns.zone.from_text(text(serial, content), ORIGIN, relativize=False)


def records(zone: Iterable[tuple[str, int, int, list[bytes]]]) -> set[tuple[str, int, int, bytes]]:
    """Every record as (owner, type, ttl, rdata)."""
    return {(owner.lower(), rtype, ttl, rdata) for owner, rtype, ttl, rdatas in zone for rdata in rdatas}


def reference_records(zone: dns.zone.Zone) -> set[tuple[str, int, int, bytes]]:
    return {
        (str(owner).lower(), int(rdata.rdtype), ttl, rdata.to_wire() or b"")
        for owner, ttl, rdata in zone.iterate_rdatas()
    }


def messages(rrsets: Iterable[dns.rrset.RRset], rtype: str, each: int) -> Iterable[bytes]:
    """A response in messages of so many RRsets, with every name compressed that may be."""
    rest = list(rrsets)
    query = dns.message.make_query(ORIGIN, rtype, id=77)
    while rest:
        response = dns.message.make_response(query)
        response.answer, rest = rest[:each], rest[each:]
        yield response.to_wire(max_size=65535)


def axfr(zone: dns.zone.Zone) -> list[dns.rrset.RRset]:
    soa = zone.find_rrset(ORIGIN, "SOA")
    others = [
        dns.rrset.from_rdata_list(owner, rdataset.ttl, list(rdataset))
        for owner, rdataset in zone.iterate_rdatasets()
        if rdataset.rdtype != dns.rdatatype.SOA
    ]
    return [soa, *others, soa]


def receive(incoming: Incoming, wires: Iterable[bytes]) -> Zone | None:
    ended = [incoming.feed(wire) for wire in wires]
    assert ended == [False] * (len(ended) - 1) + [True]
    return incoming.finish()


@pytest.mark.parametrize("each", [1, 3, 100])
def test_a_whole_zone_has_the_records_that_dnspython_sent(each: int) -> None:
    sent = reference(7)
    zone = receive(Incoming(ORIGIN, 77, limit_octets=LIMIT), messages(axfr(sent), "AXFR", each))
    assert zone is not None
    assert zone.serial == 7
    assert records(zone.rrsets()) == reference_records(sent)


def test_differences_give_the_zone_that_dnspython_makes_of_them() -> None:
    held = Zone.parse(ORIGIN, text(7).encode())

    def rrset(owner: str, ttl: int, rtype: str, *rdatas: str) -> dns.rrset.RRset:
        name = dns.name.from_text(owner, dns.name.from_text(ORIGIN))
        return dns.rrset.from_text_list(
            name, ttl, "IN", rtype, rdatas, origin=dns.name.from_text(ORIGIN), relativize=False
        )

    def soa(serial: int) -> dns.rrset.RRset:
        return rrset("@", 300, "SOA", SOA.format(serial))

    difference = [
        soa(9),
        soa(7),
        rrset("www", 60, "A", "192.0.2.10"),
        rrset("mail", 60, "AAAA", "2001:db8::25"),
        rrset("alias", 60, "CNAME", "www"),
        soa(8),
        rrset("www", 60, "A", "192.0.2.12"),
        rrset("mail", 30, "AAAA", "2001:db8::25", "2001:db8::26"),
        soa(8),
        rrset("www", 60, "A", "192.0.2.12"),
        soa(9),
        rrset("alias", 60, "A", "192.0.2.99"),
        soa(9),
    ]
    wires = list(messages(difference, "IXFR", 4))
    expected = reference(7)
    with dns.xfr.Inbound(expected, dns.rdatatype.IXFR, serial=7) as inbound:
        for wire in wires:
            inbound.process_message(dns.message.from_wire(wire, xfr=True, one_rr_per_rrset=True, origin=None))
    incoming = Incoming(ORIGIN, 77, held=held, is_incremental=True, limit_octets=LIMIT)
    zone = receive(incoming, wires)
    assert zone is not None
    assert records(zone.rrsets()) == reference_records(expected)
    assert held.serial == 7


def test_who_is_current_gets_nothing() -> None:
    held = Zone.parse(ORIGIN, text(7).encode())
    incoming = Incoming(ORIGIN, 77, held=held, is_incremental=True, limit_octets=LIMIT)
    assert receive(incoming, messages(axfr(reference(7))[:1], "IXFR", 1)) is None


def test_a_fault_has_its_code_and_ends_the_transfer() -> None:
    held = Zone.parse(ORIGIN, text(7).encode())
    incoming = Incoming(ORIGIN, 77, held=held, limit_octets=LIMIT)
    with pytest.raises(IncomingError, match="serial 6, which is older than 7") as raised:
        incoming.feed(next(iter(messages(axfr(reference(6)), "AXFR", 1))))
    assert raised.value.code == "transfer.behind"
    with pytest.raises(IncomingError) as raised:
        incoming.finish()
    assert raised.value.code == "transfer.unfinished"
    given_up = Incoming(ORIGIN, 77, limit_octets=LIMIT)
    given_up.give_up()
    with pytest.raises(ValueError, match="finished"):
        given_up.finish()
    with pytest.raises(ValueError, match="has been finished"):
        incoming.finish()
    with pytest.raises(ValueError, match="has been finished"):
        incoming.feed(b"")


def test_an_ixfr_needs_what_is_held_of_the_same_zone() -> None:
    with pytest.raises(ValueError, match="needs what is held"):
        Incoming(ORIGIN, 77, is_incremental=True, limit_octets=LIMIT)
    with pytest.raises(ValueError, match="another zone"):
        Incoming("example.net.", 77, held=Zone.parse(ORIGIN, text(7).encode()), limit_octets=LIMIT)


def test_the_zone_is_served_and_written_like_one_of_a_file() -> None:
    zone = receive(Incoming(ORIGIN, 77, limit_octets=LIMIT), messages(axfr(reference(7)), "AXFR", 5))
    assert zone is not None
    again = Zone.parse(ORIGIN, zone.to_master_file().encode())
    assert records(again.rrsets()) == records(zone.rrsets())
    assert (zone.files, zone.serial) == ([], 7)
