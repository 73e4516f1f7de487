"""Interleaved rounds, and what they say: medians of ratios within a round, because absolute values drift."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from itertools import chain
from typing import Any

from benchmarks.contest.field import Runner
from benchmarks.contest.generator import Flood, Generator, Pace


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: everybody is started so often, and asked in so many rounds after each start."""

    starts: int
    rounds: int
    seconds: float
    pace_rounds: int
    pace_seconds: float
    rate: int = 20_000

    def seconds_for(self, runners: int) -> float:
        """About how long one case takes, once everybody answers."""
        flood = self.rounds * (self.seconds * 1.2 + 0.15)
        return self.starts * runners * (flood + self.pace_rounds * (self.pace_seconds + 0.15))


@dataclass(slots=True)
class Marks:
    """Everything that was measured of one server in one case."""

    floods: list[Flood] = field(default_factory=list)
    processor_us: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    loads_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)

    def totals(self) -> tuple[int, int, int]:
        """Queries asked, lost, and answered wrong."""
        every: list[Flood | Pace] = [*self.floods, *self.paces]
        lost = sum(each.lost for each in every)
        return lost + sum(each.answered for each in every), lost, sum(each.wrong for each in every)


@dataclass(frozen=True, slots=True)
class Range:
    """A median with what it is the median of."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Range:
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Line:
    """One server's line of the result."""

    server: str
    queries_per_s: Range
    to: Mapping[str, Range]
    """Ratios of queries per second to others, each within its round."""
    processor_us_per_query: Range
    busy: float
    """Share of its core that the server used: clearly below 1, the load generator was the limit."""
    p50_us: float
    p99_us: float
    slowest_us: float
    lost_share: float
    wrong: int
    load_s: float
    memory_mib: float
    rounds: Rounds


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was measured of one server, round by round."""

    queries_per_s: Sequence[float] = ()
    p50_us: Sequence[float] = ()
    p99_us: Sequence[float] = ()


def measure(runners: Mapping[str, Runner], effort: Effort, tick: Callable[[str], None]) -> dict[str, Marks]:
    """What was measured after one start.

    Everybody once per round, each round in another order: nobody always comes behind the same other.
    """
    marks = {key: Marks(loads_s=[runner.load_s]) for key, runner in runners.items()}
    keys = list(runners)
    for turn in range(effort.rounds):
        tick(f"round {turn + 1} of {effort.rounds}")
        for key in _shuffled(keys, turn):
            flood(runners[key], marks[key], effort.seconds)
    for turn in range(effort.pace_rounds):
        tick(f"latency, round {turn + 1} of {effort.pace_rounds}")
        for key in _shuffled(keys, turn):
            marks[key].paces.append(runners[key].generator.pace(effort.pace_seconds, effort.rate))
    for key, runner in runners.items():
        marks[key].memory_mib.append(runner.process.memory_mib())
    return marks


def together(starts: Sequence[Mapping[str, Marks]]) -> dict[str, Marks]:
    """What was measured after several starts, of those who were there each time."""
    common = [key for key in starts[0] if all(key in start for start in starts)]
    return {
        key: Marks(
            *(list(chain.from_iterable(lists)) for lists in zip(*(_lists(it[key]) for it in starts), strict=True))
        )
        for key in common
    }


def _lists(marks: Marks) -> Iterator[list[Any]]:
    return (getattr(marks, each.name) for each in fields(Marks))


def _shuffled(keys: Sequence[str], turn: int) -> list[str]:
    """In an order that is the same in each run."""
    return random.Random(turn).sample(keys, len(keys))


def flood(runner: Runner, marks: Marks, seconds: float, *more: Generator) -> None:
    """One round of one server, with the processor time that it took. More generators ask at the same time."""
    generators = (runner.generator, *more)
    before = runner.process.processor_s()
    with ThreadPoolExecutor(len(generators)) as pool:
        found = Flood.together(list(pool.map(lambda each: each.flood(seconds), generators)))
    used = runner.process.processor_s() - before
    per_query_us = used / max(1, found.answered_in_all) * 1e6
    marks.floods.append(found)
    marks.processor_us.append(per_query_us)
    marks.busy.append(per_query_us * found.rate / 1e6)


def line(key: str, marks: Mapping[str, Marks]) -> Line:
    """What one server's marks say, beside everybody else's."""
    mine = marks[key]
    paces = mine.paces
    asked, lost, wrong = mine.totals()
    return Line(
        server=key,
        queries_per_s=Range.of([flood.rate for flood in mine.floods]),
        to={other: Range.of(ratios(mine, marks[other])) for other in marks},
        processor_us_per_query=Range.of(mine.processor_us),
        busy=statistics.median(mine.busy),
        p50_us=undisturbed([pace.p50_us for pace in paces]),
        p99_us=undisturbed([pace.p99_us for pace in paces]),
        slowest_us=max(pace.slowest_us for pace in paces),
        lost_share=lost / max(1, asked),
        wrong=wrong,
        load_s=statistics.median(mine.loads_s),
        memory_mib=statistics.median(mine.memory_mib),
        rounds=Rounds(
            queries_per_s=[flood.rate for flood in mine.floods],
            p50_us=[pace.p50_us for pace in paces],
            p99_us=[pace.p99_us for pace in paces],
        ),
    )


def undisturbed(values: Sequence[float]) -> float:
    """The lower quartile: of rounds of which up to a half have met somebody else's work on the machine."""
    return sorted(values)[len(values) // 4]


def ratios(mine: Marks, other: Marks) -> list[float]:
    """Round by round."""
    return [a.rate / max(1.0, b.rate) for a, b in zip(mine.floods, other.floods, strict=True)]


def document(lines: Sequence[Line]) -> list[dict[str, object]]:
    """As JSON takes it."""
    return [asdict(each) for each in lines]
