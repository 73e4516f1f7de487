"""With which serial a run begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.zones.beginning import Beginning

FILE = Beginning(own=7)
FETCHED = Beginning(own=7, is_passed_on=True)
AWAITED = Beginning(own=7, is_passed_on=True, is_awaited=True)
LAID_OVER = Beginning(own=7, is_awaited=True)


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (FILE, ""),
        (replace(FILE, last=9), "goes on"),
        (replace(FILE, last=7), "goes on"),
        (replace(FILE, last=6), ""),
        (replace(FILE, last=9, is_doubtful=True), ""),
        (FETCHED, "keeps"),
        (replace(FETCHED, is_doubtful=True), "keeps"),
        (replace(FETCHED, last=6), "keeps"),
        (replace(FETCHED, last=6, is_doubtful=True), "keeps"),
        (replace(FETCHED, last=7), "goes on"),
        (replace(FETCHED, last=7, is_doubtful=True), "goes on"),
        (replace(FETCHED, last=9), "goes on"),
        (replace(FETCHED, last=9, is_doubtful=True), ""),
        (AWAITED, "keeps"),
        (replace(AWAITED, last=6), "keeps"),
        (replace(AWAITED, last=7), "goes on, waits"),
        (replace(AWAITED, last=9), "goes on, waits"),
        (LAID_OVER, ""),
        (replace(LAID_OVER, last=6), "waits"),
        (replace(LAID_OVER, last=9), "goes on, waits"),
    ],
)
def test_what_is_known_decides_how_a_run_begins(beginning: Beginning, expected: str) -> None:
    found = {"goes on": beginning.may_go_on, "keeps": beginning.keeps_own, "waits": beginning.must_wait}
    assert ", ".join(word for word, holds in found.items() if holds) == expected
