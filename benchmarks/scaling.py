"""Two threads on two cores beside one: what a second core brings, the load generator's share left out.

Each thread has a generator: one thread is asked from the other core, two are asked from both. Generators and threads
then share the two cores, so what is compared is processor time per query: two threads bring twice as many queries,
divided by how much dearer each has become.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.contest.cases import CASES
from benchmarks.contest.competitors.competitor import ENDPOINTS, Competitor
from benchmarks.contest.competitors.registry import COMPETITORS
from benchmarks.contest.field import Ground, Runner, start
from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import endpoints
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Marks, Range, flood

MANY_CLIENTS = ("--sockets", "16")
"""The system spreads clients over threads by their ports."""
THREADS = (1, 2)


def main() -> None:
    arguments = _arguments()
    seconds, rounds = (0.3, 1) if arguments.quick else (1.0, 9)
    present = [COMPETITORS[key] for key in arguments.servers if COMPETITORS[key].version() != "not installed"]
    print(f"scaling: {len(present)} servers, about a minute", flush=True)
    found = {each.key: _figures(_marks(each, seconds, rounds)) for each in present}
    section = _section(found)
    add(arguments.folder, "scaling", {"machine": describe(), "servers": found}, section=section)
    print("\n".join(section))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _marks(competitor: Competitor, seconds: float, rounds: int) -> Mapping[int, Marks]:
    marks = {threads: Marks() for threads in THREADS}
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        runners = {threads: _runner(stack, competitor, Path(temporary), threads=threads) for threads in THREADS}
        for _ in range(rounds):
            for threads, runner in runners.items():
                others = [replace(runner.generator, core=core) for core in (cores().server,) * (threads - 1)]
                flood(runner, marks[threads], seconds, *others)
    return marks


def _runner(stack: ExitStack, competitor: Competitor, temporary: Path, *, threads: int) -> Runner:
    """One thread has a core of its own; two have both, as has the generator then."""
    folder = temporary / str(threads)
    folder.mkdir()
    two = cores()
    ground = Ground(CASES["names"], folder, two, print, threads=threads)
    ground.prepare()
    runner = start(stack, competitor, ground, endpoint_port=stack.enter_context(endpoints(ENDPOINTS)))
    if runner is None:
        raise SystemExit(f"{competitor.key} does not start")
    if threads > 1:
        for pid in runner.process.ids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {two.server, two.generator})
    return replace(runner, generator=replace(runner.generator, options=MANY_CLIENTS))


def _figures(marks: Mapping[int, Marks]) -> dict[str, object]:
    one, two = (marks[threads] for threads in THREADS)
    gains = [2 * a / b for a, b in zip(one.processor_us, two.processor_us, strict=True)]
    return {
        "one_thread_us_per_query": statistics.median(one.processor_us),
        "two_threads_us_per_query": statistics.median(two.processor_us),
        "cores_used_by_two_threads": statistics.median(two.busy),
        "gain": asdict(Range.of(gains)),
        "lost": sum(each.totals()[1] for each in (one, two)),
        "wrong": sum(each.totals()[2] for each in (one, two)),
    }


def _section(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    head = "| server | one thread µs/query | two threads µs/query | gain of the second core | lost | wrong |"
    lines = ["## Two threads", "", head, "|---" * (head.count("|") - 1) + "|"]
    for server, each in found.items():
        gain = "{median:.2f} ({low:.2f}-{high:.2f})".format(**each["gain"])  # type: ignore[arg-type]  # it was a Range
        one, two = each["one_thread_us_per_query"], each["two_threads_us_per_query"]
        lines.append(f"| {server} | {one:.2f} | {two:.2f} | {gain} | {each['lost']} | {each['wrong']} |")
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", nargs="+", choices=COMPETITORS, default=("understudy", "gdnsd", "knot"))
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
