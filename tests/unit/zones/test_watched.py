"""What a look at a name server means, and when it is told: the charts as tables."""

from __future__ import annotations

import pytest

from understudy.model.watch import ServerState, WatchSettings
from understudy.zones.published import KEPT, Published
from understudy.zones.sighting import Finding, Lack, Reference, Reply, Sample, Sighting, judge
from understudy.zones.watched import Watched

SILENT = Reply(is_heard=False, problem="no answer")
REFUSES = Reply(is_heard=False, problem="connection refused")
REFUSED = Reply(is_heard=True, problem="it answers REFUSED")
SETTINGS = WatchSettings(interval_s=60, lag_s=120)


def has(serial: int) -> Reply:
    return Reply(is_heard=True, serial=serial)


def published(*versions: tuple[int, float]) -> Published:
    made = Published()
    for serial, at in versions:
        made.note(serial, at)
    return made


OURS = published((7, 0.0), (8, 100.0), (9, 150.0))


@pytest.mark.parametrize(
    ("udp", "tcp", "state", "words"),
    [
        (has(9), has(9), ServerState.OK, ""),
        (SILENT, SILENT, ServerState.UNREACHABLE, "neither over UDP nor over TCP: no answer"),
        (SILENT, REFUSES, ServerState.UNREACHABLE, "neither over UDP nor over TCP: no answer and connection refused"),
        (has(9), SILENT, ServerState.NO_TCP, "does not answer over TCP: no answer"),
        (SILENT, has(9), ServerState.NO_UDP, "does not answer over UDP: no answer"),
        (REFUSED, REFUSED, ServerState.LAME, "it answers REFUSED"),
        (REFUSED, SILENT, ServerState.LAME, "it answers REFUSED"),
        (SILENT, REFUSED, ServerState.LAME, "it answers REFUSED"),
        (has(10), has(10), ServerState.AHEAD, "has serial 10, later than the 9 here"),
        (has(8), has(8), ServerState.OK, ""),
        (has(7), has(7), ServerState.BEHIND, "has not followed for 2m30s: it has serial 7, and 9 is the newest"),
        (has(9 - 2**31 + 1), has(9 - 2**31 + 1), ServerState.BEHIND, "has not followed for 4m10s"),
    ],
)
def test_a_sighting_means_the_worst_of_what_was_seen(udp: Reply, tcp: Reply, state: ServerState, words: str) -> None:
    finding = judge(Sighting(udp, tcp), Reference(OURS, 120), now=250.0)
    assert finding.state is state
    assert words in finding.text
    assert bool(finding.text) is (state is not ServerState.OK)


MUTE = Reply(is_heard=True, problem="it answers REFUSED", lack=Lack.REFUSED)


@pytest.mark.parametrize(
    ("udp", "tcp", "state"),
    [
        (MUTE, has(9), ServerState.OK),  # as Knot does
        (MUTE, has(7), ServerState.BEHIND),
        (MUTE, MUTE, ServerState.UNKNOWN),
        (has(9), MUTE, ServerState.UNKNOWN),
        (MUTE, SILENT, ServerState.UNKNOWN),
        (REFUSED, REFUSED, ServerState.LAME),
        (SILENT, SILENT, ServerState.UNREACHABLE),
    ],
)
def test_a_refusal_to_speak_of_a_catalog_says_nothing_of_the_server(udp: Reply, tcp: Reply, state: ServerState) -> None:
    """RFC 9432 7: who may ask for a catalog is restricted, so that whoever has it refuses as well."""
    finding = judge(Sighting(udp, tcp).of_catalog(), Reference(OURS, 120), now=250.0)
    assert finding.state is state


@pytest.mark.parametrize(
    ("serial", "newest", "state"),
    [
        (2**32 - 1, 2, ServerState.BEHIND),
        (2, 2**32 - 1, ServerState.AHEAD),
        (0, 0, ServerState.OK),
        (0, 1, ServerState.BEHIND),
    ],
)
def test_serials_are_compared_around_the_circle(serial: int, newest: int, state: ServerState) -> None:
    finding = judge(Sighting(has(serial), has(serial)), Reference(published((newest, 0.0)), 120), now=1000.0)
    assert finding.state is state


def test_the_lag_counts_from_the_first_version_that_is_missing() -> None:
    assert judge(Sighting(has(7), has(7)), Reference(OURS, 120), now=110.0).behind_since == 100.0
    assert judge(Sighting(has(8), has(8)), Reference(OURS, 120), now=160.0).behind_since == 150.0
    assert judge(Sighting(has(9), has(9)), Reference(OURS, 120), now=160.0).behind_since is None
    assert judge(Sighting(has(7), has(7)), Reference(OURS, 120), now=220.0).state is ServerState.OK
    assert judge(Sighting(has(7), has(7)), Reference(OURS, 120), now=220.1).state is ServerState.BEHIND


def test_nobody_is_ahead_of_serials_that_others_make() -> None:
    assert judge(Sighting(has(10), has(10)), Reference(OURS, 120, is_ours=False), now=0.0).state is ServerState.OK


def test_another_answer_at_the_same_serial_is_told() -> None:
    finding = judge(Sighting(has(9), has(9), ("www A with nothing",)), Reference(OURS, 120), now=200.0)
    assert finding == Finding(ServerState.DIFFERS, "answers otherwise: www A with nothing")


def test_a_serial_that_goes_back_begins_the_versions_anew() -> None:
    made = published((9, 0.0), (10, 10.0), (3, 20.0))
    assert made.newest == 3
    assert made.behind_since(2) == 20.0
    assert made.behind_since(3) is None


def test_the_versions_that_are_kept_are_bounded_and_the_oldest_counts_for_those_before_it() -> None:
    made = published(*((serial, float(serial)) for serial in range(1, KEPT + 11)))
    assert made.behind_since(1) == 11.0
    assert made.behind_since(KEPT) == KEPT + 1


def test_any_expected_answer_is_right_and_the_difference_names_ours() -> None:
    one, other = frozenset(("192.0.2.1",)), frozenset(("192.0.2.2",))
    sample = Sample("www.example.com.", "A", (one | other, one, other))
    assert [sample.difference(each) for each in (one | other, one, other)] == ["", "", ""]
    told = sample.difference(frozenset())
    assert told == "www.example.com. A with nothing, here it is 192.0.2.1, 192.0.2.2"


WELL, FAULT = Finding(ServerState.OK), Finding(ServerState.LAME, "is lame")
OTHER, LATE = Finding(ServerState.NO_TCP, "no TCP"), Finding(ServerState.BEHIND, "is late", 10.0)


@pytest.mark.parametrize(
    ("looks", "state"),
    [
        ([], ServerState.UNKNOWN),
        ([WELL], ServerState.OK),
        ([FAULT], ServerState.UNKNOWN),
        ([FAULT, FAULT], ServerState.LAME),
        ([WELL, FAULT], ServerState.OK),
        ([WELL, FAULT, WELL], ServerState.OK),
        ([WELL, FAULT, WELL, FAULT], ServerState.OK),
        ([WELL, FAULT, FAULT], ServerState.LAME),
        ([WELL, FAULT, OTHER], ServerState.NO_TCP),
        ([WELL, FAULT, FAULT, WELL], ServerState.OK),
        ([WELL, FAULT, FAULT, OTHER], ServerState.LAME),
        ([WELL, FAULT, FAULT, FAULT], ServerState.LAME),
        ([WELL, LATE], ServerState.BEHIND),
        ([WELL, LATE, WELL], ServerState.OK),
    ],
)
def test_a_fault_is_told_when_it_was_seen_twice(looks: list[Finding], state: ServerState) -> None:
    watched = Watched(due=0.0)
    for finding in looks:
        watched = watched.seen(finding, 9, watched.due, settings=SETTINGS, chance=0.0)
    assert watched.state is state


def test_a_server_is_heard_when_it_answers_anything_and_not_when_it_is_only_asked() -> None:
    silent = Finding(ServerState.UNREACHABLE, "no answer")
    watched = Watched(due=0.0).seen(silent, None, 5.0, settings=SETTINGS, chance=0.0)
    assert (watched.looked_at, watched.heard_at) == (5.0, None)
    watched = watched.seen(FAULT, None, 9.0, settings=SETTINGS, chance=0.0)
    assert watched.heard_at == 9.0
    watched = watched.seen(silent, None, 12.0, settings=SETTINGS, chance=0.0)
    assert (watched.looked_at, watched.heard_at) == (12.0, 9.0)


def test_a_server_that_told_its_serial_was_heard() -> None:
    glimpsed = Watched(due=0.0).glimpsed(9, None, 7.0, settings=SETTINGS)
    assert (glimpsed.looked_at, glimpsed.heard_at) == (7.0, 7.0)


def test_what_this_host_cannot_ask_says_nothing_of_the_server() -> None:
    unasked = Reply(is_heard=False, problem="this host has no route to the endpoint", is_asked=False)
    finding = judge(Sighting(unasked, unasked), Reference(OURS, 120), now=0.0)
    assert finding == Finding(ServerState.UNKNOWN, "cannot be asked from here: this host has no route to the endpoint")
    fresh = Watched(due=0.0).seen(finding, None, 0.0, settings=SETTINGS, chance=0.0)
    assert (fresh.state, fresh.text, fresh.due) == (ServerState.UNKNOWN, finding.text, 60.0)
    lame = Watched(due=0.0).seen(FAULT, None, 0.0, settings=SETTINGS, chance=0.0)
    lame = lame.seen(finding, None, 10.0, settings=SETTINGS, chance=0.0)
    assert lame.is_in_doubt
    lame = lame.seen(FAULT, None, 70.0, settings=SETTINGS, chance=0.0)
    assert lame.seen(finding, None, 130.0, settings=SETTINGS, chance=0.0).text == FAULT.text


def test_what_is_in_doubt_is_looked_at_again_soon() -> None:
    watched = Watched(due=0.0).seen(WELL, 9, 0.0, settings=SETTINGS, chance=0.0)
    assert watched.due == 60.0
    assert watched.seen(FAULT, None, 60.0, settings=SETTINGS, chance=0.0).due == 70.0
    assert Watched(due=0.0).seen(FAULT, None, 0.0, settings=WatchSettings(interval_s=6), chance=0.0).due == 1.0


def test_the_next_look_comes_up_to_a_tenth_earlier_by_chance() -> None:
    assert Watched(due=0.0).seen(WELL, 9, 0.0, settings=SETTINGS, chance=1.0).due == 54.0


def test_who_is_about_to_reach_the_limit_of_its_lag_is_looked_at_then() -> None:
    lagging = Finding(ServerState.OK, behind_since=10.0)
    assert Watched(due=0.0).seen(lagging, 8, 100.0, settings=SETTINGS, chance=0.0).due == 130.5
    assert Watched(due=0.0).seen(lagging, 8, 20.0, settings=SETTINGS, chance=0.0).due == 80.0


def test_answers_of_another_version_do_not_end_a_difference_and_the_same_records_are_compared_again() -> None:
    differs, lagging = Finding(ServerState.DIFFERS, "differs"), Finding(ServerState.OK, behind_since=100.0)
    watched, turns = Watched(due=0.0), []
    for finding in (WELL, WELL, differs, differs, lagging, differs, WELL, WELL):
        turns.append(watched.turn)
        watched = watched.seen(finding, 9, watched.due, settings=SETTINGS, chance=0.0)
        assert (watched.state is ServerState.DIFFERS) is (finding in (differs, lagging) and len(turns) > 3)
    assert turns == [0, 1, 2, 2, 2, 2, 2, 3]


def test_a_server_that_is_silent_keeps_the_serial_that_it_told_last() -> None:
    watched = Watched(due=0.0).seen(WELL, 9, 0.0, settings=SETTINGS, chance=0.0)
    assert watched.seen(FAULT, None, 60.0, settings=SETTINGS, chance=0.0).serial == 9


def test_a_state_lasts_since_it_began() -> None:
    watched = Watched(due=0.0)
    for now, finding in ((1.0, WELL), (2.0, WELL), (3.0, FAULT), (4.0, FAULT), (5.0, FAULT), (6.0, WELL)):
        watched = watched.seen(finding, 9, now, settings=SETTINGS, chance=0.0)
        assert watched.since == {1.0: 1.0, 2.0: 1.0, 3.0: 1.0, 4.0: 4.0, 5.0: 4.0, 6.0: 6.0}[now]


@pytest.mark.parametrize(
    ("looks", "heard_at", "due"),
    [
        ([], 5.0, 5.0),
        ([FAULT], 0.5, 2.0),
        ([FAULT], 5.0, 5.0),
        ([FAULT, FAULT], 11.0, 20.0),
        ([FAULT, FAULT], 30.0, 30.0),
        ([WELL], 5.0, 60.0),
        ([WELL, FAULT], 61.0, 62.0),
    ],
)
def test_who_is_heard_of_and_was_not_well_is_looked_at_sooner(
    looks: list[Finding], heard_at: float, due: float
) -> None:
    watched = Watched(due=0.0 if looks else 9.0)
    for finding in looks:
        watched = watched.seen(finding, 9, watched.due, settings=SETTINGS, chance=0.0)
    assert watched.heard_of(heard_at, settings=SETTINGS).due == due


@pytest.mark.parametrize(
    ("state", "behind_since", "after", "due"),
    [
        (ServerState.OK, None, ServerState.OK, 300.0),
        (ServerState.OK, 90.0, ServerState.OK, 210.5),
        (ServerState.BEHIND, 90.0, ServerState.BEHIND, 300.0),
        (ServerState.BEHIND, None, ServerState.OK, 300.0),
        (ServerState.NO_TCP, None, ServerState.NO_TCP, 300.0),
    ],
)
def test_a_serial_alone_ends_a_lag_and_nothing_else(
    state: ServerState, behind_since: float | None, after: ServerState, due: float
) -> None:
    watched = Watched(due=300.0, state=state, serial=7, behind_since=80.0)
    seen = watched.glimpsed(9, behind_since, 100.0, settings=SETTINGS)
    assert (seen.state, seen.serial, seen.behind_since, seen.due) == (after, 9, behind_since, due)
