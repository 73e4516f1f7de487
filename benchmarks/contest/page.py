"""The result as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.contest.cases import CASES
from benchmarks.contest.field import ECHO, UNCUT
from benchmarks.contest.goals import goals, section
from benchmarks.contest.rounds import Line, Range

RIVAL = "gdnsd"
_HEAD = (
    "| server | queries/s | to the echo | to the uncut echo | to gdnsd | processor µs/query | core used "
    "| p50 µs | p99 µs | until it answers s | memory MiB | lost | wrong |"
)


def page(machine: Mapping[str, str], versions: Mapping[str, str], results: Mapping[str, Sequence[Line]]) -> str:
    """Machine, versions, one table for each case."""
    return "\n".join(_page(machine, versions, results)) + "\n"


def _page(
    machine: Mapping[str, str], versions: Mapping[str, str], results: Mapping[str, Sequence[Line]]
) -> Iterator[str]:
    yield "# Answering, side by side"
    yield ""
    yield ", ".join(f"{key} {value}" for key, value in machine.items()) + "."
    yield ", ".join(f"{key} {value}" for key, value in versions.items()) + "."
    yield ""
    yield (
        "Ratios are medians over the rounds, each within its round, with the least and the greatest; behind those "
        "of the goals stands where the true median is in 95 of 100 runs, and behind a latency where that of the "
        "difference to the best peer within a round is. Latency is at 20,000 queries/s. The echo "
        "returns each datagram as it came, in batches of 32; the uncut one also forbids cutting its packets, as "
        "Understudy does, which spares the kernel their numbers. Processor time is that of the server's processes "
        "alone. Where the used share of the core is clearly below 1, the load generator was the "
        "limit; then processor time per query is the figure to compare. gdnsd answers a query for an alias with the "
        "alias alone, the others with what it leads to as well."
    )
    for key, lines in results.items():
        yield ""
        yield from table(CASES[key].title, lines)
    yield ""
    yield from section(list(goals(results)))


def table(title: str, lines: Sequence[Line]) -> Iterator[str]:
    yield f"## {title[0].upper()}{title[1:]}"
    yield ""
    yield _HEAD
    yield "|---" * (_HEAD.count("|") - 1) + "|"
    for line in lines:
        cells = (
            line.server,
            f"{line.queries_per_s.median:,.0f}",
            _ratio(line.to.get(ECHO)),
            _ratio(line.to.get(UNCUT)),
            _ratio(line.to.get(RIVAL)),
            f"{line.processor_us_per_query.median:.2f}",
            f"{line.busy:.2f}",
            f"{line.p50_us:.0f}",
            f"{line.p99_us:.0f}",
            f"{line.load_s:.2f}",
            f"{line.memory_mib:.0f}",
            f"{line.lost_share:.4%}",
            str(line.wrong),
        )
        yield f"| {' | '.join(cells)} |"


def _ratio(found: Range | None) -> str:
    return f"{found.median:.3f} ({found.low:.2f}-{found.high:.2f})" if found else "-"
