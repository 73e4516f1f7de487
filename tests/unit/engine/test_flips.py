"""No query gets a wrong or missing answer while records flip and zones reload.

One publisher flips steered sets, and now and then replaces the whole zone, as fast as it can (thousands of times a
second on a free core). Clients ask over UDP and TCP meanwhile. Each answer carries the number of the publication that
it came from, so a checker needs no clock: what was published in full before the query left is the oldest that may be
answered, what had been begun when the answer came is the newest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from understudy.engine import Engine, Zone

PATIENCE_S = 60.0
FLIPS = 5000
QUERIES_PER_CLIENT = 400
FLIPS_PER_RELOAD = 7

A, AAAA = 1, 28
ORIGIN = "example.com."
WWW = "www.example.com."


def zone_number(number: int) -> Zone:
    """A zone whose static TXT record has the number of its publication."""
    text = f'$TTL 60\n@ SOA ns. root. {number} 2 3 4 5\n@ NS ns.\nwww TXT "{number}"\n'
    return Zone.parse(ORIGIN, text.encode())


@dataclass
class Published:
    """Numbers of publications: the last one that is in force for certain, and the last one that was begun."""

    done: int = 0
    begun: int = 0
    is_over: bool = False
    faults: list[str] = field(default_factory=list)


def publish(engine: Engine, number: int) -> None:
    """Publication `number`: the address of both families says so, and the text if the zone is replaced."""
    four = (WWW, A, "answer", 5, None, "one", [(1, [IPv4Address(number).packed])])
    six = (WWW, AAAA, "answer", 5, None, "rotate", [(1, [IPv6Address(number).packed])])
    if number % FLIPS_PER_RELOAD == 0:
        engine.publish_zone(zone_number(number), [four, six])  # type: ignore[list-item]  # built loosely; the module itself judges
    else:
        engine.publish(ORIGIN, [six, four])  # type: ignore[list-item]  # built loosely; the module itself judges


def number_in(rrset: dns.rrset.RRset) -> int:
    text = rrset[0].to_text()
    if rrset.rdtype == dns.rdatatype.A:
        return int(IPv4Address(text))
    if rrset.rdtype == dns.rdatatype.AAAA:
        return int(IPv6Address(text))
    return int(text.strip('"'))


def faults_in(response: dns.message.Message, oldest: int, newest: int) -> Iterator[str]:
    """Why this answer is wrong, if the publications from `oldest` to `newest` were possible."""
    if response.rcode() != dns.rcode.NOERROR or not response.answer:
        yield f"no answer: {response}"
    steered = {number_in(rrset) for rrset in response.answer if rrset.rdtype in {A, AAAA}}
    static = {number_in(rrset) for rrset in response.answer if rrset.rdtype == dns.rdatatype.TXT}
    if len(steered) > 1:
        yield f"a mixture of the publications {steered}"
    for number in steered:
        if not oldest <= number <= newest:
            yield f"publication {number} outside {oldest}..{newest}"
    for number in static:
        if not oldest - FLIPS_PER_RELOAD < number <= newest:
            yield f"zone {number} outside {oldest}..{newest}"
        if any(number > other or other - number >= FLIPS_PER_RELOAD for other in steered):
            yield f"zone {number} with the records of {steered}"


def check_from_one_client(
    published: Published, ask: Callable[[dns.message.Message], dns.message.Message], rtype: str
) -> None:
    """Asks until the flips are over, at least `QUERIES_PER_CLIENT` times; stops at the first fault."""
    asked, last = 0, 0
    while (not published.is_over or asked < QUERIES_PER_CLIENT) and not published.faults:
        query = dns.message.make_query(WWW, rtype)
        oldest = published.done
        response = ask(query)
        newest = published.begun
        published.faults.extend(faults_in(response, oldest, newest))
        numbers = [number_in(rrset) for rrset in response.answer]
        if numbers and max(numbers) < last:
            published.faults.append(f"back from {last} to {max(numbers)}")
        last = max([last, *numbers])
        asked += 1


def flip(engine: Engine, published: Published, asked_enough: Callable[[], bool]) -> None:
    """Flips `FLIPS` times, and on until the clients have asked enough."""
    number = 1
    while (number < FLIPS or not asked_enough()) and not published.faults:
        number += 1
        published.begun = number
        publish(engine, number)
        published.done = number
    published.is_over = True


@pytest.fixture
def flipping() -> Iterator[Engine]:
    engine = Engine(["127.0.0.1:0"], threads=2)
    publish(engine, 0)
    publish(engine, 1)
    engine.start()
    yield engine
    assert engine.stop(PATIENCE_S)


def test_every_answer_is_one_that_was_published_while_it_was_asked_for(flipping: Engine) -> None:
    host, _, port = flipping.addresses[0].rpartition(":")
    published = Published(done=1, begun=1)

    def ask_udp(query: dns.message.Message) -> dns.message.Message:
        return dns.query.udp(query, host, port=int(port), timeout=PATIENCE_S)

    def ask_tcp(query: dns.message.Message) -> dns.message.Message:
        return dns.query.tcp(query, host, port=int(port), timeout=PATIENCE_S)

    def client(ask: Callable[[dns.message.Message], dns.message.Message], rtype: str) -> threading.Thread:
        def run() -> None:
            try:
                check_from_one_client(published, ask, rtype)
            except Exception as error:  # noqa: BLE001 - any fault of a client is a missing answer
                published.faults.append(repr(error))

        return threading.Thread(target=run)

    # ANY over TCP brings all sets of one version in one answer, so a mixture would show.
    clients = [client(ask_udp, "A"), client(ask_udp, "AAAA"), client(ask_udp, "TXT"), client(ask_tcp, "ANY")]
    for each in clients:
        each.start()
    flip(flipping, published, lambda: sum_of_queries(flipping) >= QUERIES_PER_CLIENT * len(clients))
    for each in clients:
        each.join(PATIENCE_S)
    assert published.faults == []
    assert published.done >= FLIPS
    counters = flipping.counters()
    assert {name for name, count in counters.items() if name.startswith("dropped.") and count} == set()


def sum_of_queries(engine: Engine) -> int:
    return sum(count for name, count in engine.counters().items() if name.startswith("queries."))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("www.example.com. 5 IN A 0.0.0.9", "outside"),
        ("www.example.com. 5 IN A 0.0.0.31", "outside"),
        ("www.example.com. 5 IN A 0.0.0.20\nwww.example.com. 5 IN AAAA ::15", "mixture"),
        ('www.example.com. 5 IN TXT "3"', "zone 3 outside"),
        ('www.example.com. 5 IN A 0.0.0.20\nwww.example.com. 5 IN TXT "21"', "with the records"),
        ('www.example.com. 5 IN A 0.0.0.20\nwww.example.com. 5 IN TXT "13"', "with the records"),
        ("", "no answer"),
    ],
)
def test_the_checker_sees_a_wrong_answer(answer: str, fault: str) -> None:
    response = dns.message.from_text(f"id 1\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;ANSWER\n{answer}\n")
    assert fault in "; ".join(faults_in(response, 10, 30))


def test_the_checker_takes_a_right_answer() -> None:
    answer = 'www.example.com. 5 IN A 0.0.0.20\nwww.example.com. 5 IN AAAA ::14\nwww.example.com. 5 IN TXT "14"'
    response = dns.message.from_text(f"id 1\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;ANSWER\n{answer}\n")
    assert list(faults_in(response, 10, 30)) == []
