"""Semantics 5.1 and 5.4: which override applies."""

from __future__ import annotations

from itertools import permutations

import pytest

from understudy.health.overrides import Location, OverrideIndex, find_freeze, find_override, next_expiry
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.testing.builders import endpoint, name

NOW = 1000.0
WWW = name("www.example.com")
PLACE = Location(endpoint("192.0.2.10"), "near", WWW)
FREEZE, UP, DOWN, DRAIN = OverrideKind.FREEZE, OverrideKind.FORCE_UP, OverrideKind.FORCE_DOWN, OverrideKind.DRAIN
HERE = Subject(SubjectKind.ENDPOINT, "192.0.2.10", "www.example.com")
ENDPOINT = Subject(SubjectKind.ENDPOINT, "192.0.2.10")
POOL_HERE = Subject(SubjectKind.POOL, "near", "www.example.com")
POOL = Subject(SubjectKind.POOL, "near")
RECORD = Subject(SubjectKind.RECORD, "www.example.com")
EVERYTHING = Subject(SubjectKind.EVERYTHING)


def override(number: int, kind: OverrideKind, subject: Subject, expires_at: float | None = None) -> Override:
    return Override(number, kind, subject, "maintenance", "ada", 0.0, expires_at)


@pytest.mark.parametrize(
    ("overrides", "winner"),
    [
        ([], None),
        ([(1, DRAIN, ENDPOINT)], 1),
        ([(1, DRAIN, HERE), (2, UP, EVERYTHING)], 2),  # force before drain, however wide
        ([(1, UP, EVERYTHING), (2, DOWN, POOL)], 2),  # then the narrower subject
        ([(1, UP, POOL), (2, DOWN, RECORD)], 1),
        ([(1, UP, POOL_HERE), (2, DOWN, POOL)], 1),
        ([(1, UP, HERE), (2, DOWN, ENDPOINT)], 1),
        ([(1, UP, ENDPOINT), (2, DOWN, POOL_HERE)], 1),
        ([(1, UP, ENDPOINT), (2, DOWN, ENDPOINT)], 2),  # then the newer one
        ([(1, FREEZE, RECORD), (2, DRAIN, RECORD)], 2),  # a freeze is found for itself
        ([(1, DRAIN, Subject(SubjectKind.ENDPOINT, "192.0.2.11"))], None),
        ([(1, DRAIN, Subject(SubjectKind.ENDPOINT, "192.0.2.10", "api.example.com"))], None),
        ([(1, DRAIN, Subject(SubjectKind.POOL, "far"))], None),
    ],
)
def test_5_4_force_before_drain_then_the_narrower_then_the_newer(
    overrides: list[tuple[int, OverrideKind, Subject]], winner: int | None
) -> None:
    for order in permutations(overrides):
        found = find_override(OverrideIndex.of(override(*each) for each in order), PLACE, NOW)
        assert (found.id if found else None) == winner


@pytest.mark.parametrize(("expires_at", "applies"), [(NOW, False), (NOW + 0.001, True), (None, True)])
def test_5_4_an_expired_override_does_not_apply(expires_at: float | None, applies: bool) -> None:
    index = OverrideIndex.of([override(1, DRAIN, ENDPOINT, expires_at)])

    assert (find_override(index, PLACE, NOW) is not None) is applies


@pytest.mark.parametrize(
    ("subject", "is_frozen"),
    [(RECORD, True), (EVERYTHING, True), (Subject(SubjectKind.RECORD, "api.example.com"), False), (POOL, False)],
)
def test_5_1_a_freeze_holds_one_record_or_everything(subject: Subject, is_frozen: bool) -> None:
    assert (find_freeze(OverrideIndex.of([override(1, FREEZE, subject)]), WWW, NOW) is not None) is is_frozen


def test_of_several_freezes_the_longest_is_found() -> None:
    index = OverrideIndex.of([override(1, FREEZE, RECORD, 2000.0), override(2, FREEZE, EVERYTHING, 3000.0)])

    found = find_freeze(index, WWW, NOW)

    assert found is not None
    assert found.id == 2


def test_the_next_expiry_skips_what_is_over_and_what_has_no_end() -> None:
    index = OverrideIndex.of([override(1, DRAIN, POOL, 900.0), override(2, UP, POOL), override(3, UP, HERE, 1500.0)])

    assert next_expiry(index, NOW) == 1500.0
    assert next_expiry(OverrideIndex(), NOW) is None
