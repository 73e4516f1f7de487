"""Many zones from one primary at once: from an engine, and from servers that a test plays with dnspython."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from understudy.engine import Engine, Gathering, TsigKey, Zone
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.contact import Contact
from understudy.service.transfers import gather as fetch_together

COUNT = 60
ORIGINS = [f"zone{number}.example." for number in range(COUNT)]
SECRET = bytes(range(32))
TEXT = b"@ 60 SOA ns hostmaster 7 1000 100 10000 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nhost 60 A 192.0.2.10\n"
LIMIT = 1 << 20

Answer: TypeAlias = Callable[[Sequence[dns.message.Message]], list[bytes]]
"""The messages that answer some queries."""


def gather(address: str, origins: Sequence[str] = ORIGINS, **terms: object) -> dict[str, Zone]:
    known = {"first_id": 65_500, "limit_octets": LIMIT, "patience_s": 2.0, **terms}
    gathering = Gathering(address, origins, **known)  # type: ignore[arg-type]  # each test has its own
    found: dict[str, Zone] = {}
    while (some := gathering.take(1.0)) is not None:
        for place, zone in some:
            assert origins[place] not in found
            found[origins[place]] = zone
    return found


@contextmanager
def primary(*keys: str, networks: Sequence[str] = ("127.0.0.1/32",)) -> Iterator[Engine]:
    """An engine that gives its zones away."""
    engine = Engine(["127.0.0.1:0"], rate_limit=None)
    engine.set_keys([("corp.", "hmac-sha256", SECRET)])
    engine.publish_zones([(Zone.parse(origin, TEXT), [], None) for origin in ORIGINS])
    for origin in ORIGINS:
        engine.commit(engine.prepare(origin, 7, [], Zone.parse(origin, TEXT)))
        engine.set_access(origin, networks, keys)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


@contextmanager
def played(answer: Answer, answers_in_all: int = 10_000) -> Iterator[tuple[str, list[int]]]:
    """A server that answers what comes together, and leaves each connection after so many answers.

    Its address, and how many queries were answered over each connection.
    """
    answered: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    answered.append(0)
                    threading.Thread(target=speak, args=(connection, len(answered) - 1), daemon=True).start()

        def speak(connection: socket.socket, number: int) -> None:
            octets = b""
            with suppress(OSError), connection:
                while answered[number] < answers_in_all and (more := connection.recv(1 << 16)):
                    queries, octets = split(octets + more)
                    queries = queries[: answers_in_all - answered[number]]
                    answered[number] += len(queries)
                    for wire in answer(queries):
                        connection.sendall(len(wire).to_bytes(2) + wire)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host, port = listener.getsockname()
        yield f"{host}:{port}", answered
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def split(octets: bytes) -> tuple[list[dns.message.Message], bytes]:
    """The queries that are whole, without their signatures, and what is left."""
    queries: list[dns.message.Message] = []
    while len(octets) > 2 and len(octets) >= 2 + int.from_bytes(octets[:2]):
        end = 2 + int.from_bytes(octets[:2])
        query = dns.message.from_wire(octets[2:end], keyring=False)
        queries.append(dns.message.make_query(query.question[0].name, "AXFR", id=query.id))
        octets = octets[end:]
    return queries, octets


def one_by_one(queries: Sequence[dns.message.Message]) -> list[bytes]:
    return [wire for query in queries for wire in whole(query)]


def whole(query: dns.message.Message) -> list[bytes]:
    """The zone, in a message for each record."""
    name = query.question[0].name
    soa = dns.rrset.from_text(name, 60, "IN", "SOA", "ns.example. root.example. 7 1000 100 10000 60")
    sets = [soa, dns.rrset.from_text(name, 60, "IN", "NS", "ns.example."), soa]
    return [said(query, [each]) for each in sets]


def said(query: dns.message.Message, answer: Sequence[dns.rrset.RRset], rcode: dns.rcode.Rcode | None = None) -> bytes:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer = list(answer)
    response.set_rcode(rcode or dns.rcode.NOERROR)
    return response.to_wire()


def test_all_zones_come_as_their_primary_has_them() -> None:
    # RFC 5936 section 2.1: the query; section 4.1: one connection for many
    with primary() as engine:
        found = gather(engine.addresses[0])
        accepted = engine.counters()["tcp.accepted"]
    assert set(found) == set(ORIGINS)
    assert found[ORIGINS[3]].rrsets() == Zone.parse(ORIGINS[3], TEXT).rrsets()
    assert found[ORIGINS[3]].origin == ORIGINS[3]
    assert accepted == 2


def test_of_a_zone_that_is_refused_nothing_is_said_and_the_others_come() -> None:
    with primary() as engine:
        engine.set_access(ORIGINS[5], [], [])
        found = gather(engine.addresses[0])
    assert set(found) == set(ORIGINS) - {ORIGINS[5]}


def test_with_a_key_everything_is_signed_and_has_to_be() -> None:
    key = TsigKey("corp.", "hmac-sha256", SECRET)
    with primary("corp.", networks=()) as engine:
        assert not gather(engine.addresses[0])
        assert set(gather(engine.addresses[0], key=key)) == set(ORIGINS)
        assert not gather(engine.addresses[0], key=TsigKey("corp.", "hmac-sha256", bytes(32)))
    with played(one_by_one) as (address, _):
        assert len(gather(address)) == COUNT
        assert not gather(address, key=key)


def test_answers_may_come_in_another_order_and_between_each_other() -> None:
    # RFC 7766 section 7
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        return [wire for part in zip(*map(whole, reversed(queries)), strict=True) for wire in part]

    with played(answer) as (address, answered):
        found = gather(address)
    assert set(found) == set(ORIGINS)
    assert sum(answered) == COUNT


def test_a_server_that_takes_one_question_for_each_connection_is_asked_so() -> None:
    with played(one_by_one, answers_in_all=1) as (address, answered):
        found = gather(address)
    assert set(found) == set(ORIGINS)
    assert [count for count in answered if count] == [1] * COUNT  # the last zone may be gone when a line is there


def test_a_zone_that_breaks_each_connection_is_left_and_the_others_come() -> None:
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        if ORIGINS[20] in [str(query.question[0].name) for query in queries]:
            raise ConnectionResetError
        return one_by_one(queries)

    with played(answer) as (address, _):
        found = gather(address)
    assert set(found) == set(ORIGINS) - {ORIGINS[20]}


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: bytes([wire[0] ^ 1]) + wire[1:],  # the answer to nothing
        lambda wire: wire[:20],  # cut off
        lambda wire: wire[:2] + b"\x00" + wire[3:],  # no response
        lambda wire: wire[:3] + b"\x02" + wire[4:],  # SERVFAIL
        lambda _wire: b"",
    ],
)
def test_what_is_no_zone_gives_none(change: Callable[[bytes], bytes]) -> None:
    with played(lambda queries: [change(wire) for wire in one_by_one(queries)]) as (address, _):
        assert not gather(address)


def test_more_than_the_limit_is_no_zone() -> None:
    with primary() as engine:
        assert not gather(engine.addresses[0], limit_octets=100)


def test_whoever_gives_no_zone_is_left_after_some_time() -> None:
    def endless(queries: Sequence[dns.message.Message]) -> list[bytes]:
        return whole(queries[0])[:2]

    with played(endless) as (address, _):
        assert not gather(address, patience_s=0.05)
    with played(lambda _queries: []) as (address, _):
        assert not gather(address, patience_s=0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    assert not gather(f"{host}:{port}")  # nobody is there any more


def test_slow_zones_among_quick_ones_hold_nobody_up_for_more_than_twice_the_patience() -> None:
    slow = set(ORIGINS[1::2])

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        quick = takewhile(lambda query: str(query.question[0].name) not in slow, queries)
        return one_by_one(list(quick))

    with played(answer) as (address, answered):
        found = gather(address, patience_s=0.2)
    assert slow.isdisjoint(found)
    assert len(answered) <= 4  # two connections, and another one for each


def test_each_answer_is_followed_by_a_question_at_once() -> None:
    """A server that waits for its small answers to be acknowledged would else wait for us, 40 ms (RFC 1122 section
    4.2.3.2) for every few zones.
    """
    both, rounds = threading.Barrier(2), 5
    seen: dict[int, int] = {}
    waiting: dict[int, list[dns.message.Message]] = {}

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        """At first one answer after each reading, over both connections in step; then all that is wanted."""
        connection = threading.get_ident()
        known = waiting.setdefault(connection, [])
        known += queries
        seen[connection] = seen.get(connection, 0) + 1
        count = len(known)
        if seen[connection] <= rounds:
            both.wait(30)
            count = 1
        ready, known[:] = known[:count], known[count:]
        return one_by_one(ready)

    with played(answer) as (address, _):
        assert set(gather(address)) == set(ORIGINS)
    assert min(seen.values()) > rounds


def test_signals_are_left_to_the_thread_of_the_interpreter() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        gathering = Gathering(f"{host}:{port}", ORIGINS[:1], first_id=1, limit_octets=LIMIT, patience_s=60.0)
        connection, _ = listener.accept()  # so the thread is at work
        tasks = [task for task in Path("/proc/self/task").iterdir() if (task / "comm").read_text() == "gather-0\n"]
        (blocked,) = [re.findall(r"SigBlk:\s(\w+)", (task / "status").read_text()) for task in tasks]
        assert int(blocked[0], 16) & (1 << (signal.SIGTERM - 1))
        connection.close()
        del gathering


def test_zones_that_are_not_wanted_any_more_are_given_up() -> None:
    asked, left = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(1 << 16):
                    asked.set()
                left.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        gathering = Gathering(f"{host}:{port}", ORIGINS[:1], first_id=1, limit_octets=LIMIT, patience_s=60.0)
        assert gathering.take(0.001) == []
        assert asked.wait(30)
        del gathering
        assert left.wait(30)
        thread.join()


def test_whoever_waits_for_zones_takes_no_thread_from_others() -> None:
    async def found(address: str) -> set[str]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        port, is_over = int(address.rpartition(":")[2]), threading.Event()
        other = asyncio.ensure_future(asyncio.to_thread(is_over.wait, 30))
        names = [Name.parse(origin) for origin in ORIGINS]
        portions = fetch_together(names, Contact(Primary("127.0.0.1", port)))
        came = {origin.absolute async for portion in portions for origin, _ in portion}
        assert not other.done()
        is_over.set()
        await other
        return came

    with primary() as engine:
        assert asyncio.run(found(engine.addresses[0])) == set(ORIGINS)


def test_what_makes_no_sense_is_refused() -> None:
    for address in ("127.0.0.1", "nowhere:53", "fe80::1%lo"):
        with pytest.raises(ValueError, match="is not an address with a port"):
            Gathering(address, ORIGINS, first_id=1, limit_octets=LIMIT)
    with pytest.raises(ValueError, match="is no time to wait"):
        Gathering("127.0.0.1:53", ORIGINS, first_id=1, limit_octets=LIMIT, patience_s=-1.0)
    nothing = Gathering("127.0.0.1:53", [], first_id=1, limit_octets=LIMIT)
    assert nothing.take(1.0) is None


def test_several_zones_are_published_in_one_step_or_not_at_all() -> None:
    engine = Engine([])
    zones = [Zone.parse(origin, TEXT) for origin in ORIGINS[:3]]
    engine.publish_zones([(zones[0], [], None), (zones[1], [], 9), (zones[0], [], None)])
    assert [(origin, serial) for origin, serial, _ in engine.zones()] == [(ORIGINS[0], 7), (ORIGINS[1], 9)]
    wrong: object = (f"host.{ORIGINS[1]}", 1, "answer", 60, None, "best", [])
    with pytest.raises(ValueError, match="best"):
        engine.publish_zones([(zones[2], [], None), (zones[1], [wrong], None)])  # type: ignore[list-item]  # as above
    assert [origin for origin, _, _ in engine.zones()] == ORIGINS[:2]
