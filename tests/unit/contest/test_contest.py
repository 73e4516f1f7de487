"""What the comparison of name servers computes: its questions, its ratios, its page."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from benchmarks.contest.cases import CASES, ORIGIN, Asking, Case
from benchmarks.contest.certainty import interval
from benchmarks.contest.generator import Flood, Pace
from benchmarks.contest.goals import goals
from benchmarks.contest.goals import section as goals_section
from benchmarks.contest.process import busiest_wait_us
from benchmarks.contest.questions import Question, message, write
from benchmarks.contest.result import add
from benchmarks.contest.result import write as write_result
from benchmarks.contest.rounds import Effort, Line, Marks, Range, Rounds, line, ratios, together, undisturbed
from benchmarks.failover_time import section as failover_section
from benchmarks.following import percentile
from benchmarks.following import section as following_section
from benchmarks.following import summarised as summarised_following
from benchmarks.instructions import per_query, totals
from benchmarks.report import inserted
from benchmarks.starting import section as start_section
from benchmarks.starting import summarised
from benchmarks.ten_thousand import section as probes_section
from benchmarks.transferring import section as transferring_section

SMALL = [case for case in CASES.values() if case.key != "million"]


def flood(rate: float) -> Flood:
    return Flood(seconds=1.0, answered=int(rate), lost=0, wrong=0, answered_in_all=int(rate), window=1, slowest_us=0.0)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.key)
def test_every_question_is_a_query_that_a_dns_library_reads(case: Case) -> None:
    for question in list(case.questions())[:100]:
        read = dns.message.from_wire(message(question))
        assert read.question[0].to_text() == f"{question.name}. IN {question.rtype}"
        assert read.edns == 0


def test_the_mixed_questions_expect_what_the_zone_has() -> None:
    case = CASES["mixed"]
    zone = dns.zone.from_text("".join(case.zone()), ORIGIN, relativize=False)
    for question in list(case.questions())[:500]:
        found = zone.get_rdataset(question.name + ".", question.rtype)
        if question.name.startswith(("host", "mail")):
            assert len(found or ()) == question.answers
        elif question.name.startswith("none"):
            assert found is None
            assert question.rcode == dns.rcode.NXDOMAIN


def test_a_server_that_follows_no_alias_is_expected_to_answer_the_alias_alone() -> None:
    case = CASES["mixed"]
    pairs = list(zip(case.questions(), case.questions(Asking.ALIAS_ALONE), strict=True))
    differing = [(more.answers, fewer.answers) for more, fewer in pairs if more != fewer]
    assert set(differing) == {(2, 1)}
    assert {more.name for more, _ in pairs} == {fewer.name for _, fewer in pairs}


def test_the_file_of_questions_has_length_and_expectation_before_each_message(tmp_path: Path) -> None:
    question = Question("host1.example.com", "A", 0, 1)
    write([question], tmp_path / "queries")
    octets = (tmp_path / "queries").read_bytes()
    assert struct.unpack_from("!HBB", octets) == (len(octets) - 4, 0, 1)
    assert octets[4:] == message(question)


def test_ratios_are_taken_within_a_round_and_told_with_their_range() -> None:
    mine, other = Marks(), Marks()
    mine.floods, other.floods = [flood(50), flood(200), flood(90)], [flood(100), flood(200), flood(100)]
    assert ratios(mine, other) == [0.5, 1.0, 0.9]
    assert Range.of(ratios(mine, other)) == Range(0.9, 0.5, 1.0)


def test_rounds_of_several_starts_count_for_those_who_came_up_each_time() -> None:
    first = {key: Marks(floods=[flood(rate)], loads_s=[1.0]) for key, rate in (("echo", 100), ("nsd", 50))}
    second = {key: Marks(floods=[flood(120)], loads_s=[3.0], memory_mib=[7.0]) for key in ("echo", "bind")}
    assert together([first, second]) == {
        "echo": Marks(floods=[flood(100), flood(120)], loads_s=[1.0, 3.0], memory_mib=[7.0])
    }


def test_times_and_memory_are_those_of_the_middle_start_and_each_start_takes_its_time() -> None:
    pace = Pace(answered=1, lost=0, wrong=0, p50_us=1.0, p90_us=1.0, p99_us=1.0, p999_us=1.0, slowest_us=1.0)
    marks = Marks([flood(100)], [1.0], [1.0], [pace], loads_s=[5.0, 1.0, 2.0], memory_mib=[9.0, 7.0, 8.0])
    found = line("nsd", {"nsd": marks})
    assert (found.load_s, found.memory_mib) == (2.0, 8.0)
    once = Effort(starts=1, rounds=2, seconds=0.5, pace_rounds=2, pace_seconds=0.5)
    assert replace(once, starts=3).seconds_for(4) == pytest.approx(3 * once.seconds_for(4))


def test_rounds_that_met_other_work_on_the_machine_do_not_count_while_they_are_no_more_than_half() -> None:
    spoilt = [1000.0, 2000.0, 3000.0, 1500.0]
    assert undisturbed([60.0, 62.0, 64.0, 66.0, *spoilt]) == 64.0
    assert undisturbed([60.0, *spoilt]) == 1000.0
    assert undisturbed([60.0]) == 60.0


def test_instructions_per_query_leave_out_threads_that_do_something_else() -> None:
    few = {"1-1": 5_000, "1-2": 100_000}
    many = {"1-1": 5_100, "1-2": 300_000, "1-3": 9_000}
    assert per_query(few, many, 100) == 2_000


def test_the_totals_of_callgrind_are_read_by_process_and_thread(tmp_path: Path) -> None:
    (tmp_path / "out.77.2-03").write_text("version: 1\nevents: Ir\n\nfn=main\n1 2\n\ntotals: 1234\n")
    (tmp_path / "out.77").write_text("totals: 9\n")
    assert totals(set(tmp_path.iterdir())) == {"77-03": 1234}


@pytest.mark.parametrize("before", ["# Title\n\n## First\n\nkept\n\n", ""], ids=["after others", "alone"])
def test_a_measurement_added_again_stands_once_on_the_page(before: str, tmp_path: Path) -> None:
    if before:
        write_result(tmp_path, {"cases": {}}, before)
    for count in (1, 2):
        add(tmp_path, "more", {"count": count}, section=["## More", "", f"count {count}"])
    assert (tmp_path / "answering.md").read_text() == f"{before}## More\n\ncount 2\n"


def line_of(server: str, *, p99_us: float = 100.0, load_s: float = 1.0, **to: float) -> Line:
    ratio_to = {other: Range(value, value, value) for other, value in to.items()}
    some = Range(1.0, 1.0, 1.0)
    return Line(
        server=server,
        queries_per_s=some,
        to=ratio_to,
        processor_us_per_query=some,
        busy=1.0,
        p50_us=50.0,
        p99_us=p99_us,
        slowest_us=200.0,
        lost_share=0.0,
        wrong=0,
        load_s=load_s,
        memory_mib=100.0,
        rounds=Rounds([100.0, 110.0, 120.0], [50.0, 49.0, 50.5], [p99_us] * 3),
    )


def test_goals_are_judged_by_the_ratios_and_by_the_best_peer() -> None:
    peers = [line_of("echo"), line_of("gdnsd"), line_of("knot", p99_us=80.0)]
    lines = [line_of("understudy", p99_us=90.0, echo=0.98, gdnsd=0.99), *peers]
    found = {goal.text: goal.is_reached for goal in goals({"names": lines})}
    assert found == {
        "1,000 names: at least 0.97 x echo in queries/s": True,
        "1,000 names: at least 1.0 x gdnsd in queries/s": False,
        "1,000 names: p50 not above the best peer's": True,
        "1,000 names: p99 not above the best peer's": False,
    }


def test_each_of_our_settings_has_its_goals_and_is_no_peer_of_the_other() -> None:
    usual = line_of("understudy", p99_us=90.0, gdnsd=1.1)
    busy = line_of("understudy, busy polling", p99_us=20.0, gdnsd=0.9)
    others = [line_of(f"{each.server}, static names", p99_us=1.0) for each in (usual, busy)]
    found = list(goals({"tiers": [usual, busy, *others, line_of("gdnsd", p99_us=80.0), line_of("echo", p99_us=1.0)]}))
    assert [(goal.server, goal.found.split(" (")[0], goal.is_reached) for goal in found] == [
        ("understudy", "1.100", True),
        ("understudy", "50.0 µs, gdnsd 50.0", True),
        ("understudy", "90.0 µs, gdnsd 80.0", False),
        ("understudy, busy polling", "0.900", False),
        ("understudy, busy polling", "50.0 µs, gdnsd 50.0", True),
        ("understudy, busy polling", "20.0 µs, gdnsd 80.0", True),
    ]
    lines = goals_section(found)
    assert [line for line in lines if line.startswith("##")] == [
        "## Goals: understudy",
        "## Goals: understudy, busy polling",
    ]
    assert lines[-1].endswith("20.0 µs, gdnsd 80.0 (-60.0 to -60.0 in a round) | yes |")
    assert goals_section([]) == []


def test_goals_say_how_sure_their_medians_are() -> None:
    ours = replace(line_of("understudy", echo=0.98), rounds=Rounds([95.0, 121.0, 120.0], [50.0, 49.5, 50.7], [1.0] * 3))
    found = [goal.found for goal in goals({"names": [ours, line_of("echo"), line_of("gdnsd")]})]
    assert found[:2] == ["0.980 (0.950 to 1.100)", "50.0 µs, gdnsd 50.0 (+0.0 to +0.5 in a round)"]


def test_a_round_in_which_another_gave_no_answer_is_a_ratio_too() -> None:
    mute = replace(line_of("echo"), rounds=Rounds([100.0, 0.0, 120.0], [50.0] * 3, [100.0] * 3))
    (found, *_) = goals({"names": [line_of("understudy", echo=0.98), mute, line_of("gdnsd")]})
    assert found.found == "0.980 (1.000 to 110.000)"


@pytest.mark.parametrize(
    ("count", "skipped"),
    [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (31, 9), (51, 18)],
)
def test_a_median_is_between_those_values_of_which_so_many_coins_would_hardly_show_fewer_heads(
    count: int, skipped: int
) -> None:
    values = [float(value) for value in range(count)]
    assert interval(values[::-1]) == (values[skipped], values[-1 - skipped])


def test_size_and_start_are_goals_of_the_large_zone_only() -> None:
    peers = [line_of("nsd", load_s=1.3), line_of("gdnsd"), line_of("knot")]
    lines = [line_of("understudy", load_s=1.2, gdnsd=1.1, knot=1.4), *peers]
    found = {goal.text: goal.is_reached for goal in goals({"million": lines})}
    assert found["1,000,000 names: answers before NSD does"]
    assert not found["1,000,000 names: less memory than gdnsd"]
    assert not found["1,000,000 names: at least 1.5 x knot in queries/s"]
    assert not any("memory" in goal.text for goal in goals({"names": lines}))


def test_a_run_without_our_own_server_has_no_goals() -> None:
    assert not list(goals({"names": [line_of("gdnsd"), line_of("knot")]}))


def test_the_report_replaces_what_stood_between_the_marks_and_nothing_else() -> None:
    document = "# Performance\n\n<!-- results -->\nold\n<!-- end -->\nafter\n"
    once = inserted(document, "# Title\n\nmachine\n\n## Case\n\n| a |\n")
    assert once == "# Performance\n\n<!-- results -->\n\nmachine\n\n### Case\n\n| a |\n\n<!-- end -->\nafter\n"
    assert inserted(once, "# Title\n\nmachine\n\n## Case\n\n| a |\n") == once


def test_starts_are_compared_round_by_round_and_who_did_not_answer_is_left_out() -> None:
    found = summarised({"understudy": [1.0, 3.0, 2.0], "nsd": [2.0, 3.0, 1.0], "knot": [1.0], "bind": []})
    assert found["understudy"]["seconds"]["median"] == 2.0
    assert found["understudy"]["to_nsd"] == {"median": 1.0, "low": 0.5, "high": 2.0}
    assert "to_nsd" not in found["knot"]
    assert "bind" not in found
    lines = start_section({"million": found})
    assert lines[:3] == ["## Start", "", "1,000,000 names:"]
    assert "| understudy | 2.00 (1.00-3.00) | 1.00 (0.50-2.00) |" in lines
    assert lines[-1] == "| knot | 1.00 (1.00-1.00) | - |"


def test_the_percentiles_of_following_are_of_changes_that_were_seen() -> None:
    assert [percentile([5.0, 1.0, 4.0, 2.0, 3.0], share) for share in (1, 50, 60, 61, 99)] == [1.0, 3.0, 3.0, 4.0, 5.0]
    assert percentile([7.0], 50) == 7.0


def test_a_secondary_that_follows_too_late_misses_the_goal() -> None:
    knot = {"bind": [0.1] * 50, "nsd": [0.1] * 50, "knot": [0.1] * 50}
    late = {"bind": [0.39] * 49 + [1.09], "nsd": [0.41] * 50, "knot": [0.1] * 49 + [1.2]}
    found = summarised_following({"understudy": late, "knot": knot})
    lines = following_section(found, changes=50)
    assert lines[-3:] == [
        "| bind | 390 | 100 | 1090 | 100 | yes |",
        "| nsd | 410 | 100 | 410 | 100 | no |",
        "| knot | 100 | 100 | 1200 | 100 | no |",
    ]


def test_whole_zones_have_a_table_for_each_direction() -> None:
    span = {"median": 0.5, "low": 0.25, "high": 1.0}
    times = {"p50_us": 30.0, "p99_us": 60.0, "slowest_us": 900.0, "waited_us": 5.84}
    meanwhile = times | {"lost": 0.0, "transfers": 9.0, "broken": 2.0}
    found = {
        "out": {"understudy": {"seconds": span, "to_best": span}, "nsd": {"seconds": span}},
        "in": {"knot": {"seconds": span, "peak_mib": span}},
        "meanwhile": {"knot": {"beside": meanwhile}},
    }
    lines = transferring_section(found, names=1_000_000)
    assert lines[0] == "## Whole zones of 1,000,000 names"
    assert "| primary | seconds of a transfer | x the best peer's (goal: below 1) |" in lines
    assert "| secondary | seconds until it answers | x Knot's (goal: at most 1.5) | peak memory MiB |" in lines
    assert "| understudy | 0.500 (0.250-1.000) | 0.500 (0.250-1.000) |" in lines
    assert "| nsd | 0.500 (0.250-1.000) | - |" in lines
    assert "| knot | 0.500 (0.250-1.000) | - | 0 (0-1) |" in lines
    assert lines[-1] == "| knot | beside | 9 | 2 | 30 | 60 | 900 | 5.8 | 0 |"


def test_the_wait_that_counts_is_that_of_the_thread_with_most_turns() -> None:
    before = {"1": (100, 5_000), "2": (0, 0), "3": (7, 9)}
    after = {"1": (1_100, 2_005_000), "2": (10, 90_000_000), "4": (5_000, 1)}
    assert busiest_wait_us(before, after) == 2.0
    assert busiest_wait_us(before, {}) == 0.0


def test_failovers_and_probes_have_their_sections_in_the_page(tmp_path: Path) -> None:
    times = {"min_s": 1.0, "p50_s": 9.0, "p90_s": 11.0, "p99_s": 12.5, "max_s": 12.75, "bound_p99_s": 13.0}
    kills = failover_section([{"case": "defaults", "kills": 120, **times, "holds": True}])
    figures = {"endpoints": 10_000, "first_round_s": 9.5, "probes_per_s": 1000.25, "core_share": 0.25}
    probes = probes_section({**figures, "us_per_probe": 250.5, "oldest_verdict_s": 10.5, "memory_mib": 150.25})

    add(tmp_path, "failover_time", {}, section=kills)
    add(tmp_path, "ten_thousand", {}, section=probes)

    page = (tmp_path / "answering.md").read_text()
    assert "| defaults | 120 | 9.0 | 11.0 | 12.5 | 12.75 | 13.0 |" in page
    assert "| 10000 | 1000.25 | 25% | 250.5 | 10.5 | 150.25 |" in page
