"""What changes cost in a zone of 1,000,000 names: by themselves, and to those who ask meanwhile.

One server process answers on one core and, on the same core, publishes through Python's `Engine.publish`. Rounds with
and without 10,000 changes per second are interleaved; the publisher's own processor time is told apart from that of
the thread that answers. The cost of one publication in Rust is measured by the example `publish` of the engine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.contest.cases import CASES
from benchmarks.contest.field import LOOK_S, Ground
from benchmarks.contest.generator import ROOT, Flood, Generator, Pace
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import Process
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Range
from understudy.testing.ports import free_port

EXAMPLE = ROOT / "target" / "release" / "examples" / "publish"
RATE = 10_000
READY_S = 120.0
LEAD_S = 0.3
"""The publisher begins before the load and ends after it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is changed while queries are answered."""

    title: str
    batch: int


PLANS = (
    Plan("no changes", 0),
    Plan(f"{RATE:,} changes/s, each published by itself", 1),
    Plan(f"{RATE:,} changes/s, a hundred in a publication", 100),
)


@dataclass(slots=True)
class Marks:
    """What was measured under one plan."""

    floods: list[Flood] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    reader_us: list[float] = field(default_factory=list)
    changes_per_s: list[float] = field(default_factory=list)
    publisher_us: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """The publisher with its generator."""

    process: Process
    generator: Generator
    seconds: float

    def publish(self, plan: Plan, seconds: float) -> None:
        self.process.tell(f"{RATE} {plan.batch} {seconds + 2 * LEAD_S}")
        time.sleep(LEAD_S)

    def answers_s(self) -> float:
        """Processor time of the threads that answer: all but the first, which publishes."""
        return self.process.processor_s() - self.process.first_thread_s()


def main() -> None:
    arguments = _arguments()
    seconds = 0.4 if arguments.quick else 2.0
    rounds = 1 if arguments.quick else 9
    print(f"publishing: about {(40 + rounds * len(PLANS) * (seconds * 2.2 + 1.5)) / 60:.0f} min", flush=True)
    alone = _alone(arguments.names, 10_000 if arguments.quick else 100_000)
    case = replace(CASES["million"], names=arguments.names)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        ground = Ground(case, Path(temporary), cores(), print)
        ground.prepare()
        stage = _stage(stack, ground, seconds)
        python = _python_alone(stage)
        marks = _rounds(stage, rounds)
    figures = {plan.title: _figures(marks[plan.title], marks[PLANS[0].title]) for plan in PLANS}
    found = {"machine": describe(), "rust": alone, "python": python, "while_answering": figures}
    section = _section(found, names=case.names)
    add(arguments.folder, "publishing", found, section=section)
    print("\n".join(section))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _alone(names: int, count: int) -> dict[str, float]:
    """One publication after another, in Rust and without anybody who asks."""
    if not EXAMPLE.exists():
        raise SystemExit("not compiled: cargo build --release -p understudy-engine --example publish")
    command = ["taskset", "-c", str(cores().server), str(EXAMPLE), str(names), str(count)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    read: dict[str, float] = json.loads(said.stdout)
    return read


def _stage(stack: ExitStack, ground: Ground, seconds: float) -> Stage:
    folder = ground.folder / "publisher"
    folder.mkdir()
    port = free_port()
    program = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "benchmarks.contest.publisher")
    command = [*program, str(port), str(ground.zone_file)]
    process = stack.enter_context(Process(command, folder, str(ground.cores.server), stdin=subprocess.PIPE))
    _said(process, 1)
    return Stage(process, Generator(ground.cores.generator, ground.queries(), port), seconds)


def _said(process: Process, lines: int) -> dict[str, Any]:
    """The last of so many lines that the publisher has said, once it has."""
    end = time.monotonic() + READY_S
    while len(said := process.log.read_text().splitlines()) < lines or not said[-1].endswith("}"):
        if process.is_over() or time.monotonic() > end:
            raise SystemExit(f"the publisher ended or hangs: {process.log.read_text()[-300:]}")
        time.sleep(LOOK_S)
    read: dict[str, Any] = json.loads(said[lines - 1])
    return read


def _python_alone(stage: Stage) -> dict[str, float]:
    """As fast as it goes, with nobody asking: what one publication costs through Python."""
    lines = len(stage.process.log.read_text().splitlines())
    stage.process.tell("0 1 0.5")
    said = _said(stage.process, lines + 1)
    return {"publications": said["changes"], "processor_us": round(said["publisher_us_per_change"], 3)}


def _rounds(stage: Stage, rounds: int) -> Mapping[str, Marks]:
    marks = {plan.title: Marks() for plan in PLANS}
    for turn in range(rounds):
        print(f"  publishing: round {turn + 1} of {rounds}", flush=True)
        for plan in PLANS:
            _round(stage, plan, marks[plan.title])
    return marks


def _round(stage: Stage, plan: Plan, marks: Marks) -> None:
    lines = len(stage.process.log.read_text().splitlines())
    if plan.batch:
        stage.publish(plan, stage.seconds * 1.2)
    before = stage.answers_s()
    flood = stage.generator.flood(stage.seconds)
    marks.reader_us.append((stage.answers_s() - before) / max(1, flood.answered_in_all) * 1e6)
    marks.floods.append(flood)
    if plan.batch:
        said = _said(stage.process, lines + 1)
        marks.changes_per_s.append(said["changes"] / said["seconds"])
        marks.publisher_us.append(said["publisher_us_per_change"])
        stage.publish(plan, stage.seconds)
    marks.paces.append(stage.generator.pace(stage.seconds, 20_000))
    if plan.batch:
        _said(stage.process, lines + 2)


def _figures(mine: Marks, quiet: Marks) -> dict[str, object]:
    every: list[Flood | Pace] = [*mine.floods, *mine.paces]
    kept = [a.rate / b.rate for a, b in zip(mine.floods, quiet.floods, strict=True)]
    return {
        "queries_per_s": asdict(Range.of([flood.rate for flood in mine.floods])),
        "share_of_full_speed": asdict(Range.of(kept)),
        "reader_us_per_query": asdict(Range.of(mine.reader_us)),
        "changes_per_s": statistics.median(mine.changes_per_s or [0]),
        "publisher_us_per_change": statistics.median(mine.publisher_us or [0]),
        "p50_us": statistics.median([pace.p50_us for pace in mine.paces]),
        "p99_us": statistics.median([pace.p99_us for pace in mine.paces]),
        "slowest_us": statistics.median([pace.slowest_us for pace in mine.paces]),
        "lost": sum(each.lost for each in every),
        "wrong": sum(each.wrong for each in every),
    }


def _section(found: Mapping[str, Any], *, names: int) -> list[str]:
    head = (
        "| plan | queries/s | share of full speed | answering µs/query | changes/s | publishing µs/change | p50 µs "
        "| p99 µs | slowest µs (median of rounds) |"
    )
    rust, python = (found[language]["processor_us"] for language in ("rust", "python"))
    costs = f"{rust:.1f} µs of processor time in Rust, {python:.1f} µs through Python"
    lines = [
        f"## Publishing in a zone of {names:,} names",
        "",
        f"One changed record: {costs}. While answering, publisher and server share one core:",
        "",
        head,
        "|---" * (head.count("|") - 1) + "|",
    ]
    for title, each in found["while_answering"].items():
        cells = (
            title,
            f"{each['queries_per_s']['median']:,.0f}",
            "{median:.3f} ({low:.2f}-{high:.2f})".format(**each["share_of_full_speed"]),
            f"{each['reader_us_per_query']['median']:.2f}",
            f"{each['changes_per_s']:,.0f}",
            f"{each['publisher_us_per_change']:.1f}",
            *(f"{each[column]:.0f}" for column in ("p50_us", "p99_us", "slowest_us")),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000, help="names in the zone")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
