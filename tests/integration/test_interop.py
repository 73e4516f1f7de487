"""How clients find out what a server can do: RFC 8906, cookies that several makes share, TCP as clients use it."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from understudy.testing.side_by_side.exchange import ADDRESS, Exchange
from understudy.testing.side_by_side.messages import (
    AD,
    CD,
    CLIENT_COOKIE,
    COOKIE,
    DO,
    EXPIRE,
    NSID,
    RD,
    Opt,
    Query,
    Transport,
    Z,
    octets_of,
)
from understudy.testing.side_by_side.reading import Response, read
from understudy.testing.side_by_side.servers import US, Servers
from understudy.testing.side_by_side.zones import PEERS, World

FOLDER = Path(__file__).parent / "zones" / "side_by_side"
ORIGIN = "child.test."
APEX = octets_of(ORIGIN)
HOST = octets_of("www.child.test.")
SOA, DNSKEY, TYPE1000, A = 6, 48, 1000, 1
PATIENCE_S = 5.0
UNKNOWN_OPTION = (100, b"")
ALL_OPTIONS = ((8, b"\0\1\0\0"), (NSID, b""), (COOKIE, CLIENT_COOKIE), (EXPIRE, b""))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    files = {ORIGIN: FOLDER / "child.test.zone", "sole.": FOLDER / "sole.zone"}
    with Servers(World(files), tmp_path_factory.mktemp("interop")) as running:
        yield running


def ask(servers: Servers, query: Query, *, server: str = US, transport: Transport = "udp") -> Response:
    exchange = Exchange(servers.ports[server], ORIGIN)
    send = exchange.ask_over_udp if transport == "udp" else exchange.ask_over_tcp
    (reply,) = send([query.to_wire(1)])
    assert reply is not None, "silence"
    return read(reply)


def cookie_of(response: Response) -> bytes:
    assert response.edns is not None
    return dict(response.edns.options)[COOKIE]


@dataclass(frozen=True, slots=True)
class Examination:
    """A test of RFC 8906 section 8: what is sent, and what comes back. `flags` are all that may be set but QR."""

    section: str
    query: Query
    rcode: str = "NOERROR"
    flags: frozenset[str] = frozenset({"AA"})
    has_soa: bool = True
    has_opt: bool = True
    transport: Transport = "udp"


PLAIN = Query(APEX, SOA, edns=None)
EDNS = replace(PLAIN, edns=Opt())


def of_version_1(section: str, *, flags: int = 0, options: tuple[tuple[int, bytes], ...] = ()) -> Examination:
    query = replace(PLAIN, edns=Opt(version=1, flags=flags, options=options))
    return Examination(section, query, "BADVERS", frozenset(), has_soa=False)


EXAMINATIONS = (
    Examination("8.1.1", PLAIN, has_opt=False),
    Examination("8.1.2", replace(PLAIN, qtype=TYPE1000), has_soa=False, has_opt=False),
    Examination("8.1.3.1", replace(PLAIN, flags=CD), has_opt=False),
    Examination("8.1.3.2", replace(PLAIN, flags=AD), has_opt=False),
    Examination("8.1.3.3", replace(PLAIN, flags=Z), has_opt=False),
    Examination("8.1.3.4", replace(PLAIN, flags=RD), has_opt=False, flags=frozenset({"AA", "RD"})),
    Examination("8.1.5", PLAIN, has_opt=False, transport="tcp"),
    Examination("8.2.1", EDNS),
    of_version_1("8.2.2"),
    Examination("8.2.3", replace(PLAIN, edns=Opt(options=(UNKNOWN_OPTION,)))),
    Examination("8.2.4", replace(PLAIN, edns=Opt(flags=0x40))),
    of_version_1("8.2.5", flags=0x40),
    of_version_1("8.2.6", options=(UNKNOWN_OPTION,)),
    Examination("8.2.7", replace(PLAIN, qtype=DNSKEY, edns=Opt(udp_size=512, flags=DO)), has_soa=False),
    Examination("8.2.8", replace(PLAIN, edns=Opt(flags=DO))),
    of_version_1("8.2.9", flags=DO),
    Examination("8.2.10", replace(PLAIN, edns=Opt(options=ALL_OPTIONS))),
)


@pytest.mark.parametrize("examination", EXAMINATIONS, ids=lambda examination: examination.section)
def test_each_examination_of_rfc_8906_is_passed(servers: Servers, examination: Examination) -> None:
    response = ask(servers, examination.query, transport=examination.transport)
    assert response.rcode == examination.rcode
    assert response.flags == examination.flags | {"QR"}
    assert response.questions == examination.query.question()
    assert [record[1] for record in response.answer] == ([SOA] if examination.has_soa else [])
    assert (response.edns is not None) == examination.has_opt
    if response.edns is not None:
        asked = examination.query.edns or Opt()
        assert response.edns.version == 0
        assert response.edns.flags == asked.flags & DO, "DO comes back, and no other flag"
        known = {NSID, COOKIE, EXPIRE}
        assert {code for code, _ in response.edns.options} <= known & {code for code, _ in asked.options}


def test_an_unknown_opcode_is_not_implemented(servers: Servers) -> None:
    """RFC 8906 section 8.1.4: nothing but a header."""
    header = struct.pack("!6H", 1, 15 << 11, 0, 0, 0, 0)
    (reply,) = Exchange(servers.ports[US], ORIGIN).ask_over_udp([header])
    assert reply is not None
    response = read(reply)
    assert (response.opcode, response.rcode, response.flags) == (15, "NOTIMP", frozenset({"QR"}))
    assert len(reply) == len(header)


@pytest.mark.parametrize("peer", PEERS)
def test_a_cookie_of_another_make_with_the_same_secret_is_good_here(servers: Servers, peer: str) -> None:
    """RFC 9018: servers behind one address may be of several makes."""
    theirs = cookie_of(ask(servers, replace(EDNS, edns=Opt(options=((COOKIE, CLIENT_COOKIE),))), server=peer))
    before = servers.counted("cookies.valid")
    response = ask(servers, replace(EDNS, edns=Opt(options=((COOKIE, theirs),))))
    assert servers.counted("cookies.valid") == before + 1
    assert response.rcode == "NOERROR"
    assert cookie_of(response)[:8] == CLIENT_COOKIE


def test_our_cookie_is_good_where_a_bad_one_is_refused(servers: Servers) -> None:
    ours = cookie_of(ask(servers, replace(EDNS, edns=Opt(options=((COOKIE, CLIENT_COOKIE),)))))
    spoilt = ours[:-1] + bytes([ours[-1] ^ 1])
    rcodes = [
        ask(servers, replace(EDNS, edns=Opt(options=((COOKIE, cookie),))), server="knot").rcode
        for cookie in (ours, spoilt)
    ]
    assert rcodes == ["NOERROR", "BADCOOKIE"]


def connected(servers: Servers) -> socket.socket:
    return socket.create_connection((ADDRESS, servers.ports[US]), timeout=PATIENCE_S)


def framed(query: Query, number: int) -> bytes:
    wire = query.to_wire(number)
    return struct.pack("!H", len(wire)) + wire


def received(connection: socket.socket) -> list[Response]:
    """Everything until the server closes."""
    with connection.makefile("rb") as incoming:
        octets = incoming.read()
    responses = []
    while octets:
        end = 2 + int.from_bytes(octets[:2])
        responses.append(read(octets[2:end]))
        octets = octets[end:]
    return responses


def test_a_client_that_has_closed_its_half_still_gets_every_answer(servers: Servers) -> None:
    with connected(servers) as connection:
        connection.sendall(b"".join(framed(Query(HOST, A), number) for number in range(100)))
        connection.shutdown(socket.SHUT_WR)
        responses = received(connection)
    assert {int.from_bytes(each.octets[:2]) for each in responses} == set(range(100))
    assert all(each.rcode == "NOERROR" and each.answer for each in responses)


def test_a_message_that_comes_octet_by_octet_is_answered(servers: Servers) -> None:
    with connected(servers) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(Query(HOST, A), 7):
            connection.sendall(bytes([octet]))
        connection.shutdown(socket.SHUT_WR)
        (response,) = received(connection)
    assert response.rcode == "NOERROR"


def test_a_half_message_at_the_end_costs_nobody_his_answer(servers: Servers) -> None:
    with connected(servers) as connection:
        connection.sendall(framed(Query(HOST, A), 1) + framed(Query(HOST, A), 2)[:-3])
        connection.shutdown(socket.SHUT_WR)
        (response,) = received(connection)
    assert response.octets[:2] == b"\0\1"


def test_answers_may_be_read_when_all_questions_are_sent_and_in_any_order(servers: Servers) -> None:
    """RFC 7766 section 6.2.1.1: by their ids, on two connections at once."""
    with connected(servers) as first, connected(servers) as second:
        for number in range(50):
            for connection in (first, second):
                connection.sendall(framed(Query(HOST if number % 2 else APEX, A, edns=None), number))
        for connection in (second, first):
            connection.shutdown(socket.SHUT_WR)
            by_id = {int.from_bytes(each.octets[:2]): each for each in received(connection)}
            assert set(by_id) == set(range(50))
            names = {number: HOST if number % 2 else APEX for number in by_id}
            assert all(by_id[number].questions.startswith(name) for number, name in names.items())
