"""A database in which bits have flipped: whatever is understood was written, and whatever is missing is told."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.event import Severity
from understudy.model.name import Name
from understudy.model.verdict import Verdict, VerdictState
from understudy.model.version import ZoneVersion
from understudy.store.database import DATABASE_NAME
from understudy.store.desired import Desired
from understudy.store.observed import Observed
from understudy.store.schema import MIGRATIONS
from understudy.store.sqlite_store import SqliteStore, open_any_store
from understudy.store.store import Start
from understudy.store.versions import VersionsKept
from understudy.testing.builders import name, probe_key
from understudy.testing.store_house import drain

ROUNDS = int(os.environ.get("UNDERSTUDY_FLIPS", "45"))
ORIGINS = [name(f"zone{number}.example") for number in range(4)]
VERDICTS = {probe_key(f"192.0.2.{number}"): Verdict(VerdictState.UP, 1.0, 2.0) for number in range(40)}


def opened(folder: Path) -> SqliteStore:
    return open_any_store(folder, SystemClock())


def version(origin: Name, serial: int) -> ZoneVersion:
    digest = bytes((serial,)) * 16
    return ZoneVersion(origin, serial, 5.0, digest, serial - 1 if serial > 1 else None, bytes((serial,)) * 20 * serial)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with something of everything that a start goes by."""
    folder = tmp_path_factory.mktemp("whole")

    async def story() -> None:
        for number in range(20):
            await store.append(drain(f"192.0.2.{number}"), expected_generation=store.desired.generation)
        for serial in range(1, 20):
            await store.add_versions([version(origin, serial) for origin in ORIGINS])
        store.observe(Observed(20, verdicts=VERDICTS))
        await store.flush()

    store = opened(folder)
    asyncio.run(story())
    store.close()
    return folder


def read(folder: Path) -> tuple[Start, dict[Name, tuple[ZoneVersion, ...]], bool]:
    """What a start has, the versions of each zone, and whether there is no disk."""

    async def story() -> dict[Name, tuple[ZoneVersion, ...]]:
        return {origin: await store.versions(origin) for origin in ORIGINS}

    store = opened(folder)
    try:
        return store.start, asyncio.run(story()), bool(store.statistics().volatile)
    finally:
        store.close()


def parts(desired: Desired) -> dict[str, object]:
    return {"configuration": desired.configuration} | {str(key): value for key, value in desired.overrides.items()}


def require_true(before: Start, found: Start, versions: dict[Name, tuple[ZoneVersion, ...]], *, is_told: bool) -> None:
    """Nothing is there that was not written; nothing is missing that nobody is told of."""
    wanted, understood = parts(before.desired), parts(found.desired)
    assert understood.items() <= wanted.items()
    assert found.observed.verdicts.items() <= before.observed.verdicts.items()
    for origin, kept in versions.items():
        assert kept == tuple(version(origin, each.serial) for each in kept)
        is_known = origin in found.latest and found.latest[origin].serial == 19
        assert is_known or found.versions is VersionsKept.DOUBTFUL
    is_whole = understood == wanted and found.observed.verdicts == before.observed.verdicts
    assert is_told or (is_whole and found.versions is VersionsKept.WHOLE)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_bits_flip_what_is_understood_was_written_and_what_is_missing_is_told(
    whole: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    shutil.copytree(whole, tmp_path / "first")
    before, _, _ = read(tmp_path / "first")
    content = (whole / DATABASE_NAME).read_bytes()
    for number in range(ROUNDS // 3):
        folder = tmp_path / f"{number}"
        shutil.copytree(whole, folder)
        octets = bytearray(content)
        for bit in chance.sample(range(8 * len(octets)), 1 + number % 3):
            octets[bit // 8] ^= 1 << bit % 8
        (folder / DATABASE_NAME).write_bytes(octets)
        found, versions, is_volatile = read(folder)
        require_true(before, found, versions, is_told=bool(found.alarms) or is_volatile)
        shutil.rmtree(folder)


def damage(folder: Path, statement: str) -> None:
    """As a disk does it, which makes no new checksum."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE version SET serial = 12 WHERE zone = 'zone1.example' AND serial = 19",
        "UPDATE version SET digest = x'00' WHERE zone = 'zone1.example' AND serial = 19",
        "UPDATE version SET checksum = NULL WHERE zone = 'zone1.example' AND serial = 19",
    ],
)
def test_a_last_version_that_is_another_one_leaves_the_serial_in_doubt_once(
    whole: Path, tmp_path: Path, statement: str
) -> None:
    folder = tmp_path / "state"
    shutil.copytree(whole, folder)
    damage(folder, statement)
    found, versions, _ = read(folder)
    assert found.versions is VersionsKept.DOUBTFUL
    assert (found.latest[ORIGINS[1]].serial, found.latest[ORIGINS[2]].serial, found.lost) == (18, 19, 0)
    assert [each.serial for each in versions[ORIGINS[1]]] == list(range(1, 19))
    (alarm,) = found.alarms
    (kept,) = folder.glob("*.damaged-*")
    assert alarm.severity is Severity.ALARM
    assert f"1 version of zones is left out, and all zones skip serials; as it was it is {kept}" in alarm.text
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (19 * len(ORIGINS),)

    async def go_on() -> None:
        await store.add_versions([version(ORIGINS[1], 30)])

    store = opened(folder)
    assert store.start.alarms == ()
    asyncio.run(go_on())
    store.close()
    assert read(folder)[0].versions is VersionsKept.WHOLE


def test_a_last_version_of_another_zone_leaves_the_serial_in_doubt(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    shutil.copytree(whole, folder)
    octets = (folder / DATABASE_NAME).read_bytes()
    assert octets.count(b"zone1.example\x13") == 1, "its row, with its serial"
    (folder / DATABASE_NAME).write_bytes(octets.replace(b"zone1.example\x13", b"zone3.example\x13"))
    found, versions, _ = read(folder)
    assert found.versions is VersionsKept.DOUBTFUL
    assert {origin: found.latest[origin].serial for origin in ORIGINS} == {
        origin: 18 if origin == ORIGINS[1] else 19 for origin in ORIGINS
    }
    assert [len(versions[origin]) for origin in ORIGINS] == [19, 18, 19, 19]


def test_an_index_that_finds_no_version_is_made_anew(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    shutil.copytree(whole, folder)
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'version_by_zone'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    octets = bytearray((folder / DATABASE_NAME).read_bytes())
    index = slice((page - 1) * size, page * size)
    octets[index] = octets[index].replace(b"zone1.example", b"zone1.exbmple")
    (folder / DATABASE_NAME).write_bytes(octets)
    found, versions, _ = read(folder)
    assert "what finds the versions of zones was made anew" in found.alarms[0].text
    assert found.versions is VersionsKept.WHOLE
    assert all([each.serial for each in kept] == list(range(1, 20)) for kept in versions.values())
    assert read(folder)[0].alarms == ()


def test_a_database_of_the_schema_before_has_checksums_from_now_on(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    shutil.copytree(whole, folder)
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection, connection:
        for table in ("log", "snapshot", "observed", "version"):
            connection.execute(f"DROP VIEW checked_{table}")
            connection.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    found, versions, _ = read(folder)
    assert (found.alarms, found.versions, len(found.desired.overrides)) == ((), VersionsKept.WHOLE, 20)
    assert found.observed.verdicts == VERDICTS
    assert all(len(kept) == 19 for kept in versions.values())
    damage(folder, "UPDATE version SET serial = 12 WHERE zone = 'zone1.example' AND serial = 19")
    assert read(folder)[0].versions is VersionsKept.DOUBTFUL
