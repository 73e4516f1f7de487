"""The state chart of `zones.silence` as stories, and its bounds."""

from __future__ import annotations

from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.zones.silence import PAUSE_FIRST_S, PAUSE_MAX_S, TRIAL_S, Silences

DEAD, ALIVE = Primary("192.0.2.1", 53), Primary("192.0.2.2", 53)


def test_a_primary_that_does_not_answer_is_asked_last_for_a_pause() -> None:
    silences = Silences()
    assert silences.is_tried(DEAD, 0.0)
    assert silences.note_silence(DEAD, 0.0)
    assert not silences.is_tried(DEAD, PAUSE_FIRST_S - 0.1)
    assert silences.is_tried(ALIVE, 1.0)
    assert silences.is_tried(Primary("192.0.2.1", 5353), 1.0)


def test_the_key_of_a_zone_is_no_other_primary() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    assert silences.is_silent(Primary("192.0.2.1", 53, Name.parse("key")), 1.0)


def test_a_primary_may_be_heard_at_another_address_of_ours() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    assert not silences.is_silent(Primary("192.0.2.1", 53, via="192.0.2.9"), 1.0)


def test_an_answer_ends_the_silence_at_once() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    assert silences.note_answer(DEAD)
    assert silences.is_tried(DEAD, 0.1)
    assert not silences.note_answer(DEAD)
    assert silences.note_silence(DEAD, 1.0)


def test_many_zones_that_find_the_same_at_once_count_once() -> None:
    silences = Silences()
    assert [silences.note_silence(DEAD, 0.1 * each) for each in range(5)] == [True, False, False, False, False]
    assert not silences.is_silent(DEAD, PAUSE_FIRST_S + 0.1)


def test_one_zone_alone_tries_it_when_the_pause_is_over() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    assert [silences.is_tried(DEAD, PAUSE_FIRST_S) for _ in range(3)] == [True, False, False]
    silences.note_silence(DEAD, PAUSE_FIRST_S + 4.0)
    assert silences.is_silent(DEAD, 3 * PAUSE_FIRST_S + 3.9)
    assert silences.is_tried(DEAD, 3 * PAUSE_FIRST_S + 4.0)


def test_a_trial_that_nobody_ends_is_followed_by_another() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    assert silences.is_tried(DEAD, PAUSE_FIRST_S)
    assert not silences.is_tried(DEAD, PAUSE_FIRST_S + TRIAL_S - 0.1)
    assert silences.is_tried(DEAD, PAUSE_FIRST_S + TRIAL_S)


def test_a_zone_that_may_expire_meanwhile_shortens_the_pause_and_nothing_else() -> None:
    silences = Silences()
    silences.note_silence(DEAD, 0.0)
    silences.hasten(DEAD, 1.0, 1000.0)
    assert not silences.is_tried(DEAD, PAUSE_FIRST_S - 0.1)  # it is short enough
    silences.hasten(DEAD, 1.0, 60.0)
    assert not silences.is_tried(DEAD, 15.9)
    assert silences.is_tried(DEAD, 16.0)
    silences.hasten(DEAD, 16.0, 1.0)
    assert not silences.is_tried(DEAD, 16.0 + TRIAL_S - 0.1)  # one zone at a time
    silences.note_silence(DEAD, 17.0)
    assert silences.is_silent(DEAD, 16.9 + 2 * PAUSE_FIRST_S)
    silences.hasten(DEAD, 17.0, -5.0)
    assert silences.is_silent(DEAD, 17.0 + TRIAL_S - 0.1)
    assert not silences.is_silent(DEAD, 17.0 + TRIAL_S)
    silences.hasten(ALIVE, 0.0, 0.0)
    assert silences.is_tried(ALIVE, 0.0)


def test_pauses_double_up_to_their_bound() -> None:
    silences, now, pauses = Silences(), 0.0, []
    silences.note_silence(DEAD, now)
    for _ in range(8):
        begun = now
        while silences.is_silent(DEAD, now):
            now += 1.0
        pauses.append(now - begun)
        assert silences.is_tried(DEAD, now)
        silences.note_silence(DEAD, now)
    assert pauses == [30.0, 60.0, 120.0, 240.0, 480.0, PAUSE_MAX_S, PAUSE_MAX_S, PAUSE_MAX_S]
