"""Whatever a hostile primary does to many zones of its own, each has one event that says so, and stays as it is."""

from __future__ import annotations

import base64
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig
import pytest

from understudy.testing.played_primary import Piece, PlayedPrimary, Records, Script, answers, soa
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

pytestmark = pytest.mark.integration

SECRET = bytes(range(32))
KEY = dns.tsig.Key("corp-key.", SECRET, dns.tsig.HMAC_SHA256)
OTHER_SECRET = dns.tsig.Key("corp-key.", SECRET[::-1], dns.tsig.HMAC_SHA256)
MANY = 10  # of one primary: more than are asked for each by itself
NEWER = 200

IMPATIENT = """\
import understudy.service.secondary.contact as contact
import understudy.service.secondary.transfers as transfers
contact.LIMIT_OCTETS = transfers.LIMIT_OCTETS = 200_000
transfers.STALL_S, transfers.LEAST_S = {stall_s}, {least_s}
from understudy.cli.entry import main
main()
"""
"""The program, with bounds that a test can wait for."""


@dataclass
class Hostile:
    """What a primary does instead of giving zones, what that is called, and some of the words that tell of it."""

    script: Script
    code: str
    words: str
    key: dns.tsig.Key | None = None


def origin_of(query: dns.message.Message) -> str:
    return query.question[0].name.to_text()


def version(origin: str, serial: int) -> list[Records]:
    name_server = ("ns." + origin, "A", "192.0.2.53")
    return [
        [soa(serial, origin)],
        [(origin, "NS", "ns." + origin), name_server],
        [("www." + origin, "A", "192.0.2.20")],
        [soa(serial, origin)],
    ]


def whole(query: dns.message.Message, serial: int = NEWER) -> list[bytes]:
    return list(answers(query, version(origin_of(query), serial)))


def in_order(*places: int) -> Script:
    """The parts of a version in another order, or not all of them."""
    return lambda query: answers(query, [version(origin_of(query), NEWER)[place] for place in places])


def without(*places: int) -> Script:
    return lambda query: [message for place, message in enumerate(whole(query)) if place not in places]


def altered(change: Callable[[bytes], bytes]) -> Script:
    return lambda query: [change(message) for message in whole(query)]


def says(rcode: dns.rcode.Rcode, tsig_error: int = 0) -> Script:
    def script(query: dns.message.Message) -> Iterator[Piece]:
        response = dns.message.make_response(query, tsig_error=tsig_error)
        response.set_rcode(rcode)
        yield response.to_wire()

    return script


def stalls(query: dns.message.Message) -> Iterator[Piece]:
    yield from whole(query)[:2]
    yield None


def says_nothing(_query: dns.message.Message) -> Iterator[Piece]:
    yield None


def has_no_end(query: dns.message.Message) -> Iterator[bytes]:
    origin = origin_of(query)
    names = [(f"n{number}.{origin}", "A", "192.0.2.1") for number in range(500)]
    first, more = answers(query, [[soa(NEWER, origin)], names])
    yield first
    while True:
        yield more


def drips(query: dns.message.Message) -> Iterator[Piece]:
    parts = ([(f"n{number}.{origin_of(query)}", "A", "192.0.2.1")] for number in count())
    for message in answers(query, (part for some in ([[soa(NEWER, origin_of(query))]], parts) for part in some)):
        yield message
        time.sleep(0.3)


def of_another_name(query: dns.message.Message) -> Iterator[Piece]:
    parts = version(origin_of(query), NEWER)
    parts[2] = [("www.elsewhere.org.", "A", "192.0.2.1")]
    return answers(query, parts)


def another_question(query: dns.message.Message) -> Iterator[Piece]:
    other = dns.message.make_query("example.org.", query.question[0].rdtype, id=query.id)
    return answers(other, version("example.org.", NEWER))


def cut(query: dns.message.Message) -> Iterator[Piece]:
    query.use_edns(False)  # dnspython's word for none, so that what is cut is a record of the zone
    yield whole(query)[0][:-3]


def bare(query: dns.message.Message) -> list[bytes]:
    return whole(dns.message.make_query(query.question[0].name, query.question[0].rdtype, id=query.id))


def unsigned(*places: int) -> Script:
    """These messages have no signature."""
    return lambda query: [
        plain if place in places else proven
        for place, (proven, plain) in enumerate(zip(whole(query), bare(query), strict=True))
    ]


def other_secret(query: dns.message.Message) -> Iterable[Piece]:
    query.use_tsig(OTHER_SECRET)
    return whole(query)


def other_key(query: dns.message.Message) -> Iterable[Piece]:
    query.use_tsig(dns.tsig.Key("evil-key.", SECRET, dns.tsig.HMAC_SHA256))
    return whole(query)


def replays(query: dns.message.Message) -> Iterable[Piece]:
    """What was a good answer to another query of this key, with the id of this one."""
    earlier = dns.message.make_query(query.question[0].name, query.question[0].rdtype)
    earlier.use_tsig(KEY)
    wire: Any = earlier.to_wire()
    kept = whole(dns.message.from_wire(wire, keyring={KEY.name: KEY}))
    return [query.id.to_bytes(2) + message[2:] for message in kept]


ADDRESS = bytes((192, 0, 2, 20))
IN, CHAOS = (b"\0\1\0" + bytes((number,)) + b"\0\0\0\x3c\0\4" + ADDRESS for number in (1, 3))
NO_VERSION = "sent no version of the zone: "

FAULTS = {
    "silent, stalling and dripping": [
        Hostile(stalls, "transfer.stalled", "stalled: nothing whole in 2 s"),
        Hostile(says_nothing, "transfer.stalled", "stalled: nothing whole in 2 s"),
        Hostile(drips, "transfer.stalled", "stalled: less than 10,240 octets in 1.5 s"),
        Hostile(stalls, "transfer.stalled", "stalled: nothing whole in 2 s", KEY),
    ],
    "broken off, cut and endless": [
        Hostile(without(2, 3), "transfer.unfinished", "broke the transfer off"),
        Hostile(lambda _query: (), "transfer.unfinished", "broke the transfer off"),
        Hostile(cut, "transfer.malformed", NO_VERSION + "a record cannot be read"),
        Hostile(altered(lambda it: it[:2] + bytes((it[2] | 2,)) + it[3:]), "transfer.malformed", "was cut off"),
        Hostile(has_no_end, "transfer.too-large", "the transfer is larger than 200000 octets"),
        Hostile(lambda query: answers(query, [[]]), "transfer.malformed", "has no records"),
    ],
    "not what was asked for": [
        Hostile(altered(lambda it: it.replace(IN, CHAOS)), "transfer.foreign", "is not of class IN"),
        Hostile(of_another_name, "transfer.foreign", NO_VERSION + "www.elsewhere.org. is not in the zone"),
        Hostile(altered(lambda it: bytes((it[0] ^ 1,)) + it[1:]), "transfer.mismatch", "no response to our query"),
        Hostile(another_question, "transfer.mismatch", "repeats another question"),
        Hostile(in_order(1, 0, 2, 3), "transfer.soa", "does not begin with the SOA"),
        Hostile(in_order(0, 3, 1, 2), "transfer.zone", "has no NS record"),
    ],
    "no": [
        Hostile(says(dns.rcode.SERVFAIL), "transfer.refused", "answered SERVFAIL"),
        Hostile(says(dns.rcode.REFUSED), "transfer.refused", "answered REFUSED"),
        Hostile(says(dns.rcode.NOTAUTH), "transfer.refused", "answered NOTAUTH"),
        Hostile(says(dns.rcode.FORMERR), "transfer.misunderstood", "answered FORMERR"),
        Hostile(says(dns.rcode.NOTIMP), "transfer.misunderstood", "answered NOTIMP"),
    ],
    "signed wrongly": [
        Hostile(unsigned(0, 1, 2, 3), "transfer.unsigned", "sent what is not signed", KEY),
        Hostile(unsigned(3), "transfer.unsigned", "sent what is not signed", KEY),
        Hostile(unsigned(2), "transfer.signature", "does not prove it", KEY),
        Hostile(other_secret, "transfer.signature", "does not prove it", KEY),
        Hostile(other_key, "transfer.signature", "does not prove it: another_key", KEY),
    ],
    "forged": [
        Hostile(replays, "transfer.signature", "does not prove it", KEY),
        Hostile(altered(lambda it: it.replace(ADDRESS, bytes((192, 0, 2, 66)))), "transfer.signature", "prove it", KEY),
        Hostile(without(1), "transfer.signature", "does not prove it", KEY),
        Hostile(without(3), "transfer.unfinished", "broke the transfer off", KEY),
        Hostile(says(dns.rcode.NOTAUTH, dns.rcode.BADTIME), "transfer.key", "BADTIME, its clock and ours differ", KEY),
        Hostile(says(dns.rcode.NOTAUTH, dns.rcode.BADKEY), "transfer.key", "BADKEY, it knows no key", KEY),
    ],
}


@dataclass
class Victims:
    """Zones of one primary: those that are never here, and those that are here when it turns hostile."""

    hostile: Hostile
    played: PlayedPrimary
    empty: Sequence[str]
    held: Sequence[str]
    has_turned: bool = False

    def give(self, query: dns.message.Message) -> Iterable[Piece]:
        is_good = not self.has_turned and origin_of(query).rstrip(".") in self.held
        return whole(query, 1) if is_good else self.hostile.script(query)

    def turn(self, port: int) -> None:
        self.has_turned, self.played.serial = True, NEWER
        for origin in self.held:
            message = dns.message.make_query(origin, "SOA")
            message.set_opcode(dns.opcode.NOTIFY)
            assert dns.query.udp(message, "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.NOERROR


class Impatient(RunningServer):
    """A server that gives up soon."""

    stall_s, least_s = 60.0, 300.0

    def command(self, *words: str) -> Sequence[str]:
        command = list(super().command(*words))
        program = [sys.executable, "-c", IMPATIENT.format(stall_s=self.stall_s, least_s=self.least_s)]
        return [*program, *command[3:]] if words[0] == "serve" else command


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Impatient]:
    found = Impatient(tmp_path, free_port())
    yield found
    found.stop()


def configure(server: RunningServer, all_victims: Iterable[Victims]) -> None:
    secret = server.write("corp.key", base64.b64encode(SECRET).decode())
    secret.chmod(0o600)
    lines = ["listen: 127.0.0.1:{port}", "state_dir: state"]
    lines += ["keys:", "  corp-key: {algorithm: hmac-sha256, secret_file: corp.key}", "zones:"]
    for victims in all_victims:
        key = ", key: corp-key" if victims.hostile.key is not None else ""
        primary = victims.played.primary
        for origin in (*victims.empty, *victims.held):
            lines.append(f"  {origin}: {{source: transfer, primaries: [{{address: '{primary}'{key}}}]}}")
    server.write("understudy.yaml", "\n".join(lines) + "\n")


Told = dict[str, list[tuple[str, str]]]
"""What was told of each zone: codes and words."""


def complaints(server: RunningServer) -> Told:
    with server.api() as api:
        events = api.get("/events", params={"limit": 10_000, "kind": "zone"}).json()
    found: Told = {}
    for event in events:
        if event["detail"].get("codes"):
            found.setdefault(event["subject"], []).append((" ".join(event["detail"]["codes"]), event["text"]))
    return found


def are_told(server: RunningServer, everybody: Iterable[Victims]) -> bool:
    found = complaints(server)
    return all(
        any(codes == victims.hostile.code for codes, _ in found.get(origin, ()))
        for victims in everybody
        for origin in (*victims.empty, *victims.held)
    )


def enter(stack: ExitStack, number: int, hostile: Hostile, size: int) -> Victims:
    played = stack.enter_context(PlayedPrimary(1, lambda _query: (), hostile.key))
    empty, held = ([f"{place}.{what}-{number}-{size}.example" for place in range(size)] for what in ("empty", "held"))
    victims = Victims(hostile, played, empty, held)
    played.script = victims.give
    return victims


def check(victims: Victims, found: Told) -> None:
    """A machine that is busy may find that nobody is there, between two that say what is the matter."""
    hostile = victims.hostile
    for origin in (*victims.empty, *victims.held):
        told = found[origin]
        assert {codes for codes, _ in told} - {"transfer.unreachable"} == {hostile.code}, (hostile.words, told)
        assert all(one != other for (one, _), (other, _) in pairwise(told)), told
        text = next(text for codes, text in told if codes == hostile.code)
        assert hostile.words in text
        assert str(victims.played.primary) in text
        assert "; asked again in " in text
        what = "serial 1 stays: " if origin in victims.held else "there is no version to answer from: "
        assert text.startswith(f"not refreshed, {what}")


@pytest.mark.parametrize("kind", FAULTS)
def test_each_zone_of_a_hostile_primary_has_one_event_that_says_what_it_does(server: Impatient, kind: str) -> None:
    if "stalling" in kind:
        server.stall_s, server.least_s = 2.0, 1.5
    with ExitStack() as stack:
        everybody = [
            enter(stack, number, hostile, size) for number, hostile in enumerate(FAULTS[kind]) for size in (1, MANY)
        ]
        configure(server, everybody)
        server.start()
        held = [origin for victims in everybody for origin in victims.held]
        wait_until(lambda: all(server.addresses(f"www.{origin}") for origin in held), "what can come is here")
        for victims in everybody:
            victims.turn(server.port)
        wait_until(lambda: are_told(server, everybody), "all is told", 90)
        found = complaints(server)
        for victims in everybody:
            check(victims, found)
        assert Counter(server.ask(origin, "SOA").answer[0][0].serial for origin in held) == {1: len(held)}
        assert all(server.addresses(f"www.{origin}") == ["192.0.2.20"] for origin in held)
        shown = " ".join(server.run("status").stdout.split())
        history = server.run("events", "--limit", "10000").stdout
        assert all(victims.hostile.words in shown and victims.hostile.words in history for victims in everybody)
