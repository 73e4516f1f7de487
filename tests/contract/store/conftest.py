from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.store.backlog import Pace
from understudy.store.sqlite_store import SqliteStore, open_store, open_volatile_store
from understudy.store.store import Store
from understudy.store.versions import VersionsKept
from understudy.testing.full_disk import FullDisk
from understudy.testing.memory_store import MemoryDisk, MemoryStore
from understudy.testing.store_house import STORE_NOW, StoreHouse

PACE = Pace(linger_s=0.001, observed_every_s=0.001, retry_first_s=0.001, retry_max_s=0.01)


class StoppedClock(SystemClock):
    """The time of these tests."""

    def now(self) -> float:
        return STORE_NOW


class SqliteHouse:
    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.stores: list[SqliteStore] = []

    def open(self) -> Store:
        self.stores.append(open_store(self.state_dir, StoppedClock(), pace=PACE))
        self.disk = FullDisk(self.stores[-1]._home)
        return self.stores[-1]

    def fill(self) -> None:
        self.disk.fill()

    def empty(self) -> None:
        self.disk.empty()

    def leave(self) -> None:
        for store in self.stores:
            store.close()


class MemoryHouse:
    def __init__(self) -> None:
        self.disk = MemoryDisk()

    def open(self) -> Store:
        return MemoryStore(self.disk)

    def fill(self) -> None:
        self.disk.is_full = True

    def empty(self) -> None:
        self.disk.is_full = False


class VolatileHouse(SqliteHouse):
    """A folder that cannot be used: what its store holds ends with it."""

    pace = replace(PACE, return_every_s=math.inf)

    def open(self) -> Store:
        reason = StoreError("the folder is full", code="store.full")
        self.stores.append(open_volatile_store(self.state_dir, StoppedClock(), reason, pace=self.pace))
        return self.stores[-1]


class LateHouse(VolatileHouse):
    """A folder that cannot be used until its first store is closed: nothing is lost."""

    pace = replace(PACE, return_every_s=3600.0)

    def open(self) -> Store:
        return SqliteHouse.open(self) if self.stores else super().open()


class ReturningHouse(LateHouse):
    """A folder that can be used soon after its first store was opened: from then on it is one like others."""

    pace = replace(PACE, return_every_s=0.0)

    def open(self) -> Store:
        store = super().open()
        asyncio.run(store.flush())
        assert store.statistics().volatile == ""
        self.disk = FullDisk(self.stores[-1]._home)
        return store


SQLITE = {"sqlite": SqliteHouse, "volatile": VolatileHouse, "late": LateHouse, "returning": ReturningHouse}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every store does what one store does; only those with a disk are opened again, and only those can be full."""
    if "store" in metafunc.fixturenames:
        metafunc.parametrize("kind", ["sqlite", "memory", "volatile"])
    elif "house" in metafunc.fixturenames:
        is_about_full_disks = "full" in metafunc.module.__name__ or "refuse" in metafunc.function.__name__
        metafunc.parametrize("kind", ["sqlite", "memory", "returning" if is_about_full_disks else "late"])


@pytest.fixture
def house(kind: str, tmp_path: Path) -> Iterator[StoreHouse]:
    if kind == "memory":
        yield MemoryHouse()
        return
    made = SQLITE[kind](tmp_path / "state")
    yield made
    made.leave()


@pytest.fixture
def at_first(kind: str) -> VersionsKept:
    """What the first start thinks of versions: nobody knows what a folder that cannot be used would say."""
    return VersionsKept.DOUBTFUL if kind == "late" else VersionsKept.NONE


@pytest.fixture
def store(house: StoreHouse) -> Iterator[Store]:
    opened = house.open()
    yield opened
    opened.close()
