"""The field of one case: every server started, answering, checked and warm."""

from __future__ import annotations

import mmap
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from benchmarks.contest.cases import MANY, Asking, Case
from benchmarks.contest.competitors.competitor import ADDRESS, ENDPOINTS, Competitor, Place
from benchmarks.contest.generator import PROGRAM, Generator
from benchmarks.contest.process import Process, endpoints
from benchmarks.contest.questions import Question, message, write
from understudy.testing.ports import free_port

LOOK_S = 0.002
SETTLE_S = 6.0
"""Until probes have been made three times a second apart, and what the first answers left behind is gone."""
ASK_S = 0.02
QUIET_LOOK_S = 0.5
QUIET_LOOKS, QUIET_LOOKS_MANY = 2, 12
"""How often a server that answers has nothing more to do before the next one starts on the same core.

Twelve where starts are judged: Understudy makes its API five seconds after its start, in 0.3 s of the core.
"""
FRESH_OCTETS = 1 << 30
"""More than any server of the comparison takes for its start."""
IS_RESPONSE = 0x80
SAMPLE = 200
ECHO = "echo"
"""A bare one: sockets as they are, each datagram back as it came, in batches."""
UNCUT = f"{ECHO}, uncut"
"""One that forbids cutting its packets, as Understudy does: the limit of a server that knows its kernel."""
STATIC = ", static names"
"""Behind the key of a server that is asked for the static names of a steered case."""


@dataclass(frozen=True, slots=True)
class Runner:
    """A server that answers, with its own generator."""

    key: str
    process: Process
    generator: Generator
    load_s: float


@dataclass(frozen=True, slots=True)
class Cores:
    """One core serves, another asks: neither waits for the other's turn."""

    server: int
    generator: int


@dataclass(frozen=True, slots=True)
class Ground:
    """What all of a case's servers have in common."""

    case: Case
    folder: Path
    cores: Cores
    say: Callable[[str], None]
    threads: int = 1
    wrapper: Sequence[str] = ()
    """What runs a server's command, if it is not run by itself."""
    patience_s: float = 90.0
    """How long a server may take until it answers."""

    @property
    def zone_file(self) -> Path:
        return self.folder / "example.com.zone"

    def queries(self, asking: Asking = Asking.CASE) -> Path:
        """The file of these questions."""
        return self.folder / f"queries-{asking.value}"

    def prepare(self) -> None:
        with self.zone_file.open("w") as file:
            file.writelines(self.case.zone())
        for asking in Asking:
            write(self.case.questions(asking), self.queries(asking))


@contextmanager
def line_up(ground: Ground, competitors: Sequence[Competitor]) -> Iterator[Mapping[str, Runner]]:
    """Start everybody one by one, and the echoes. Who does not come up, or answers wrong, is left out aloud."""
    ground.prepare()
    with ExitStack() as stack:
        port = stack.enter_context(endpoints(ENDPOINTS))
        options = {ECHO: (), UNCUT: ("--uncut",)}
        runners = {key: stack.enter_context(_echo(key, ground, *more)) for key, more in options.items()}
        for competitor in competitors:
            runner = start(stack, competitor, ground, endpoint_port=port)
            if runner is None:
                continue
            if ground.case.is_steered:
                runner.generator.pace(1.0, 2_000)
                time.sleep(SETTLE_S)
            sample = list(islice(ground.case.questions(asking_of(competitor)), SAMPLE))
            complaint = first_wrong(sample, runner.generator.port)
            if complaint:
                ground.say(f"{competitor.key}: left out, {complaint}")
                runner.process.stop()
                continue
            ground.say(f"{competitor.key}: answers after {runner.load_s:.2f} s, {runner.process.memory_mib():.0f} MiB")
            looks = QUIET_LOOKS_MANY if ground.case.names >= MANY else QUIET_LOOKS
            runner.process.settle(QUIET_LOOK_S, looks, ground.patience_s)
            runners[competitor.key] = runner
            if ground.case.has_static:
                generator = replace(runner.generator, queries=ground.queries(Asking.STATIC))
                runners[f"{competitor.key}{STATIC}"] = replace(runner, generator=generator)
        yield runners


def asking_of(competitor: Competitor) -> Asking:
    """What this server's answers are compared with."""
    return Asking.CASE if competitor.follows_aliases else Asking.ALIAS_ALONE


def start(stack: ExitStack, competitor: Competitor, ground: Ground, *, endpoint_port: int) -> Runner | None:
    """One server on the server's core, once it answers; None: it does not, which is told."""
    if ground.case.names >= MANY:
        _fetch_memory()
    folder = ground.folder / competitor.key
    folder.mkdir()
    place = Place(folder, free_port(), ground.zone_file, endpoint_port, ground.threads)
    command = competitor.prepare(ground.case, place)
    process = stack.enter_context(Process([*ground.wrapper, *command], place.folder, str(ground.cores.server)))
    load_s = until_it_answers(process, ground, place.port)
    if load_s is None:
        ground.say(f"{competitor.key}: left out, it does not answer: {_last_words(process)}")
        return None
    generator = Generator(ground.cores.generator, ground.queries(asking_of(competitor)), place.port)
    return Runner(competitor.key, process, generator, load_s)


def _fetch_memory() -> None:
    """Touch pages and give them back, so that every server finds its memory at hand.

    A virtual machine gets pages from its host when it first needs them, and gives back what nobody has touched for a
    while: a start among others that hold much memory would pay for that, 1.07 s instead of 0.55 for the same server.
    """
    with mmap.mmap(-1, FRESH_OCTETS) as memory:
        for offset in range(0, FRESH_OCTETS, mmap.PAGESIZE):
            memory[offset] = 1


@contextmanager
def _echo(key: str, ground: Ground, *options: str) -> Iterator[Runner]:
    folder = ground.folder / key
    folder.mkdir()
    with Process([str(PROGRAM), "echo", *options], folder, str(ground.cores.server)) as process:
        while not process.log.read_text().endswith("\n"):
            if process.is_over():
                raise SystemExit("the echo does not start")
            time.sleep(LOOK_S)
        port = int(process.log.read_text().rpartition(":")[2])
        generator = Generator(ground.cores.generator, ground.queries(), port, ("--unchecked",))
        yield Runner(key, process, generator, time.monotonic() - process.began)


def until_it_answers(process: Process, ground: Ground, port: int) -> float | None:
    """Seconds from its start to its first right answer; None: it ended, or took too long."""
    question = next(ground.case.questions())
    query = message(question)
    while not process.is_over() and time.monotonic() - process.began < ground.patience_s:
        with suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(ASK_S)
            asking.connect((ADDRESS, port))
            asking.send(query)
            _, _, flags, rcode = asking.recv(4096)[:4]
            if flags & IS_RESPONSE and rcode & 0xF == question.rcode:
                return time.monotonic() - process.began
        time.sleep(LOOK_S)
    return None


def first_wrong(questions: Sequence[Question], port: int) -> str:
    """What the first wrong answer of a sample is; "" for none: nobody is fast by refusing."""
    for question in questions:
        query = dns.message.make_query(question.name, question.rtype)
        try:
            answer = dns.query.udp(query, ADDRESS, port=port, timeout=1.0)
        except (OSError, dns.exception.DNSException) as error:
            return f"no answer for {question.name} {question.rtype}: {error}"
        count = sum(len(rrset) for rrset in answer.answer)
        found = replace(question, rcode=int(answer.rcode()), answers=count)
        if found != question:
            return f"expected {question}, found rcode {found.rcode} and {found.answers} answers"
    return ""


def _last_words(process: Process) -> str:
    return process.log.read_text(errors="replace").strip()[-300:]
