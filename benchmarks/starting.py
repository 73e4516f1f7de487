"""From the start of a server's process to its first right answer, beside other name servers: the start alone, no load.

Every server has one core, and starts in turn from nothing, alone on the machine, in interleaved rounds. What it had in
memory and on disk is gone between two of its starts; the zone's file and the program are in the system's cache for all.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.contest.cases import CASES
from benchmarks.contest.competitors.competitor import ENDPOINTS, Competitor
from benchmarks.contest.competitors.registry import COMPETITORS
from benchmarks.contest.field import Ground, start
from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import endpoints
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Range

ROUNDS = 7
SMALL, LARGE = "names", "million"
PEER = "nsd"


def main() -> None:
    arguments = _arguments()
    rounds = 1 if arguments.quick else arguments.rounds
    present = [COMPETITORS[key] for key in arguments.servers if COMPETITORS[key].version() != "not installed"]
    compileall.compile_dir(ROOT / "src", quiet=1)  # as what is installed is: a start would compile what has changed
    print(f"starting: {len(present)} servers, {rounds} rounds of {', '.join(arguments.cases)}", flush=True)
    found = {key: summarised(_times(key, present, rounds)) for key in arguments.cases}
    lines = section(found)
    add(arguments.folder, "starting", {"machine": describe(), "cases": found}, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _times(key: str, competitors: Sequence[Competitor], rounds: int) -> dict[str, list[float]]:
    """Seconds of each start by server. Who does not answer is left out aloud."""
    times: dict[str, list[float]] = {each.key: [] for each in competitors}
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, endpoints(ENDPOINTS) as port:
        ground = Ground(CASES[key], Path(temporary), cores(), print)
        ground.prepare()
        for _ in range(rounds):
            for each in competitors:
                times[each.key] += _once(each, ground, port)
    return times


def _once(competitor: Competitor, ground: Ground, port: int) -> list[float]:
    """Seconds of one start, which is ended and leaves nothing; none where it does not answer."""
    with ExitStack() as stack:
        runner = start(stack, competitor, ground, endpoint_port=port)
    shutil.rmtree(ground.folder / competitor.key)
    return [runner.load_s] if runner is not None else []


def summarised(times: Mapping[str, Sequence[float]]) -> dict[str, dict[str, dict[str, float]]]:
    """The median of each server, and of its ratio to the peer within each round where both answered."""
    found = {}
    for server, seconds in times.items():
        if not seconds:
            continue
        found[server] = {"seconds": asdict(Range.of(seconds))}
        peer = times.get(PEER, ())
        if len(peer) == len(seconds):
            ratios = [mine / theirs for mine, theirs in zip(seconds, peer, strict=True)]
            found[server]["to_nsd"] = asdict(Range.of(ratios))
    return found


def section(found: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]) -> list[str]:
    """As Markdown."""
    lines = ["## Start", ""]
    for key, servers in found.items():
        lines += [f"{CASES[key].title}:", "", "| server | seconds until it answers | x NSD's |", "|---|---|---|"]
        lines += [_row(server, each) for server, each in servers.items()]
        lines.append("")
    return lines[:-1]


def _row(server: str, figures: Mapping[str, Mapping[str, float]]) -> str:
    show: Callable[[Mapping[str, float]], str] = "{median:.2f} ({low:.2f}-{high:.2f})".format_map
    ratio = figures.get("to_nsd")
    return f"| {server} | {show(figures['seconds'])} | {show(ratio) if ratio else '-'} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=(SMALL, LARGE), default=[SMALL, LARGE])
    parser.add_argument("--servers", nargs="+", choices=COMPETITORS, default=list(COMPETITORS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="one round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
