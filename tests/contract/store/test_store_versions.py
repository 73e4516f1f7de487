"""Versions of zones are on disk before anybody may see them, and a start knows whether that was kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from understudy.model.errors import StoreError
from understudy.model.version import ZoneVersion
from understudy.store.store import Store
from understudy.store.versions import VersionsKept
from understudy.testing.builders import name
from understudy.testing.store_house import STORE_NOW, StoreHouse

T = TypeVar("T")

ORIGIN = name("example.com")
BULKY = b"x" * 200_000
"""So much that it fits into no page that is allocated already."""


def run(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    return asyncio.run(main())


def version(serial: int, *, is_first: bool = False, difference: bytes = b"changes") -> ZoneVersion:
    digest = bytes((serial % 256,)) * 16
    if is_first:
        return ZoneVersion(ORIGIN, serial, STORE_NOW, digest)
    return ZoneVersion(ORIGIN, serial, STORE_NOW, digest, serial - 1, difference)


def serials(store: Store) -> list[int]:
    return [each.serial for each in run(lambda: store.versions(ORIGIN))]


def test_versions_are_there_in_their_order(store: Store) -> None:
    other = ZoneVersion(name("example.net"), 7, STORE_NOW, b"d")
    run(lambda: store.add_versions([version(1, is_first=True), other, version(2)]))
    run(lambda: store.add_versions([version(3)]))
    assert run(lambda: store.versions(ORIGIN)) == (version(1, is_first=True), version(2), version(3))
    assert run(lambda: store.versions(other.origin)) == (other,)


def test_a_version_that_nothing_leads_to_begins_the_history_anew(store: Store) -> None:
    run(lambda: store.add_versions([version(1, is_first=True), version(2)]))
    run(lambda: store.add_versions([version(9, is_first=True)]))
    assert serials(store) == [9]


def test_versions_outlive_a_restart(house: StoreHouse, at_first: VersionsKept) -> None:
    store = house.open()
    assert (store.start.versions, store.start.latest) == (at_first, {})
    other = ZoneVersion(name("example.net"), 7, STORE_NOW, b"d")
    run(lambda: store.add_versions([version(1, is_first=True), other, version(2)]))
    store.close()
    again = house.open()
    assert again.start.versions is VersionsKept.WHOLE
    last = ZoneVersion(ORIGIN, 2, STORE_NOW, version(2).digest)
    assert again.start.latest == {ORIGIN: last, other.origin: other}
    assert run(lambda: again.versions(ORIGIN)) == (version(1, is_first=True), version(2))
    again.close()


def test_a_version_that_the_disk_refuses_leaves_the_next_start_in_doubt(house: StoreHouse) -> None:
    store = house.open()
    run(lambda: store.add_versions([version(1, is_first=True)]))
    house.fill()
    with pytest.raises(StoreError):
        run(lambda: store.add_versions([version(2, difference=BULKY)]))
    assert serials(store) == [1, 2]
    with pytest.raises(StoreError):
        store.close()
    house.empty()
    again = house.open()
    assert again.start.versions is VersionsKept.DOUBTFUL
    assert serials(again) == [1]
    run(lambda: again.add_versions([version(9, is_first=True)]))
    again.close()
    assert_whole(house)


def test_a_version_that_was_refused_is_written_when_the_disk_allows(house: StoreHouse) -> None:
    store = house.open()
    run(lambda: store.add_versions([version(1, is_first=True)]))
    house.fill()
    with pytest.raises(StoreError):
        run(lambda: store.add_versions([version(2, difference=BULKY)]))
    house.empty()
    run(store.flush)
    assert serials(store) == [1, 2]
    store.close()
    assert_whole(house)


def assert_whole(house: StoreHouse) -> None:
    store = house.open()
    assert store.start.versions is VersionsKept.WHOLE
    store.close()
