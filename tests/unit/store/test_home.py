"""The database's file is deleted or replaced while the server runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.model.event import Event, Severity
from understudy.model.verdict import Verdict, VerdictState
from understudy.store.backlog import Pace
from understudy.store.database import DATABASE_NAME, LOCK_NAME
from understudy.store.observed import Observed
from understudy.store.sqlite_store import SqliteStore, open_store
from understudy.store.store import NotDurableError
from understudy.testing.builders import probe_key
from understudy.testing.store_house import drain, health_event

HASTY = Pace(linger_s=0.001, observed_every_s=0.001, retry_first_s=0.001, retry_max_s=0.001)


class House:
    """A state folder, and the store in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        self.heard: list[Event] = []
        self.store: SqliteStore
        self.open()

    def open(self) -> None:
        self.store = open_store(self.folder, SystemClock(), pace=HASTY, notify=self.heard.append)

    def open_again(self) -> None:
        self.store.close()
        self.open()

    def append(self) -> None:
        async def main() -> None:
            await self.store.append(drain(), expected_generation=self.store.desired.generation)

        asyncio.run(main())

    def tell(self, text: str) -> None:
        self.store.add_events([health_event(text)])
        asyncio.run(self.store.flush())

    def texts(self) -> list[str]:
        return [event.text for event in asyncio.run(self.store.events())]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "state")
    made.append()
    made.tell("before")
    made.store.observe(Observed(1, verdicts={probe_key(): Verdict(VerdictState.UP, 1.0, 2.0)}))
    asyncio.run(made.store.flush())
    yield made
    made.store.close()


def delete_the_file(house: House) -> None:
    house.path.unlink()


def delete_the_file_and_its_companions(house: House) -> None:
    for path in house.folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()


def delete_the_folder(house: House) -> None:
    shutil.rmtree(house.folder)


def move_the_folder(house: House) -> None:
    house.folder.rename(house.folder.with_name("elsewhere"))


def put_an_empty_file_there(house: House) -> None:
    house.path.with_name("other").touch()
    house.path.with_name("other").rename(house.path)


def put_a_copy_there(house: House) -> None:
    copy = house.path.with_name("copy.db")
    with sqlite3.connect(copy) as target, sqlite3.connect(house.path) as source:
        source.backup(target)
    target.close()
    source.close()
    copy.rename(house.path)


LOSSES = [
    delete_the_file,
    delete_the_file_and_its_companions,
    delete_the_folder,
    move_the_folder,
    put_an_empty_file_there,
    put_a_copy_there,
]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_database_is_written_again_and_nothing_is_missing(house: House, lose: Callable[[House], None]) -> None:
    lose(house)
    house.append()
    house.tell("after")
    assert "deleted or replaced" in house.store.statistics().renewed
    (alarm,) = [event for event in house.heard if event.severity is Severity.ALARM]
    assert "written again" in alarm.text
    house.open_again()
    assert house.store.desired.generation == 2
    assert len(house.store.start.desired.overrides) == 2
    assert list(house.store.start.observed.verdicts) == [probe_key()]
    assert [text for text in house.texts() if text in {"before", "after"}] == ["before", "after"]
    assert house.store.start.alarms == ()
    assert house.store.statistics().renewed == ""
    assert not list(house.folder.glob("*-new*"))
    assert house.path.stat().st_mode & 0o777 == 0o600


def test_a_file_in_the_lost_one_s_place_is_kept(house: House) -> None:
    put_an_empty_file_there(house)
    house.tell("after")
    (kept,) = house.folder.glob(f"{DATABASE_NAME}.replaced-*")
    assert str(kept) in house.store.statistics().renewed


def test_a_loss_is_noticed_by_the_tables_that_are_saved_every_couple_of_seconds(house: House) -> None:
    house.path.unlink()
    house.store.observe(Observed(1))
    asyncio.run(house.store.flush())
    assert house.path.is_file()


def test_the_lock_is_taken_again_with_the_folder(house: House) -> None:
    shutil.rmtree(house.folder)
    house.append()
    assert (house.folder / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    with pytest.raises(StoreError) as refusal:
        open_store(house.folder, SystemClock())
    assert refusal.value.code == "store.locked"


def test_a_folder_that_another_server_took_meanwhile_is_left_to_it(house: House) -> None:
    shutil.rmtree(house.folder)
    other = open_store(house.folder, SystemClock())
    with pytest.raises(NotDurableError) as refusal:
        house.append()
    assert "belongs to a running server" in refusal.value.message
    assert house.store.desired.generation == 2
    other.close()
    asyncio.run(house.store.flush())
    house.open_again()
    assert house.store.desired.generation == 2


def test_a_place_where_nothing_can_be_written_costs_nothing_but_durability(house: House) -> None:
    shutil.rmtree(house.folder)
    house.folder.write_text("in the way")
    with pytest.raises(NotDurableError):
        house.append()
    assert "before" in house.texts()
    house.folder.unlink()
    asyncio.run(house.store.flush())
    house.open_again()
    assert house.store.desired.generation == 2
    assert "before" in house.texts()
