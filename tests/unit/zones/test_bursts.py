"""The first change at once, those of a burst together."""

from __future__ import annotations

from understudy.testing.builders import name
from understudy.zones.bursts import Bursts, Stale

ZONE, OTHER = name("example.com"), name("example.net")
WWW, API = name("www.example.com"), name("api.example.com")


def test_the_first_change_is_due_at_once() -> None:
    bursts = Bursts()
    assert bursts.next_due() is None
    bursts.note(ZONE, [WWW])
    assert bursts.next_due() is not None
    assert bursts.take(100.0) == {ZONE: Stale({WWW: None})}
    assert bursts.take(100.0) == {}
    assert bursts.next_due() is None


def test_changes_of_a_burst_wait_for_its_end_together() -> None:
    bursts = Bursts()
    bursts.made(ZONE, 100.0, 0.1)
    bursts.note(ZONE, [WWW])
    bursts.note(ZONE, [WWW, API])
    bursts.note(OTHER, [])
    assert bursts.take(100.05) == {OTHER: Stale()}
    assert bursts.next_due() == 100.1
    assert bursts.take(100.1) == {ZONE: Stale({WWW: None, API: None})}


def test_a_change_of_the_whole_zone_takes_in_what_came_before() -> None:
    bursts = Bursts()
    bursts.note(ZONE, [WWW])
    bursts.note_whole(ZONE)
    assert bursts.take(100.0) == {ZONE: Stale({WWW: None}, is_whole=True)}


def test_what_was_no_version_starts_no_pause() -> None:
    bursts = Bursts()
    bursts.note(ZONE, [WWW])
    bursts.take(100.0)
    bursts.note(ZONE, [WWW])
    assert bursts.take(100.0) == {ZONE: Stale({WWW: None})}
