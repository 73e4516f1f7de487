"""Serials grow, whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.model.transfer import SerialStyle
from understudy.zones.serial import beyond_lost, is_later, latest, next_serial

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
SERIALS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("style", "after", "expected"),
    [
        (SerialStyle.INCREMENT, 7, 8),
        (SerialStyle.INCREMENT, 2**32 - 1, 0),
        (SerialStyle.UNIXTIME, 7, int(NOON)),
        (SerialStyle.UNIXTIME, int(NOON), int(NOON) + 1),
        (SerialStyle.UNIXTIME, 2026112200, 2026112201),
        (SerialStyle.DATE, 7, 2026112200),
        (SerialStyle.DATE, 2026112103, 2026112200),
        (SerialStyle.DATE, 2026112200, 2026112201),
        (SerialStyle.DATE, 2026112299, 2026112300),
        (SerialStyle.DATE, 2026112300, 2026112301),
        (SerialStyle.DATE, int(NOON), 2026112200),
        (SerialStyle.DATE, 4_294_967_295, 2026112200),
        (SerialStyle.DATE, 4_100_000_000, 4_100_000_001),
    ],
)
def test_the_next_serial_is_what_the_style_says_or_one_more(style: SerialStyle, after: int, expected: int) -> None:
    """RFC 1912 2.2 has the style of dates."""
    assert next_serial(style, NOON, after=after) == expected


@given(SERIALS, st.sampled_from(SerialStyle), st.floats(0, 2**33))
def test_the_next_serial_is_always_later(after: int, style: SerialStyle, wall_time: float) -> None:
    """RFC 1982 3.1 bounds what may be added."""
    found = next_serial(style, wall_time, after=after)
    assert 0 <= found < 2**32
    assert is_later(found, after)


@given(SERIALS, SERIALS)
def test_no_two_serials_are_later_than_each_other(one: int, other: int) -> None:
    assert not (is_later(one, other) and is_later(other, one))
    assert latest(one, other) in {one, other}
    assert not is_later(one, latest(one, other))


@given(SERIALS, st.integers(0, 10**9), st.floats(0.01, 60), st.floats(-10, 10**7))
def test_what_went_out_unseen_is_never_later_than_what_follows(
    published: int, count: int, merge_s: float, elapsed_s: float
) -> None:
    possible = min(count, int(max(0.0, elapsed_s) / merge_s) + 1, 2**30)
    seen = (published + possible) % 2**32
    beyond = beyond_lost(published, elapsed_s=elapsed_s, merge_s=merge_s)
    assert beyond == seen or is_later(beyond, seen)
    assert is_later(next_serial(SerialStyle.INCREMENT, NOON, after=beyond), seen)


def test_no_more_is_skipped_than_is_known_to_be_lost() -> None:
    week_s = 7 * 86400.0
    assert beyond_lost(10, elapsed_s=week_s, merge_s=0.1, known=3) == 13
    assert beyond_lost(10, elapsed_s=0.05, merge_s=0.1, known=300) == 12
    assert beyond_lost(10, elapsed_s=week_s, merge_s=0.1) > 1_000_000
