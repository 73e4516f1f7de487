"""Whole zones of 1,000,000 names: given away, fetched until they are answered, and what others notice of it meanwhile.

Out: one and the same client, on a core of its own, fetches from one server after the other, in interleaved rounds. In:
a secondary that has nothing starts and fetches from a Knot primary, until its first right answer. Meanwhile: queries at
an even rate to each primary in turn, which answers and gives the zone away at the same time. How long the thread that
answers waited for its core is counted by the kernel, so that it tells of the server alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmarks.contest.cases import CASES, ORIGIN
from benchmarks.contest.competitors.competitor import ADDRESS
from benchmarks.contest.exchange import OURS, Exchanging, versions
from benchmarks.contest.field import Ground, Runner, start
from benchmarks.contest.generator import PROGRAM, ROOT
from benchmarks.contest.machine import cores, describe
from benchmarks.contest.process import PROC, Process, busiest_wait_us
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Range

GIVERS = (OURS, "knot", "nsd")
TAKERS = (OURS, "knot")
READY_S = 60.0
RATE = 20_000
FASTER = "x the best peer's (goal: below 1)"
SOON = "x Knot's (goal: at most 1.5)"
PLANS: dict[str, Sequence[str] | None] = {"none": None, "gives way": ("chrt", "--idle", "0"), "beside": ()}
"""How the client runs on the core of the queries' generator: on what that leaves of it, or as its equal. The latter
costs the generator its punctuality.
"""
SUMS = ("transfers", "broken", "lost")
PAUSE_S = 0.05
"""Between two transfers to the same client, while queries are answered."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The line of the client; `first_s` is when the first message was whole."""

    seconds: float
    first_s: float
    records: int
    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One measurement of latency; `waited_us` is the mean wait of the answering thread each time that it had work.

    `broken`: transfers that the primary ended before they were whole, as Knot does where a client is slow.
    """

    transfers: int
    broken: int
    p50_us: float
    p99_us: float
    slowest_us: float
    waited_us: float
    lost: int


def main() -> None:
    arguments = _arguments()
    rounds = 1 if arguments.quick else arguments.rounds
    names = 10_000 if arguments.quick else CASES["million"].names
    print(f"transferring: {rounds} rounds of {names:,} names", flush=True)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        ground = Ground(replace(CASES["million"], names=names), Path(temporary), cores(), print)
        ground.prepare()
        givers = {each: _up(stack, Exchanging(each, f"{each}-primary"), ground) for each in GIVERS}
        given = _given(givers, ground, rounds)
        meanwhile = {key: _meanwhile(runner, ground, rounds) for key, runner in givers.items()}
        taken = _taken(givers["knot"], ground, rounds=max(1, rounds // 2))
    found = {"machine": describe(), "versions": versions(GIVERS), "out": given, "in": taken, "meanwhile": meanwhile}
    lines = section(found, names=names)
    add(arguments.folder, "transferring", found, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _up(stack: ExitStack, server: Exchanging, ground: Ground) -> Runner:
    runner = start(stack, server, ground, endpoint_port=0)
    if runner is None:
        raise SystemExit(f"{server.key} does not answer")
    return runner


def _given(givers: Mapping[str, Runner], ground: Ground, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds of a whole transfer by server."""
    times: dict[str, list[float]] = {key: [] for key in givers}
    for key, runner in givers.items():
        _first(key, runner, ground)
    for _ in range(rounds):
        for key, runner in givers.items():
            times[key].append(fetch(runner.generator.port, ground).seconds)
    others = {key: seconds for key, seconds in times.items() if key != OURS}
    best = [min(turn) for turn in zip(*others.values(), strict=True)]
    found = {key: {"seconds": asdict(Range.of(seconds))} for key, seconds in times.items()}
    to_best = [mine / theirs for mine, theirs in zip(times[OURS], best, strict=True)]
    found[OURS]["to_best"] = asdict(Range.of(to_best))
    return found


def _first(key: str, runner: Runner, ground: Ground) -> None:
    """The zone can be had some time after it is answered; what is measured is not the first time."""
    end = time.monotonic() + READY_S
    while True:
        try:
            whole = fetch(runner.generator.port, ground)
        except RuntimeError as error:
            if time.monotonic() > end:
                raise SystemExit(f"{key}: {error}") from None
            time.sleep(PAUSE_S)
            continue
        if whole.records < ground.case.names:
            raise SystemExit(f"{key} gave {whole.records} records")
        return


def fetch(port: int, ground: Ground, *, wrapper: Sequence[str] = ()) -> Fetched:
    """The zone once, by the client. Raises RuntimeError where there is no whole zone."""
    command = [
        *wrapper,
        "taskset",
        "-c",
        str(ground.cores.generator),
        str(PROGRAM),
        "fetch",
        "--to",
        f"{ADDRESS}:{port}",
    ]
    done = subprocess.run([*command, "--zone", ORIGIN], capture_output=True, text=True, check=False, timeout=READY_S)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return Fetched(**json.loads(done.stdout))


def _meanwhile(giver: Runner, ground: Ground, rounds: int) -> dict[str, dict[str, float]]:
    """What queries notice, one plan after the other without a pause to speak of."""
    marks: dict[str, list[Mark]] = {plan: [] for plan in PLANS}
    for _ in range(rounds):
        for plan, found in marks.items():
            found.append(_mark(giver, ground, PLANS[plan]))
    names = [each.name for each in fields(Mark)]
    return {
        plan: {name: Range.of([getattr(mark, name) for mark in found]).median for name in names if name not in SUMS}
        | {name: sum(getattr(mark, name) for mark in found) for name in SUMS}
        for plan, found in marks.items()
    }


def _mark(giver: Runner, ground: Ground, wrapper: Sequence[str] | None) -> Mark:
    """A second and a half of queries; `wrapper` is how the client runs beside their generator, None: it does not."""
    ending, whole = threading.Event(), list[bool]()
    port = giver.generator.port
    thread = threading.Thread(
        target=_fetch_on, args=(port, ground, ending), kwargs={"whole": whole, "wrapper": wrapper}
    )
    before = giver.process.waits()
    if wrapper is not None:
        thread.start()
    pace = giver.generator.pace(1.5, RATE)
    ending.set()
    if wrapper is not None:
        thread.join()
    waited_us = busiest_wait_us(before, giver.process.waits())
    return Mark(whole.count(True), whole.count(False), pace.p50_us, pace.p99_us, pace.slowest_us, waited_us, pace.lost)


def _fetch_on(port: int, ground: Ground, ending: threading.Event, *, whole: list[bool], wrapper: Sequence[str]) -> None:
    while not ending.wait(PAUSE_S):
        try:
            fetch(port, ground, wrapper=wrapper)
        except RuntimeError:
            whole.append(False)
        else:
            whole.append(True)


def _taken(primary: Runner, ground: Ground, *, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds from the start of a secondary without a copy to its first right answer, and its memory by then."""
    times: dict[str, list[float]] = {key: [] for key in TAKERS}
    memory: dict[str, list[float]] = {key: [] for key in TAKERS}
    for _ in range(rounds):
        for key in TAKERS:
            with ExitStack() as stack:
                runner = _up(stack, Exchanging(key, f"{key}-secondary", primary.generator.port), ground)
                times[key].append(runner.load_s)
                memory[key].append(_peak_mib(runner.process))
            shutil.rmtree(ground.folder / f"{key}-secondary")
    ratios = [mine / theirs for mine, theirs in zip(times[OURS], times["knot"], strict=True)]
    found = {
        key: {"seconds": asdict(Range.of(times[key])), "peak_mib": asdict(Range.of(memory[key]))} for key in TAKERS
    }
    found[OURS]["to_knot"] = asdict(Range.of(ratios))
    return found


def _peak_mib(process: Process) -> float:
    """The most that it had resident so far."""
    status = (PROC / str(process.pid) / "status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def section(found: Mapping[str, Any], *, names: int) -> list[str]:
    """As Markdown."""
    lines = [f"## Whole zones of {names:,} names", "", f"| primary | seconds of a transfer | {FASTER} |"]
    lines += ["|---|---|---|", *(_row(key, each, ("seconds", "to_best")) for key, each in found["out"].items()), ""]
    lines += [f"| secondary | seconds until it answers | {SOON} | peak memory MiB |", "|---|---|---|---|"]
    lines += [_row(key, each, ("seconds", "to_knot", "peak_mib")) for key, each in found["in"].items()]
    lines += [
        "",
        "| primary | client | transfers | broken off | p50 µs | p99 µs | slowest µs | waited µs | lost |",
        f"|{'---|' * 9}",
    ]
    for key, plans in found["meanwhile"].items():
        for plan, each in plans.items():
            cells = [f"{each[name]:.0f}" for name in ("transfers", "broken", "p50_us", "p99_us", "slowest_us")]
            lines.append(f"| {' | '.join([key, plan, *cells])} | {each['waited_us']:.1f} | {each['lost']:.0f} |")
    return lines


def _row(key: str, figures: Mapping[str, object], columns: Sequence[str]) -> str:
    cells = [_range(figures.get(column), digits=0 if column == "peak_mib" else 3) for column in columns]
    return f"| {' | '.join([key, *cells])} |"


def _range(found: object, *, digits: int) -> str:
    if not isinstance(found, Mapping):
        return "-"
    median, low, high = (f"{found[name]:.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low}-{high})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one small round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
