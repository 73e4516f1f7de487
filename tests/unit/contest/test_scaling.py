"""What the benchmark of two threads computes, and how its load is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contest.generator import PROGRAM, Flood, Generator
from benchmarks.contest.rounds import Marks
from benchmarks.scaling import MANY_CLIENTS, Kind, figures, section


def marks(*processor_us: float, lost: int = 0, wrong: int = 0) -> Marks:
    floods = [
        Flood(seconds=1.0, answered=1, lost=lost, wrong=wrong, answered_in_all=1, window=1, slowest_us=0.0)
        for _ in processor_us
    ]
    return Marks(floods=floods, processor_us=list(processor_us), busy=[1.5, 1.25, 1.75])


def measured() -> dict[str, object]:
    return figures(
        {
            Kind("gain", 1): marks(2.0, 2.0, 4.0),
            Kind("gain", 2): marks(2.5, 2.0, 5.0, lost=2),
            Kind("gain_of_full_batches", 1): marks(2.0, 3.0, 4.0),
            Kind("gain_of_full_batches", 2): marks(2.0, 2.5, 4.0, wrong=1),
        }
    )


def test_a_gain_is_taken_within_a_round_and_is_two_where_nothing_has_become_dearer() -> None:
    assert measured() == {
        "lost": 6,
        "wrong": 3,
        "gain": {
            "one_thread_us_per_query": 2.0,
            "two_threads_us_per_query": 2.5,
            "cores_used_by_two_threads": 1.5,
            "median": 1.6,
            "low": 1.6,
            "high": 2.0,
        },
        "gain_of_full_batches": {
            "one_thread_us_per_query": 3.0,
            "two_threads_us_per_query": 2.5,
            "cores_used_by_two_threads": 1.5,
            "median": 2.0,
            "low": 2.0,
            "high": 2.4,
        },
    }


def test_the_page_tells_both_figures_and_what_was_lost() -> None:
    assert section({"understudy": measured()})[-1] == (
        "| understudy | 2.00 | 2.50 | 1.60 (1.60-2.00) | 2.50 | 2.00 (2.00-2.40) | 6 | 3 |"
    )


def test_the_generator_is_told_to_give_way_and_to_ask_from_many_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    class Done:
        returncode = 0
        stdout = (
            '{"seconds": 1, "answered": 1, "lost": 0, "wrong": 0, "answered_in_all": 1, "window": 1, "slowest_us": 1}'
        )

    def run(command: list[str], **_: object) -> Done:
        seen.append(command)
        return Done()

    monkeypatch.setattr("subprocess.run", run)
    Generator(1, Path("queries"), 53, options=MANY_CLIENTS).flood(0.5)
    assert seen == [
        [
            *("taskset", "-c", "1", str(PROGRAM), "flood", "--to", "127.0.0.1:53", "--queries", "queries"),
            *("--sockets", "16", "--gives-way", "--seconds", "0.5"),
        ]
    ]
