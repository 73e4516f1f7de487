"""Zones given away: as a whole and by what changed, to whom it is permitted, over TCP and UDP."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Literal

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest

from understudy.engine import Engine, Zone

A = 1
PATIENCE_S = 20.0
"""Longer than any answer on loopback takes, even on a machine that is busy with something else."""
ORIGIN = "example.com."


def address(last: int) -> bytes:
    return bytes([192, 0, 2, last])


def split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def view(*addresses: int, owner: str = "www.example.com.") -> tuple[str, int, int, list[bytes]]:
    return (owner, A, 30, [address(last) for last in addresses])


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    """Serves the zone at serial 7, and gives it to 127.0.0.1."""
    engine = Engine(["127.0.0.1:0"])
    engine.publish_zone(zone, [])
    engine.commit(engine.prepare(ORIGIN, 7, [view(1)], zone))
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    engine.start()
    yield engine
    engine.stop()


def commit(engine: Engine, serial: int, *views: tuple[str, int, int, list[bytes]]) -> None:
    engine.commit(engine.prepare(ORIGIN, serial, views))


def transferred(engine: Engine, held: dns.zone.Zone | None = None) -> dns.zone.Zone:
    """What dnspython has after a transfer, by what changed if it holds the zone already."""
    host, port = split(engine.addresses[0])
    held = held or dns.zone.Zone(ORIGIN, relativize=False)
    dns.query.inbound_xfr(host, held, port=port, timeout=PATIENCE_S)
    return held


def names_in(zone: dns.zone.Zone) -> set[str]:
    """Every record but the SOA, one line each."""
    found = zone.iterate_rdatas()
    return {line(name, ttl, rdata) for name, ttl, rdata in found if rdata.rdtype != dns.rdatatype.SOA}


def lines_of(zone: Zone) -> set[str]:
    """The same of a zone of ours."""
    found = set()
    for owner, rtype, ttl, rdatas in zone.rrsets():
        for octets in rdatas:
            rdata = dns.rdata.from_wire("IN", dns.rdatatype.RdataType.make(rtype), octets, 0, len(octets))
            found.add(line(dns.name.from_text(owner), ttl, rdata))
    return {text for text in found if " SOA " not in text}


def line(name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> str:
    return f"{name} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text()}"


def serial_of(zone: dns.zone.Zone) -> int:
    return int(zone.get_soa().serial)


def question(
    kind: Literal["AXFR", "IXFR"], serial: int | None = None, origin: str = ORIGIN, payload: int | None = None
) -> dns.message.Message:
    """Without EDNS unless there is a payload, the octets of a datagram."""
    query = dns.message.make_query(origin, kind, use_edns=payload is not None, payload=payload or 0)
    if serial is not None:
        query.authority.append(dns.rrset.from_text(origin, 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    return query


def ask(
    engine: Engine, query: dns.message.Message, transport: Literal["udp", "tcp"] = "tcp", client: str = "127.0.0.1"
) -> dns.message.Message:
    octets = engine.answer(query.to_wire(), client, transport=transport)
    assert octets is not None
    return dns.message.from_wire(octets, one_rr_per_rrset=True)


def kinds(reply: dns.message.Message) -> list[tuple[str, str]]:
    """Type and the first or last words of each record of the answer."""
    found = []
    for rrset in reply.answer:
        (rdata,) = rrset
        word = str(rdata.serial) if rrset.rdtype == dns.rdatatype.SOA else rdata.to_text().split()[-1]
        found.append((dns.rdatatype.to_text(rrset.rdtype), word))
    return found


def test_a_whole_zone_is_the_copy_and_not_what_is_steered(engine: Engine, zone: Zone) -> None:
    engine.publish(ORIGIN, [("www.example.com.", A, "answer", 5, None, "one", [(1, [address(99)])])])
    held = transferred(engine)
    assert serial_of(held) == 7
    hidden = {f"www.example.com. 300 A 192.0.2.{last}" for last in (10, 11)}
    assert names_in(held) == lines_of(zone) - hidden | {"www.example.com. 30 A 192.0.2.1"}
    assert engine.counters()["transfers.axfr"] == 1
    assert engine.counters()["transfers.octets"] > 0


def test_a_large_zone_is_sent_as_it_is_after_every_change(engine: Engine) -> None:
    """It is kept as it is sent (ADR 0029); over several messages, and after a reload too."""
    records = "".join(f"h{number} A 10.0.{number >> 8}.{number & 255}\n" for number in range(21_000))
    head = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n@ MX 5 h1\n"
    large = Zone.parse(ORIGIN, f"{head}{records}".encode())
    engine.commit(engine.prepare(ORIGIN, 8, [], large))
    held = transferred(engine)
    assert names_in(held) == lines_of(large)
    for serial in range(9, 13):
        gone: tuple[str, int, int, list[bytes]] = (f"h{serial * 1000}.{ORIGIN}", A, 30, [])
        commit(
            engine, serial, view(serial, owner=f"h{serial}.{ORIGIN}"), view(1, 2, owner=f"new{serial}.{ORIGIN}"), gone
        )
    assert names_in(transferred(engine)) == names_in(transferred(engine, held))
    smaller = Zone.parse(ORIGIN, f"{head}{records.removeprefix('h0 A 10.0.0.0')}".encode())
    engine.commit(engine.prepare(ORIGIN, 13, [], smaller))
    assert names_in(transferred(engine)) == lines_of(smaller)
    assert len(lines_of(smaller)) == len(lines_of(large)) - 1


def test_who_has_a_version_gets_what_changed_since(engine: Engine) -> None:
    held = transferred(engine)
    for serial in range(8, 20):
        commit(engine, serial, view(serial), view(serial, owner=f"n{serial}.example.com."))
    assert names_in(transferred(engine, held)) == names_in(transferred(engine))
    assert serial_of(held) == 19
    counters = engine.counters()
    assert (counters["transfers.ixfr"], counters["transfers.axfr"]) == (1, 2)


def test_what_changed_is_told_in_the_order_of_the_rfc(engine: Engine) -> None:
    """RFC 1995 section 4: the new SOA, the old SOA, deletions, the new SOA, additions, the new SOA."""
    commit(engine, 8, view(2))
    reply = ask(engine, question("IXFR", 7))
    soa = [("SOA", "8"), ("SOA", "7"), ("A", "192.0.2.1"), ("SOA", "8"), ("A", "192.0.2.2"), ("SOA", "8")]
    assert kinds(reply) == soa
    assert reply.flags & dns.flags.AA
    assert reply.question[0].name == dns.name.from_text(ORIGIN)


def test_what_came_and_went_again_is_not_told(engine: Engine) -> None:
    commit(engine, 8, view(2))
    commit(engine, 9, view(1))
    commit(engine, 10, view(1), view(3, owner="new.example.com."))
    reply = ask(engine, question("IXFR", 7))
    expected = [("SOA", "10"), ("SOA", "7"), ("SOA", "10"), ("A", "192.0.2.3"), ("SOA", "10")]
    assert kinds(reply) == expected


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("serial", [8, 9, 8 + 2**31 - 1])
def test_who_has_the_version_or_a_newer_one_gets_the_soa_record_alone(
    engine: Engine, transport: Literal["udp", "tcp"], serial: int
) -> None:
    """RFC 1995 section 2."""
    commit(engine, 8, view(2))
    assert kinds(ask(engine, question("IXFR", serial), transport)) == [("SOA", "8")]


def test_who_has_a_version_that_nobody_remembers_gets_the_whole_zone(engine: Engine) -> None:
    commit(engine, 8, view(2))
    reply = ask(engine, question("IXFR", 6))
    assert kinds(reply)[0] == kinds(reply)[-1] == ("SOA", "8")
    assert len(kinds(reply)) > 6
    assert [kind for kind, _ in kinds(reply)].count("SOA") == 2


def test_changes_longer_than_the_zone_are_told_as_the_zone(engine: Engine) -> None:
    many = [view(1, owner=f"n{number}.example.com.") for number in range(2000)]
    commit(engine, 8, *many)
    none = [(owner, rtype, ttl, list[bytes]()) for owner, rtype, ttl, _ in many]
    commit(engine, 9, *none)
    for serial, is_incremental in ((7, True), (8, False)):
        reply = ask(engine, question("IXFR", serial))
        assert (kinds(reply)[1] == ("SOA", str(serial))) is is_incremental
    held = transferred(engine)
    commit(engine, 10, *many[:1000])
    assert names_in(transferred(engine, held)) == names_in(transferred(engine))


def test_changes_of_few_octets_are_told_as_such_however_small_the_zone(engine: Engine) -> None:
    """They are one message, as the zone would be."""
    many = [view(1, owner=f"n{number}.example.com.") for number in range(100)]
    commit(engine, 8, *many)
    commit(engine, 9, *((owner, rtype, ttl, list[bytes]()) for owner, rtype, ttl, _ in many))
    reply = ask(engine, question("IXFR", 8))
    assert kinds(reply)[1] == ("SOA", "8")
    assert len(kinds(reply)) == len(many) + 4


def test_changes_are_whole_in_many_messages(engine: Engine) -> None:
    def owned(last: int, count: int) -> Iterator[tuple[str, int, int, list[bytes]]]:
        return (view(last, owner=f"n{number}.example.com.") for number in range(count))

    commit(engine, 8, *owned(1, 10_000))
    held, before = transferred(engine), engine.counters()["transfers.octets"]
    commit(engine, 9, *owned(2, 4_500))
    transferred(engine, held)
    assert engine.counters()["transfers.octets"] - before > 2 * 65_535
    assert engine.counters()["transfers.ixfr"] == 1
    assert names_in(held) == names_in(transferred(engine))


def test_over_udp_what_does_not_fit_is_the_soa_record_alone(engine: Engine) -> None:
    """RFC 1995 section 2: it is then asked for over TCP."""
    commit(engine, 8, *(view(1, owner=f"n{number}.example.com.") for number in range(20)))
    small, large = question("IXFR", 7), question("IXFR", 7, payload=1232)
    assert kinds(ask(engine, small, "udp")) == [("SOA", "8")]
    reply = ask(engine, large, "udp")
    assert len(kinds(reply)) == 24
    assert not reply.flags & dns.flags.TC
    host, port = split(engine.addresses[0])
    assert kinds(dns.query.udp(small, host, PATIENCE_S, port, one_rr_per_rrset=True)) == [("SOA", "8")]
    assert engine.counters()["transfers.ixfr"] == 1


def test_a_whole_zone_is_for_tcp_alone(engine: Engine) -> None:
    """RFC 5936 section 4.2."""
    assert ask(engine, question("AXFR"), "udp").rcode() == dns.rcode.REFUSED


def test_a_client_that_does_not_say_what_it_has_made_a_mistake(engine: Engine) -> None:
    """RFC 1995 section 3: the SOA record of its version stands in the authority section."""
    reply = ask(engine, question("IXFR"))
    assert (reply.rcode(), reply.answer) == (dns.rcode.FORMERR, [])


def extended(reply: dns.message.Message) -> list[int]:
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def test_others_are_refused_and_told_so(engine: Engine) -> None:
    queries = [question("AXFR", payload=1232), question("IXFR", 7, payload=1232)]
    for query in queries:
        reply = ask(engine, query, client="127.0.0.2")
        assert (reply.rcode(), extended(reply), reply.answer) == (dns.rcode.REFUSED, [18], [])
    other = ask(engine, question("AXFR", origin="www.example.com.", payload=1232))
    assert (other.rcode(), extended(other)) == (dns.rcode.REFUSED, [18])
    engine.set_access(ORIGIN, [], ["corp-key"])
    host, port = split(engine.addresses[0])
    reply = dns.query.tcp(queries[0], host, PATIENCE_S, port)
    assert reply.rcode() == dns.rcode.REFUSED
    assert engine.counters()["transfers.refused"] == 1


def test_a_zone_without_a_copy_is_not_ready(zone: Zone) -> None:
    engine = Engine([])
    engine.publish_zone(zone, [])
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    reply = ask(engine, question("AXFR", payload=1232))
    assert (reply.rcode(), extended(reply)) == (dns.rcode.REFUSED, [14])


NAMES, WIDE, OCTETS = 4_000, 200, 60_000
"""Names with two records each; records of which only one is in a message: more in all than sockets hold."""


def large_zone() -> Zone:
    lines = "".join(f"n{number} A 192.0.2.1\nn{number} MX 10 n{number // 2}\n" for number in range(NAMES))
    wide = "".join(f"w{number} NULL \\# {OCTETS} {'00' * OCTETS}\n" for number in range(WIDE))
    head = "$TTL 60\n@ SOA ns1 hostmaster 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
    return Zone.parse(ORIGIN, (head + lines + wide).encode())


@pytest.fixture
def large() -> Iterator[Engine]:
    """Gives the large zone to one client at once."""
    zone = large_zone()
    engine = Engine(["127.0.0.1:0"], transfers=1, tcp_idle_s=60.0, cookie_secrets=[bytes(16)])
    engine.publish_zone(zone, [])
    engine.commit(engine.prepare(ORIGIN, 1, [], zone))
    engine.set_access(ORIGIN, ["127.0.0.1"], [])
    engine.start()
    yield engine
    engine.stop(0.1)


def connection(engine: Engine, query: dns.message.Message) -> socket.socket:
    host, port = split(engine.addresses[0])
    # A small window, so that most of the answer has to wait at the server.
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE_S)
    client.connect((host, port))
    octets = query.to_wire()
    client.sendall(struct.pack("!H", len(octets)) + octets)
    return client


def received(client: socket.socket) -> dns.message.Message:
    def exactly(count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            piece = client.recv(count - len(octets))
            assert piece, "the server closed"
            octets += piece
        return octets

    (length,) = struct.unpack("!H", exactly(2))
    return dns.message.from_wire(exactly(length), one_rr_per_rrset=True)


def test_a_large_zone_is_whole_in_many_messages(large: Engine) -> None:
    held = transferred(large)
    assert names_in(held) == lines_of(large_zone())
    assert large.counters()["transfers.octets"] > WIDE * OCTETS


def test_a_slow_client_holds_up_nobody_and_gets_the_version_that_it_began_with(large: Engine) -> None:
    with connection(large, question("AXFR")) as slow:
        first = received(slow)
        commit(large, 2, view(77))
        host, port = split(large.addresses[0])
        for number in range(50):
            reply = dns.query.tcp(dns.message.make_query(f"n{number}.example.com.", "A"), host, PATIENCE_S, port)
            assert reply.rcode() == dns.rcode.NOERROR
        refused = dns.query.tcp(question("AXFR", payload=1232), host, PATIENCE_S, port)
        assert (refused.rcode(), extended(refused)) == (dns.rcode.REFUSED, [14])
        count, serials = len(first.answer), list[int]()
        while len(serials) < 1:
            message = received(slow)
            count += len(message.answer)
            serials += [rdata[0].serial for rdata in message.answer if rdata.rdtype == dns.rdatatype.SOA]
        assert (count, serials) == (2 * NAMES + WIDE + 4, [1])
    assert serial_of(transferred(large)) == 2, "the place is free again"


def test_a_decision_passes_while_all_places_are_taken_by_large_zones(large: Engine) -> None:
    """What is one message needs no place; who is turned away is told of, and nothing is wrong with him."""
    with connection(large, question("AXFR")) as slow:
        received(slow)
        commit(large, 2, view(77))
        assert kinds(ask(large, question("IXFR", 1))) == [
            ("SOA", "2"),
            ("SOA", "1"),
            ("SOA", "2"),
            ("A", "192.0.2.77"),
            ("SOA", "2"),
        ]
        assert large.take_refusals() == []
        commit(large, 3, *(view(1, owner=f"more{number}.example.com.") for number in range(1000)))
        assert ask(large, question("IXFR", 1)).rcode() == dns.rcode.REFUSED
        assert large.take_refusals() == [(ORIGIN, "127.0.0.1", None, 0)]


def test_a_client_that_leaves_gives_its_place_back(large: Engine) -> None:
    with connection(large, question("AXFR")) as client:
        received(client)
    assert serial_of(transferred(large)) == 1


def test_questions_behind_a_transfer_are_answered_after_it(large: Engine) -> None:
    """RFC 7766 section 6.2.1.1."""
    with connection(large, question("AXFR")) as client:
        query = dns.message.make_query("n1.example.com.", "A")
        octets = query.to_wire()
        client.sendall(struct.pack("!H", len(octets)) + octets)
        ends = 0
        while ends < 2:
            ends += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in received(client).answer)
        assert received(client).id == query.id


def test_whoever_s_cookie_is_malformed_is_told_so_and_sent_nothing_of_the_zone(large: Engine) -> None:
    query = question("AXFR")
    query.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"123")])
    with connection(large, query) as client:
        assert received(client).rcode() == dns.rcode.FORMERR
        wire = dns.message.make_query(ORIGIN, "SOA").to_wire()
        client.sendall(struct.pack(">H", len(wire)) + wire)
        (answer,) = received(client).answer
        assert answer.rdtype == dns.rdatatype.SOA
