"""What every store does on a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from understudy.model.errors import StoreError
from understudy.store.store import NotDurableError
from understudy.testing.store_house import StoreHouse, drain, health_event

T = TypeVar("T")

BULKY = "x" * 200_000
"""So much that it fits into no page that is allocated already."""


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    return asyncio.run(main())


def test_on_a_full_disk_a_change_is_in_force_and_said_to_be_in_memory_only(house: StoreHouse) -> None:
    store = house.open()
    run(lambda: store.append(drain(), expected_generation=0))
    house.fill()
    with pytest.raises(NotDurableError) as refusal:
        run(lambda: store.append(drain(reason=BULKY), expected_generation=1))
    assert refusal.value.entry.generation == 2
    assert store.desired.generation == 2
    assert store.statistics().queued_entries == 1
    assert store.statistics().error
    assert [entry.generation for entry in run(store.entries)] == [1, 2]
    house.empty()
    run(store.flush)
    assert store.statistics().queued_entries == 0
    assert store.statistics().error == ""
    store.close()
    again = house.open()
    assert again.desired.generation == 2
    again.close()


def test_on_a_full_disk_history_waits_and_is_seen(house: StoreHouse) -> None:
    store = house.open()
    house.fill()
    (noted,) = store.add_events([health_event(BULKY)])
    with pytest.raises(StoreError):
        run(store.flush)
    assert noted in run(store.events)
    assert store.statistics().queued_history >= 1
    house.empty()
    run(store.flush)
    store.close()
    again = house.open()
    assert noted in run(again.events)
    again.close()


def test_a_store_that_must_close_on_a_full_disk_says_what_is_lost(house: StoreHouse) -> None:
    store = house.open()
    house.fill()
    with pytest.raises(NotDurableError):
        run(lambda: store.append(drain(reason=BULKY), expected_generation=0))
    with pytest.raises(StoreError) as loss:
        store.close()
    assert loss.value.code == "store.lost"
    again = house.open()
    assert again.desired.generation == 0
    again.close()
