"""Semantics 3.3: an operator lets endpoints return."""

from __future__ import annotations

from understudy.model.decision import RecordMemory
from understudy.steering.memory import release
from understudy.testing.builders import endpoint

A, B = endpoint("192.0.2.1"), endpoint("192.0.2.2")
MEMORY = RecordMemory(1, frozenset({A, B}), (B,))


def test_released_endpoints_no_longer_wait() -> None:
    assert release(MEMORY, [A]) == RecordMemory(1, frozenset({B}), (B,))


def test_releasing_a_record_also_lets_it_leave_its_tier() -> None:
    assert release(MEMORY) == RecordMemory(-1, frozenset(), (B,))
