"""Many zones from one primary at once: from an engine, and from servers that a test plays with dnspython."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import dns.tsig
import pytest

from understudy.engine import Engine, Gathering, TsigKey, Zone
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.together import gather as fetch_together
from understudy.testing.pipelined import (
    COUNT,
    LIMIT,
    ORIGINS,
    SECRET,
    TEXT,
    gather_all,
    one_by_one,
    played,
    primary,
    said,
    whole,
    zone_sets,
)


def gather(address: str, wanted: Sequence[str | Zone] = ORIGINS, **terms: object) -> dict[str, Zone]:
    """The zones that come; the primary says no to none."""
    found = gather_all(address, wanted, **terms)
    zones = {origin: zone for origin, zone in found.items() if isinstance(zone, Zone)}
    assert zones == found
    return zones


def test_all_zones_come_as_their_primary_has_them() -> None:
    # RFC 5936 section 2.1: the query; section 4.1: one connection for many
    with primary() as engine:
        found = gather(engine.addresses[0])
        accepted = engine.counters()["tcp.accepted"]
    assert set(found) == set(ORIGINS)
    assert found[ORIGINS[3]].rrsets() == Zone.parse(ORIGINS[3], TEXT).rrsets()
    assert found[ORIGINS[3]].origin == ORIGINS[3]
    assert accepted in {1, 2}  # one may have all of them before the other begins


def test_a_zone_that_is_refused_is_named_and_the_others_come() -> None:
    with primary() as engine:
        engine.set_access(ORIGINS[5], [], [])
        found = gather_all(engine.addresses[0])
    assert set(found) == set(ORIGINS)
    assert [origin for origin, zone in found.items() if zone == "REFUSED"] == [ORIGINS[5]]


def test_with_a_key_everything_is_signed_and_has_to_be() -> None:
    key = TsigKey("corp.", "hmac-sha256", SECRET)
    with primary("corp.", networks=()) as engine:
        assert set(gather_all(engine.addresses[0]).values()) == {"REFUSED"}
        assert set(gather(engine.addresses[0], key=key)) == set(ORIGINS)
        assert not gather(engine.addresses[0], key=TsigKey("corp.", "hmac-sha256", bytes(32)))
    with played(one_by_one) as (address, _):
        assert len(gather(address)) == COUNT
        assert not gather(address, key=key)


def test_what_is_newer_than_the_versions_held_comes_as_differences() -> None:
    # RFC 1995 section 3: the query has the SOA of what is held
    held = [Zone.parse(origin, TEXT) for origin in ORIGINS]
    with primary() as engine:
        for origin in ORIGINS[:50]:
            version = Zone.parse(origin, TEXT.replace(b" 7 ", b" 8 ").replace(b"192.0.2.10", b"192.0.2.20"))
            engine.publish_zones([(version, [], 8)])
            engine.commit(engine.prepare(origin, 8, [], version))
        found = gather_all(engine.addresses[0], held)
        counters = engine.counters()
    assert set(found) == set(ORIGINS[:50])  # of a version that is held nothing is said
    assert counters["transfers.ixfr"] == len(ORIGINS)
    assert counters["transfers.octets"] < 300 * len(ORIGINS)
    assert {zone.serial for zone in found.values() if isinstance(zone, Zone)} == {8}
    first = found[ORIGINS[0]]
    assert isinstance(first, Zone)
    assert first.rrset(f"host.{ORIGINS[0]}", 1) == (f"host.{ORIGINS[0]}", 1, 60, [bytes([192, 0, 2, 20])])


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


@pytest.mark.parametrize("wanted", [ORIGINS, [ORIGINS[20], *ORIGINS[:3]]], ids=["many", "the first of few"])
def test_a_zone_that_breaks_each_connection_is_left_and_the_others_come(wanted: Sequence[str]) -> None:
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        if ORIGINS[20] in [str(query.question[0].name) for query in queries]:
            raise ConnectionResetError
        return one_by_one(queries)

    with played(answer) as (address, _):
        found = gather(address, wanted)
    assert set(found) == set(wanted) - {ORIGINS[20]}


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: bytes([wire[0] ^ 1]) + wire[1:],  # the answer to nothing
        lambda wire: wire[:20],  # cut off
        lambda wire: wire[:2] + b"\x00" + wire[3:],  # no response
        lambda _wire: b"",
    ],
)
def test_what_is_no_zone_gives_none(change: Callable[[bytes], bytes]) -> None:
    with played(lambda queries: [change(wire) for wire in one_by_one(queries)]) as (address, _):
        assert not gather(address)


def signed(query: dns.message.Message, numbers: set[int]) -> list[bytes]:
    """As `whole`, with signatures in these messages, each of which proves those before it (RFC 8945 section 5.3.1)."""
    context: Any = None  # dnspython's, from the first signature on
    wires = []
    for number, rrset in enumerate(zone_sets(query)):
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer = [rrset]
        if number in numbers:
            wires.append(response.to_wire(multi=True, tsig_ctx=context))
            context = response.tsig_ctx
        else:
            response.tsig = None
            wires.append(response.to_wire())
            context.update(wires[-1])
    return wires


@pytest.mark.parametrize(("numbers", "is_proven"), [({0, 1, 2}, True), ({0, 2}, True), ({0, 1}, False), ({0}, False)])
def test_the_last_message_of_a_zone_has_to_prove_all_of_it(numbers: set[int], is_proven: bool) -> None:
    key = dns.tsig.Key("corp.", SECRET, "hmac-sha256")

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        return [wire for query in queries for wire in signed(query, numbers)]

    with played(answer, keyring={key.name: key}) as (address, _):
        found = gather(address, key=TsigKey("corp.", "hmac-sha256", SECRET))
    assert len(found) == (COUNT if is_proven else 0)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_message_that_was_changed_on_its_way_proves_nothing(number: int) -> None:
    key = dns.tsig.Key("corp.", SECRET, "hmac-sha256")

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        wires = [signed(query, {0, 2}) for query in queries]
        for zone in wires:
            zone[number] = zone[number].replace(b"\0\x3c\0", b"\0\x3d\0")  # the TTL of 60 s
        return [wire for zone in wires for wire in zone]

    with played(answer, keyring={key.name: key}) as (address, _):
        assert not gather(address, key=TsigKey("corp.", "hmac-sha256", SECRET))


@pytest.mark.parametrize(
    "change",
    [
        lambda sets: sets[:2],  # it has no end
        lambda sets: sets[1:],  # nor a beginning
        lambda sets: [sets[0], sets[2]],  # the NS records are lost
        lambda sets: [*sets[:2], another(sets[2], serial=8)],
        lambda sets: [sets[0], another(sets[1], owner="host.other.example."), *sets[1:]],
        lambda sets: [another(sets[0], owner="other.example."), *sets[1:]],
        lambda sets: [*sets, sets[1]],  # something behind its end
    ],
)
def test_records_that_make_no_whole_zone_give_none(
    change: Callable[[list[dns.rrset.RRset]], list[dns.rrset.RRset]],
) -> None:
    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        return [said(query, change(zone_sets(query))) for query in queries]

    with played(answer) as (address, _):
        assert not gather(address, patience_s=0.3)


def another(rrset: dns.rrset.RRset, owner: str = "", serial: int | None = None) -> dns.rrset.RRset:
    text = rrset[0].to_text() if serial is None else rrset[0].to_text().replace(" 7 ", f" {serial} ")
    return dns.rrset.from_text(owner or rrset.name, rrset.ttl, "IN", rrset.rdtype, text)


def test_nothing_older_than_what_is_held_is_taken() -> None:
    # RFC 1982; RFC 1995 section 4
    held = [Zone.parse(origin, TEXT.replace(b" 7 ", b" 8 ")) for origin in ORIGINS]
    with played(one_by_one) as (address, _):
        assert not gather(address, held)


def test_for_how_long_a_zone_is_good_comes_with_it() -> None:
    # RFC 7314 section 4
    with primary() as engine:
        assert {zone.expire_s for zone in gather(engine.addresses[0]).values()} == {10_000}


def test_an_rcode_that_is_not_signed_is_none() -> None:
    key = TsigKey("corp.", "hmac-sha256", SECRET)
    with played(lambda queries: [said(query, [], dns.rcode.SERVFAIL) for query in queries]) as (address, _):
        assert gather_all(address) == dict.fromkeys(ORIGINS, "SERVFAIL")
        assert not gather_all(address, key=key)


def test_a_server_that_gives_as_many_zones_away_as_it_may_is_asked_once_more() -> None:
    asked: Counter[str] = Counter()

    def answer(queries: Sequence[dns.message.Message]) -> list[bytes]:
        asked.update(str(query.question[0].name) for query in queries)
        return [
            wire
            for query in queries
            for wire in (whole(query) if asked[str(query.question[0].name)] > 1 else busy(query))
        ]

    def busy(query: dns.message.Message) -> list[bytes]:
        return [said(query, [], dns.rcode.SERVFAIL)]

    with played(answer) as (address, _):
        assert set(gather(address)) == set(ORIGINS)
    with played(lambda queries: [wire for query in queries for wire in busy(query)]) as (address, _):
        assert gather_all(address) == dict.fromkeys(ORIGINS, "SERVFAIL")


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
        names = dict.fromkeys(Name.parse(origin) for origin in ORIGINS)
        portions = fetch_together(names, Contact(Primary("127.0.0.1", port, via="127.0.0.3")))
        came = {origin.absolute async for portion in portions for origin, _ in portion}
        assert not other.done()
        is_over.set()
        await other
        return came

    with primary(networks=["127.0.0.3/32"]) as engine:
        assert asyncio.run(found(engine.addresses[0])) == set(ORIGINS)


def test_a_primary_sees_the_address_that_it_is_to_see() -> None:
    with primary(networks=["127.0.0.3/32"]) as engine:
        assert set(gather_all(engine.addresses[0], via="127.0.0.2").values()) == {"REFUSED"}
        assert len(gather(engine.addresses[0], via="127.0.0.3")) == COUNT


def test_nothing_comes_by_an_address_that_is_not_of_this_host() -> None:
    with primary() as engine:
        assert gather(engine.addresses[0], via="203.0.113.1") == {}


def test_what_makes_no_sense_is_refused() -> None:
    for address in ("127.0.0.1", "nowhere:53", "fe80::1%lo"):
        with pytest.raises(ValueError, match="is not an address with a port"):
            Gathering(address, ORIGINS, first_id=1, limit_octets=LIMIT)
    with pytest.raises(ValueError, match="is not an address"):
        Gathering("127.0.0.1:53", ORIGINS, first_id=1, limit_octets=LIMIT, via="127.0.0.2:53")
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
