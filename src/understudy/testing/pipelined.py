"""Primaries that are asked many things over one connection: an engine, and servers that a test plays with dnspython."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsig

from understudy.engine import Engine, Gathering, Zone

COUNT = 60
LIMIT = 1 << 20  # octets of a zone
ORIGINS = [f"zone{number}.example." for number in range(COUNT)]
LENGTH_OCTETS = 2  # RFC 1035 4.2.2
SECRET = bytes(range(32))
TEXT = b"@ 60 SOA ns hostmaster 7 1000 100 10000 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nhost 60 A 192.0.2.10\n"

Answer: TypeAlias = Callable[[Sequence[dns.message.Message]], list[bytes]]
"""The messages that answer some queries."""


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
def played(
    answer: Answer, answers_in_all: int = 10_000, *, keyring: dict[dns.name.Name, dns.tsig.Key] | None = None
) -> Iterator[tuple[str, list[int]]]:
    """A server that answers what comes together, and leaves each connection after so many answers.

    Its address, and how many queries were answered over each connection. With keys the answers know whose they are.
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
                    queries, octets = split(octets + more, keyring)
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


def split(octets: bytes, keyring: dict[dns.name.Name, dns.tsig.Key] | None) -> tuple[list[dns.message.Message], bytes]:
    """The queries that are whole, without their signatures if there are no keys, and what is left."""
    queries: list[dns.message.Message] = []
    while len(octets) >= (end := LENGTH_OCTETS + int.from_bytes(octets[:LENGTH_OCTETS])) > LENGTH_OCTETS:
        query = dns.message.from_wire(octets[LENGTH_OCTETS:end], keyring=keyring or False)
        queries.append(query if keyring else _bare(query))
        octets = octets[end:]
    return queries, octets


def _bare(query: dns.message.Message) -> dns.message.Message:
    question = query.question[0]
    bare = dns.message.make_query(question.name, question.rdtype, id=query.id)
    bare.use_edns(0, options=list(query.options))
    bare.authority = query.authority
    return bare


def said(query: dns.message.Message, answer: Sequence[dns.rrset.RRset], rcode: dns.rcode.Rcode | None = None) -> bytes:
    """An answer with authority."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer = list(answer)
    response.set_rcode(rcode or dns.rcode.NOERROR)
    return response.to_wire()


def one_by_one(queries: Sequence[dns.message.Message]) -> list[bytes]:
    """The zones of all queries, in order."""
    return [wire for query in queries for wire in whole(query)]


def whole(query: dns.message.Message) -> list[bytes]:
    """The zone, in a message for each record."""
    return [said(query, [each]) for each in zone_sets(query)]


def zone_sets(query: dns.message.Message) -> list[dns.rrset.RRset]:
    """What the zone of a query has, as a transfer brings it."""
    name = query.question[0].name
    soa = dns.rrset.from_text(name, 60, "IN", "SOA", "ns.example. root.example. 7 1000 100 10000 60")
    return [soa, dns.rrset.from_text(name, 60, "IN", "NS", "ns.example."), soa]


def gather_all(address: str, wanted: Sequence[str | Zone] = ORIGINS, **terms: object) -> dict[str, Zone | str]:
    """The zones that come, and the rcodes in the place of those to which the primary says no."""
    known = {"first_id": 65_500, "limit_octets": LIMIT, "patience_s": 2.0, **terms}
    gathering = Gathering(address, wanted, **known)  # type: ignore[arg-type]  # each test has its own
    origins = [each.origin if isinstance(each, Zone) else each for each in wanted]
    found: dict[str, Zone | str] = {}
    while (some := gathering.take(1.0)) is not None:
        for place, zone in some:
            if origins[place] in found:
                raise AssertionError(f"{origins[place]} came twice")
            found[origins[place]] = zone
    return found
