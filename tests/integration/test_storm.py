"""Queries without a pause while records flip and the zone reloads: every one is answered, and none wrongly."""

import itertools
import random
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import httpx2
import pytest

from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

STORM_S = 20.0
CLIENTS = 2
WINDOW = 32  # queries of one client that are under way; far fewer than a socket's buffer holds
BREATH_S = 0.003
LOST_S = 5.0
RECORDS = 20
RELOAD_S = 0.4

CONFIGURATION = "\n".join(
    [
        "listen: 127.0.0.1:{port}",
        "server: {threads: 2}",
        "zones: {example.com: {file: example.com.zone}}",
        "records:",
        *(f"  r{n}.example.com: {{tiers: [[192.0.2.{n}], [198.51.100.{n}]], ttl: 30}}" for n in range(1, RECORDS + 1)),
        '  "*.wild.example.com": {tiers: [[192.0.2.200], [198.51.100.200]]}',
        "",
    ]
)
ZONE = """\
$TTL 1h
@ IN SOA ns1 hostmaster {version} 1h 15m 1w 60
  IN NS ns1
ns1 IN A 127.0.0.1
version IN TXT "{version}"
        IN A 10.0.{high}.{low}
"""


@dataclass(slots=True)
class Truth:
    """What may be answered now. An endpoint under change may be answered with its old or its new state."""

    answers: dict[str, frozenset[str]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    written: int = 1  # the newest version of the zone that was given to the server

    def may_say(self, name: str, before: tuple[int, frozenset[str]]) -> frozenset[str]:
        """What an answer may be whose query went out when `before` held."""
        changes, answers = before
        now = self.answers[name]
        return answers | now if self.changes[name] - changes < 2 else both(name)

    def mark(self, name: str) -> tuple[int, frozenset[str]]:
        return self.changes[name], self.answers[name]


def both(name: str) -> frozenset[str]:
    last = "200" if "wild" in name else name.split(".", maxsplit=1)[0].removeprefix("r")
    return frozenset({f"192.0.2.{last}", f"198.51.100.{last}"})


STEERED = [*(f"r{n}.example.com" for n in range(1, RECORDS + 1)), "one.wild.example.com"]
QUESTIONS = [
    *((name, rtype) for name in STEERED for rtype in ("A", "A", "AAAA")),
    *[("version.example.com", "TXT"), ("version.example.com", "A")] * 10,
    ("nothing.example.com", "A"),
    ("example.com", "SOA"),
]


@dataclass(frozen=True, slots=True)
class Question:
    """One that is under way; `before` is what may be answered as it goes out, `version` the oldest zone likewise."""

    name: str
    rtype: str
    before: tuple[int, frozenset[str]]
    version: int
    sent_at: float


class Client(threading.Thread):
    """Asks and judges until told to end; `faults` says what was wrong."""

    def __init__(self, truth: Truth, port: int, end: threading.Event) -> None:
        super().__init__(daemon=True)
        self.faults: list[str] = []
        self.asked = self.answered = 0
        self.seen: Counter[str] = Counter()
        self._truth = truth
        self._port = port
        self._end = end
        self._open: dict[int, Question] = {}
        self._version = 1
        self._read: dict[tuple[str, str, bytes], dns.message.Message] = {}
        self._wires = {each: dns.message.make_query(*each, use_edns=0, payload=1232).to_wire() for each in QUESTIONS}

    def run(self) -> None:
        numbers = itertools.cycle(range(1, 1 << 16))
        with socket.socket(type=socket.SOCK_DGRAM) as link:
            link.connect(("127.0.0.1", self._port))
            while not self._end.is_set() and len(self.faults) < 20:
                while len(self._open) < WINDOW:
                    self._ask(link, next(numbers))
                self._hear(link, 0.1)
                self._breathe()
            while self._open and self._hear(link, LOST_S):
                pass
        self.faults += [f"no answer: {each.name} {each.rtype}" for each in self._open.values()]

    def _breathe(self) -> None:
        """Leave the machine some time for the changes: this is about right answers, not about many."""
        if self.answered % WINDOW == 0:
            time.sleep(BREATH_S)

    def _ask(self, link: socket.socket, number: int) -> None:
        name, rtype = random.choice(QUESTIONS)
        before = self._truth.mark(name) if name in STEERED else (0, frozenset[str]())
        self._open[number] = Question(name, rtype, before, self._version, time.monotonic())
        link.send(number.to_bytes(2, "big") + self._wires[name, rtype][2:])
        self.asked += 1

    def _hear(self, link: socket.socket, limit_s: float) -> bool:
        """Take what has come; whether anything has."""
        if not select.select([link], [], [], limit_s)[0]:
            late = [each for each in self._open.values() if time.monotonic() - each.sent_at > LOST_S]
            self.faults += [f"late: {each.name} {each.rtype}" for each in late]
            return False
        octets = link.recv(65535)
        question = self._open.pop(int.from_bytes(octets[:2], "big"), None)
        if question is None:
            self.faults.append("an answer to no question")
            return True
        self.answered += 1
        key = (question.name, question.rtype, octets[2:])
        if key not in self._read:
            self._read[key] = dns.message.from_wire(octets)
        if fault := self._judge(question, self._read[key]):
            self.faults.append(f"{question.name} {question.rtype}: {fault}")
        return True

    def _judge(self, question: Question, response: dns.message.Message) -> str:
        """What is wrong; empty: nothing."""
        expected = dns.rcode.NXDOMAIN if question.name.startswith("nothing") else dns.rcode.NOERROR
        if response.rcode() != expected:
            return dns.rcode.to_text(response.rcode())
        if question.name in STEERED:
            return self._judge_steered(question, response)
        return self._judge_version(question, response)

    def _judge_steered(self, question: Question, response: dns.message.Message) -> str:
        texts = [record.to_text() for rrset in response.answer for record in rrset]
        if question.rtype == "AAAA":
            return "" if not texts and response.authority else f"NODATA expected, seen {response.to_text()}"
        allowed = self._truth.may_say(question.name, question.before)
        if len(texts) != 1 or texts[0] not in allowed:
            return f"one of {sorted(allowed)} expected, seen {texts}"
        self.seen[texts[0]] += 1
        return "" if response.answer[0].ttl <= 30 else f"ttl {response.answer[0].ttl}"

    def _judge_version(self, question: Question, response: dns.message.Message) -> str:
        """A version never goes back, and never runs ahead of the file."""
        sections = response.answer or response.authority
        version = read_version(sections[0][0].to_text(), question.rtype if response.answer else "SOA")
        if not question.version <= version <= self._truth.written:
            return f"version {question.version} to {self._truth.written} expected, seen {version}"
        self._version = max(self._version, version)
        return ""


def read_version(text: str, rtype: str) -> int:
    if rtype == "A":
        _, _, high, low = text.split(".")
        return int(high) * 250 + int(low)
    return int(text.strip('"') if rtype == "TXT" else text.split()[2])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path, free_port())
    running.write("understudy.yaml", CONFIGURATION)
    write_zone(running, 1)
    running.start()
    yield running
    assert running.stop() == 0


def write_zone(server: RunningServer, version: int) -> None:
    """As an editor does: the new file takes the old one's place at once."""
    text = ZONE.format(version=version, high=version // 250, low=version % 250)
    server.write("new.zone", text).replace(server.folder / "example.com.zone")


def flip(api: httpx2.Client, truth: Truth, name: str) -> None:
    """Force the primary down, or release it, and hold the server to it from the moment when it says that it is done."""
    first, second = sorted(both(name))
    is_up = truth.answers[name] == {first}
    truth.answers[name] = both(name)
    truth.changes[name] += 1
    if is_up:
        document = {"kind": "force_down", "subject": first, "reason": "storm"}
        api.post("/overrides", json=document).raise_for_status()
    else:
        api.post("/release", json={"subject": first}).raise_for_status()
    truth.answers[name] = frozenset({second if is_up else first})


def test_no_query_gets_a_wrong_or_missing_answer_in_a_storm_of_changes(server: RunningServer) -> None:
    truth = Truth({name: frozenset({min(both(name))}) for name in STEERED})
    end = threading.Event()
    clients = [Client(truth, server.port, end) for _ in range(CLIENTS)]
    names = itertools.cycle(random.sample(STEERED, len(STEERED)))
    with ExitStack() as storm, server.api() as api:
        for client in clients:
            client.start()
            storm.callback(client.join)
        storm.callback(end.set)
        begun = reloaded_at = time.monotonic()
        while (now := time.monotonic()) - begun < STORM_S and all(client.is_alive() for client in clients):
            flip(api, truth, next(names))
            if now - reloaded_at > RELOAD_S:
                reloaded_at = now
                truth.written += 1
                write_zone(server, truth.written)
                server.hang_up()
    assert [fault for client in clients for fault in client.faults] == []
    assert all(client.asked == client.answered for client in clients)
    wait_until(
        lambda: server.addresses("version.example.com", "TXT") == [f'"{truth.written}"'], "the last version is served"
    )
    assert sum(client.asked for client in clients) > 5_000
    assert truth.changes.total() >= 2 * len(STEERED)
    assert truth.written > 5
    seen = sum((client.seen for client in clients), Counter[str]())
    assert set(seen) == set().union(*map(both, STEERED)), "each answer was given at some time"
    assert {name: frozenset(server.addresses(name)) for name in STEERED} == truth.answers
