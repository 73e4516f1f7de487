"""Understudy beside gdnsd, Knot, NSD, PowerDNS and BIND: the same zones, the same load, one run; and bare echoes.

Every server gets one thread on one core, the load generator has another core. They are asked in interleaved rounds, one
at a time while the others are idle, so that what drifts on the machine drifts for all. Everything runs on loopback,
from a temporary folder, and ends with this program.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.contest.cases import CASES, Case
from benchmarks.contest.competitors.competitor import Competitor
from benchmarks.contest.competitors.registry import ANSWERING
from benchmarks.contest.field import Ground, line_up
from benchmarks.contest.generator import PROGRAM, ROOT
from benchmarks.contest.goals import goals, section
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.page import page, table
from benchmarks.contest.result import DOCUMENT, PAGE, write
from benchmarks.contest.rounds import Effort, Line, document, line, measure, together

# chosen: up to half of the rounds are spoilt for whoever is being asked then, so there are many short ones
# and several starts, because where the memory of a process happens to lie makes a difference of two in a hundred
FULL = Effort(starts=3, rounds=11, seconds=0.25, pace_rounds=11, pace_seconds=0.25)
QUICK = Effort(starts=2, rounds=2, seconds=0.3, pace_rounds=1, pace_seconds=0.5)
ECHOES = 2
START_S = 3.0  # what a server takes until it answers, about
START_MILLION_S = 8.0


def main() -> None:
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    effort = replace(effort, rounds=arguments.rounds or effort.rounds)
    effort = replace(effort, pace_rounds=arguments.pace_rounds or effort.pace_rounds)
    cases = [CASES[key] for key in arguments.cases or CASES]
    versions = {key: ANSWERING[key].version() for key in arguments.servers or ANSWERING}
    present = [ANSWERING[key] for key, version in versions.items() if version != "not installed"]
    _say_who_is_missing(versions)
    if not PROGRAM.exists():
        raise SystemExit("the load generator is not compiled: cargo build --release -p understudy-load")
    asked = ", ".join(case.key for case in cases)
    print(f"answering: {asked}; about {_minutes(cases, present, effort):.0f} min", flush=True)
    results = {}
    for case in cases:
        results[case.key] = _run(case, present, effort)
        print("\n".join(table(case.title, results[case.key])), flush=True)
        _write(arguments.folder, versions, results)
    print("\n".join(section(list(goals(results)))))
    print(f"written: {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _run(case: Case, competitors: Sequence[Competitor], effort: Effort) -> list[Line]:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"  {case.key} {time.monotonic() - began:5.0f} s  {text}", flush=True)

    starts = []
    for number in range(effort.starts):
        say(f"start {number + 1} of {effort.starts}")
        with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary:
            ground = Ground(case, Path(temporary), cores(), say)
            with line_up(ground, [each for each in competitors if each.takes(case)]) as runners:
                starts.append(measure(runners, effort, say))
    marks = together(starts)
    return [line(key, marks) for key in marks]


def _minutes(cases: Sequence[Case], competitors: Sequence[Competitor], effort: Effort) -> float:
    seconds = 0.0
    for case in cases:
        runners = sum(each.takes(case) for each in competitors)
        start = START_MILLION_S if case.key == "million" else START_S
        seconds += effort.seconds_for(runners + ECHOES) + effort.starts * runners * start * (
            2 if case.is_steered else 1
        )
    return max(1.0, seconds / 60)


def _write(folder: Path, versions: Mapping[str, str], results: Mapping[str, Sequence[Line]]) -> None:
    """After each case, so that a run which is cut short leaves what it has."""
    machine = describe()
    cases = {key: document(lines) for key, lines in results.items()}
    wanted = [asdict(goal) for goal in goals(results)]
    found = {"machine": machine, "versions": versions, "cases": cases, "goals": wanted}
    write(folder, found, page(machine, versions, results))


def _say_who_is_missing(versions: Mapping[str, str]) -> None:
    for key, version in versions.items():
        if version == "not installed":
            print(f"{key} is not installed and is left out: apt-get install {ANSWERING[key].package}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--servers", nargs="+", choices=ANSWERING, metavar="SERVER", help=", ".join(ANSWERING))
    parser.add_argument("--rounds", type=int, help=f"after each start, default {FULL.rounds}")
    parser.add_argument("--pace-rounds", type=int, help=f"the same of latency, default {FULL.pace_rounds}")
    parser.add_argument("--quick", action="store_true", help="short rounds: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
