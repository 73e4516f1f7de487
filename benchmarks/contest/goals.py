"""What Understudy wants to reach, beside what a run measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contest.cases import CASES
from benchmarks.contest.certainty import interval
from benchmarks.contest.competitors.understudy import BusyUnderstudy, Understudy
from benchmarks.contest.field import ECHO, STATIC, UNCUT
from benchmarks.contest.rounds import Line

OURS = (Understudy.key, BusyUnderstudy.key)
"""Each of our settings has the same goals: what one gives must not be taken elsewhere."""
BEST = "gdnsd"
_NO_PEERS = {ECHO, UNCUT, *OURS, *(key + STATIC for key in OURS)}


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal, what was measured, and whether that reaches it."""

    server: str
    text: str
    found: str
    is_reached: bool


def goals(results: Mapping[str, Sequence[Line]]) -> Iterator[Goal]:
    """Those that the measured cases and servers can tell, of one of our settings after the other."""
    for server in OURS:
        for key, lines in results.items():
            by_server = {line.server: line for line in lines}
            ours = by_server.get(server)
            if ours is None:
                continue
            yield from _of_speed(key, ours, by_server)
            yield from _of_latency(key, ours, [line for line in lines if line.server not in _NO_PEERS])
            if key == "million":
                yield from _of_size(ours, by_server)


def _of_speed(key: str, ours: Line, by_server: Mapping[str, Line]) -> Iterator[Goal]:
    least = {ECHO: 0.97, UNCUT: 0.97, BEST: 1.0, ours.server + STATIC: 0.97}
    if key == "million":
        least = {BEST: 1.05, "knot": 1.5}
    for other, ratio in least.items():
        if other in ours.to:
            found = ours.to[other].median
            pairs = zip(ours.rounds.queries_per_s, by_server[other].rounds.queries_per_s, strict=True)
            sure = "{:.3f} to {:.3f}".format(*interval([mine / max(1.0, theirs) for mine, theirs in pairs]))
            name = f"{other} (more than was aimed at)" if other == UNCUT else other
            text = f"{_title(key)}: at least {ratio} x {name} in queries/s"
            yield Goal(ours.server, text, f"{found:.3f} ({sure})", found >= ratio)


def _of_latency(key: str, ours: Line, others: Sequence[Line]) -> Iterator[Goal]:
    shares: Mapping[str, tuple[Callable[[Line], float], Callable[[Line], Sequence[float]]]] = {
        "p50": (lambda it: it.p50_us, lambda it: it.rounds.p50_us),
        "p99": (lambda it: it.p99_us, lambda it: it.rounds.p99_us),
    }
    for name, (read, each) in shares.items():
        if others:
            best = min(others, key=read)
            pairs = zip(each(ours), each(best), strict=True)
            sure = "{:+.1f} to {:+.1f}".format(*interval([mine - theirs for mine, theirs in pairs]))
            found = f"{read(ours):.1f} µs, {best.server} {read(best):.1f} ({sure} in a round)"
            yield Goal(ours.server, f"{_title(key)}: {name} not above the best peer's", found, read(ours) <= read(best))


def _of_size(ours: Line, by_server: Mapping[str, Line]) -> Iterator[Goal]:
    if nsd := by_server.get("nsd"):
        found = f"{ours.load_s:.2f} s, NSD {nsd.load_s:.2f} s"
        yield Goal(ours.server, "1,000,000 names: answers before NSD does", found, ours.load_s < nsd.load_s)
    if best := by_server.get(BEST):
        found = f"{ours.memory_mib:.0f} MiB, {BEST} {best.memory_mib:.0f} MiB"
        yield Goal(ours.server, f"1,000,000 names: less memory than {BEST}", found, ours.memory_mib < best.memory_mib)


def _title(key: str) -> str:
    return CASES[key].title


def section(found: Sequence[Goal]) -> list[str]:
    """As Markdown, a table for each of our settings."""
    lines = []
    for server in OURS:
        rows = [each for each in found if each.server == server]
        if rows:
            lines += [f"## Goals: {server}", "", "| goal | measured | reached |", "|---|---|---|"]
            lines += [f"| {each.text} | {each.found} | {'yes' if each.is_reached else 'no'} |" for each in rows]
            lines.append("")
    return lines[:-1]
