"""User-space instructions per query, counted by valgrind's callgrind: repeatable, untouched by noise.

Each server runs under callgrind, is asked so many queries and then three times as many, and the difference is divided
by that of the counts: what is done once, or by time, falls out. Only threads that answer are counted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contest.cases import CASES, Case
from benchmarks.contest.competitors.competitor import ENDPOINTS, Competitor, program, version_of
from benchmarks.contest.competitors.registry import COMPETITORS
from benchmarks.contest.field import Ground, Runner, start
from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import endpoints
from benchmarks.contest.result import DOCUMENT, PAGE, add

WARM, FEW, MANY = 5_000, 20_000, 60_000
QUIET_SHARE = 0.3
"""A thread with less than this of the busiest one's instructions does something else (timers, probes)."""
PATIENCE = ("--window", "64", "--patience-ms", "5000")
SECONDS_EACH = 60
LOOK_S = 2.0
QUIET_LOOKS = 4  # chosen: Understudy makes its API five seconds after it is ready, if nobody has called until then
START_S = 300.0  # a start takes fifty times as long as without valgrind
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def main() -> None:
    arguments = _arguments()
    for needed in ("valgrind", "callgrind_control"):
        if program(needed) is None:
            print("instructions: left out, valgrind is not installed: apt-get install valgrind")
            return
    present = [COMPETITORS[key] for key in arguments.servers if COMPETITORS[key].version() != "not installed"]
    case = CASES[arguments.case]
    asked = ", ".join(each.key for each in present)
    print(f"instructions: {asked}; about {max(1, len(present) * SECONDS_EACH // 60)} min", flush=True)
    found = {}
    for competitor in present:
        counted = _count(case, competitor)
        if counted is not None:
            found[competitor.key] = round(counted)
            print(f"  {competitor.key} {competitor.version()}: {counted:,.0f} instructions per query", flush=True)
    document = {
        "machine": describe(),
        "valgrind": version_of("valgrind", "--version"),
        "case": case.key,
        "counts": found,
    }
    add(arguments.folder, "instructions", document, section=_section(case, found))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _section(case: Case, found: Mapping[str, int]) -> list[str]:
    rows = [f"| {server} {COMPETITORS[server].version()} | {count:,} |" for server, count in found.items()]
    return [f"## User-space instructions per query: {case.title}", "", "| server | instructions |", "|---|---|", *rows]


def _count(case: Case, competitor: Competitor) -> float | None:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        wrapper = (
            *("valgrind", "--tool=callgrind", "--separate-threads=yes", "--trace-children=yes"),
            f"--callgrind-out-file={folder}/out.%p",
        )
        ground = Ground(case, folder, cores(), print, wrapper=wrapper, patience_s=START_S)
        ground.prepare()
        port = stack.enter_context(endpoints(ENDPOINTS))
        runner = start(stack, competitor, ground, endpoint_port=port)
        if runner is None:
            return None
        runner.process.settle(LOOK_S, QUIET_LOOKS, START_S)  # what a start leaves to do would fall into one part only
        _part(runner, folder, WARM)
        few, few_asked = _part(runner, folder, FEW)
        many, many_asked = _part(runner, folder, MANY)
        return per_query(few, many, many_asked - few_asked)


def _part(runner: Runner, folder: Path, count: int) -> tuple[Mapping[str, int], int]:
    """Instructions of each thread while so many queries are answered, and how many really were."""
    flood = runner.generator.flood_count(count, *PATIENCE)
    if flood.lost or flood.wrong:
        raise SystemExit(f"{runner.key}: {flood.lost} queries lost, {flood.wrong} answered wrong")
    before = set(folder.glob("out.*"))
    for pid in runner.process.ids():
        command = ["callgrind_control", "-d", str(pid)]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS_EACH)
    return totals(set(folder.glob("out.*")) - before), flood.answered_in_all


def totals(files: set[Path]) -> Mapping[str, int]:
    """By thread: the process's id and the number of the thread, as callgrind names its files."""
    found = {}
    for file in files:
        name = re.fullmatch(r"out\.(\d+)\.\d+-(\d+)", file.name)
        total = _TOTAL.search(file.read_text())
        if name and total:
            found[f"{name[1]}-{name[2]}"] = int(total[1])
    return found


def per_query(few: Mapping[str, int], many: Mapping[str, int], more: int) -> float:
    """The difference of two parts over that of their queries, over the threads that answer."""
    differences = [total - few.get(thread, 0) for thread, total in many.items()]
    least = max(differences, default=0) * QUIET_SHARE
    return sum(each for each in differences if each >= least) / max(1, more)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers: Sequence[str] = ("understudy", "gdnsd")
    parser.add_argument(
        "--servers", nargs="+", choices=COMPETITORS, default=servers, help=f"of {', '.join(COMPETITORS)}"
    )
    parser.add_argument("--case", choices=CASES, default="names")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
