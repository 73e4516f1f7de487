"""The garbage collector rests while a server starts, and works once it answers."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from understudy.service.collector import THRESHOLDS, freeze, keep


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_a_collector_that_a_start_switched_off_works_again() -> None:
    gc.disable()
    freeze()
    assert gc.isenabled()
    assert gc.get_threshold() == THRESHOLDS


def test_what_came_late_is_passed_over_too() -> None:
    freeze()
    before = gc.get_freeze_count()
    late = [[] for _ in range(1000)]  # type: list[list[object]]
    keep()
    assert gc.get_freeze_count() >= before + len(late)
