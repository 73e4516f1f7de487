"""Two threads on two cores beside one: what a second core brings, the load generator's share left out.

Each thread has a generator: one thread is asked from the other core, two are asked from both. Generators and threads
then share the two cores, so what is compared is processor time per query: two threads bring twice as many queries,
divided by how much dearer each has become.

On a core that they share, the query that wakes a thread also interrupts the generator which has more of them, and the
thread sleeps again after a few. So there is a second figure, where wake-ups interrupt nobody (`SCHED_BATCH`) and full
batches come, as they do to one thread (ADR 0048).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.contest.cases import CASES
from benchmarks.contest.competitors.competitor import ENDPOINTS, Competitor
from benchmarks.contest.competitors.registry import COMPETITORS
from benchmarks.contest.field import Ground, Runner, start
from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import endpoints
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Marks, Range, flood

MANY_CLIENTS = ("--sockets", "16", "--gives-way")
"""The system spreads clients over threads by their ports. A generator with nothing to do lets the others run."""
THREADS = (1, 2)
POLICIES = {"gain": os.SCHED_OTHER, "gain_of_full_batches": os.SCHED_BATCH}
"""Of the server's threads, by the name of the figure."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is measured of a server: which figure, with so many threads."""

    figure: str
    threads: int


def main() -> None:
    arguments = _arguments()
    seconds, rounds = (0.3, 1) if arguments.quick else (1.0, 9)
    present = [COMPETITORS[key] for key in arguments.servers if COMPETITORS[key].version() != "not installed"]
    print(f"scaling: {len(present)} servers, about two minutes", flush=True)
    found = {each.key: figures(_marks(each, seconds, rounds)) for each in present}
    lines = section(found)
    add(arguments.folder, "scaling", {"machine": describe(), "servers": found}, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _marks(competitor: Competitor, seconds: float, rounds: int) -> Mapping[Kind, Marks]:
    kinds = [Kind(figure, threads) for figure in POLICIES for threads in THREADS]
    marks = {kind: Marks() for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        runners = {kind: _runner(stack, competitor, Path(temporary), kind=kind) for kind in kinds}
        for _ in range(rounds):
            for kind, runner in runners.items():
                others = [replace(runner.generator, core=core) for core in (cores().server,) * (kind.threads - 1)]
                flood(runner, marks[kind], seconds, *others)
    return marks


def _runner(stack: ExitStack, competitor: Competitor, temporary: Path, *, kind: Kind) -> Runner:
    """One thread has a core of its own; two have both, as has the generator then."""
    folder = temporary / f"{kind.figure}-{kind.threads}"
    folder.mkdir()
    two = cores()
    ground = Ground(CASES["names"], folder, two, print, threads=kind.threads)
    ground.prepare()
    runner = start(stack, competitor, ground, endpoint_port=stack.enter_context(endpoints(ENDPOINTS)))
    if runner is None:
        raise SystemExit(f"{competitor.key} does not start")
    for pid in runner.process.ids():
        for task in Path(f"/proc/{pid}/task").iterdir():
            if kind.threads > 1:
                os.sched_setaffinity(int(task.name), {two.server, two.generator})
            if POLICIES[kind.figure] != os.SCHED_OTHER:
                os.sched_setscheduler(int(task.name), POLICIES[kind.figure], os.sched_param(0))
    return replace(runner, generator=replace(runner.generator, options=MANY_CLIENTS))


def figures(marks: Mapping[Kind, Marks]) -> dict[str, Any]:
    """What a second core brings, round by round: 2 where two threads take for a query what one takes."""
    found: dict[str, Any] = {
        "lost": sum(each.totals()[1] for each in marks.values()),
        "wrong": sum(each.totals()[2] for each in marks.values()),
    }
    for figure in POLICIES:
        one, two = (marks[Kind(figure, threads)] for threads in THREADS)
        gains = [2 * a / b for a, b in zip(one.processor_us, two.processor_us, strict=True)]
        found[figure] = {
            "one_thread_us_per_query": statistics.median(one.processor_us),
            "two_threads_us_per_query": statistics.median(two.processor_us),
            "cores_used_by_two_threads": statistics.median(two.busy),
            **asdict(Range.of(gains)),
        }
    return found


def section(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """As Markdown."""
    head = (
        "| server | one thread µs/query | two threads µs/query | gain of the second core "
        "| two threads µs/query, full batches | gain, full batches | lost | wrong |"
    )
    lines = ["## Two threads", "", head, "|---" * (head.count("|") - 1) + "|"]
    for server, each in found.items():
        usual, full = (each[figure] for figure in POLICIES)
        cells = [server, f"{usual['one_thread_us_per_query']:.2f}"]
        for figure in (usual, full):
            cells += [
                f"{figure['two_threads_us_per_query']:.2f}",
                "{median:.2f} ({low:.2f}-{high:.2f})".format(**figure),
            ]
        lines.append("| " + " | ".join([*cells, str(each["lost"]), str(each["wrong"])]) + " |")
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", nargs="+", choices=COMPETITORS, default=("understudy", "gdnsd", "knot"))
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
