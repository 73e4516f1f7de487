"""Faults of ours are told so that somebody can find them."""

from __future__ import annotations

import asyncio

import pytest

from understudy.service.faults import fault_text


def test_a_fault_is_told_with_its_place() -> None:
    with pytest.raises(KeyError) as raised:
        dict[str, int]()["missing"]
    assert fault_text(raised.value).startswith("KeyError: 'missing' (test_faults.py:")
    assert fault_text(ValueError("never raised")) == "ValueError: never raised"


def test_of_a_group_of_tasks_each_fault_is_told_once() -> None:
    async def fail(text: str) -> None:
        raise ValueError(text)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for text in ("one", "other", "one"):
                group.create_task(fail(text))

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())
    nested = ExceptionGroup("around it", [raised.value])
    first, second = fault_text(nested).split("; ")
    assert first.startswith("ValueError: one (test_faults.py:")
    assert second.startswith("ValueError: other (test_faults.py:")
