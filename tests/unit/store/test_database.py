from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import StoreError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.store.database import DATABASE_NAME, LOCK_NAME, _set_aside
from understudy.store.draft import Draft, Signature
from understudy.store.schema import MIGRATIONS
from understudy.store.sqlite_store import SqliteStore, open_store


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "far" / "state"


def opened(state_dir: Path) -> SqliteStore:
    return open_store(state_dir, SystemClock())


def fill(state_dir: Path, rows: int = 400) -> None:
    """A database of many pages."""
    store = opened(state_dir)
    store.add_events([Event(SystemClock().now(), EventKind.HEALTH, "192.0.2.10", "x" * 200) for _ in range(rows)])
    drain = Signature("ops", "", 0.0).override(OverrideKind.DRAIN, Subject(SubjectKind.EVERYTHING), None)
    asyncio.run(_append(store, drain))
    store.close()


async def _append(store: SqliteStore, draft: Draft) -> None:
    await store.append(draft, expected_generation=0)


def refusal(state_dir: Path) -> StoreError:
    with pytest.raises(StoreError) as error:
        opened(state_dir)
    assert error.value.hint
    return error.value


def set_aside(state_dir: Path) -> list[Path]:
    return sorted(state_dir.glob(f"{DATABASE_NAME}.damaged-*"))


def count_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_folder_is_made_for_its_owner_only(state_dir: Path) -> None:
    opened(state_dir).close()
    assert state_dir.stat().st_mode & 0o777 == 0o700
    assert (state_dir / LOCK_NAME).stat().st_mode & 0o777 == 0o600


def test_the_database_is_its_owner_s(state_dir: Path) -> None:
    fill(state_dir)
    path = state_dir / DATABASE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o646)
    store = opened(state_dir)
    modes = {each.name: each.stat().st_mode & 0o777 for each in state_dir.glob(f"{DATABASE_NAME}*")}
    store.close()
    assert modes == {DATABASE_NAME: 0o640, f"{DATABASE_NAME}-wal": 0o640, f"{DATABASE_NAME}-shm": 0o640}


def test_every_commit_reaches_the_disk(state_dir: Path) -> None:
    store = opened(state_dir)
    connection = store._writer._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    store.close()


def test_a_second_server_is_told_which_process_has_the_folder(state_dir: Path) -> None:
    store = opened(state_dir)
    program = (
        "import sys; from pathlib import Path; from understudy.clock.clock import SystemClock\n"
        "from understudy.store.sqlite_store import open_store\n"
        "try: open_store(Path(sys.argv[1]), SystemClock())\n"
        "except Exception as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(state_dir)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert told.startswith("store.locked:")
    assert f"process {os.getpid()}" in told
    assert "another state_dir" in told
    store.close()


def test_a_refused_server_leaves_no_descriptor_behind(state_dir: Path) -> None:
    store = opened(state_dir)
    before = count_files()
    for _ in range(5):
        refusal(state_dir)
    assert count_files() == before
    store.close()


def test_a_closed_store_leaves_no_descriptor_and_no_thread_behind(state_dir: Path) -> None:
    opened(state_dir).close()
    before = count_files(), threading.active_count()
    for _ in range(5):
        opened(state_dir).close()
    assert (count_files(), threading.active_count()) == before


def check_begun_anew(state_dir: Path) -> None:
    store = opened(state_dir)
    (aside,) = set_aside(state_dir)
    (alarm,) = store.start.alarms
    assert (alarm.kind, alarm.severity, alarm.subject) == (EventKind.ALARM, Severity.ALARM, "store")
    assert str(aside) in alarm.text
    assert store.start.desired.generation == 0
    assert asyncio.run(store.events()) == (alarm,)
    store.close()
    again = opened(state_dir)
    assert again.start.alarms == ()
    assert len(set_aside(state_dir)) == 1
    again.close()


def test_a_file_that_is_no_database_is_set_aside(state_dir: Path) -> None:
    state_dir.mkdir(parents=True)
    (state_dir / DATABASE_NAME).write_bytes(b"this is not what you are looking for " * 1000)
    check_begun_anew(state_dir)
    assert set_aside(state_dir)[0].read_bytes().startswith(b"this is not")


@pytest.mark.parametrize("page", [1, 2, 5, 20])
def test_a_damaged_page_sets_the_file_aside(state_dir: Path, page: int) -> None:
    fill(state_dir)
    path = state_dir / DATABASE_NAME
    with path.open("r+b") as file:
        file.seek(page * 4096 - 2048 if page == 1 else page * 4096)
        file.write(os.urandom(2048))
    store = opened(state_dir)
    is_anew = bool(store.start.alarms)
    store.close()
    if page == 1:  # the schema's own page: half of it may be unused, so the damage may be none
        assert is_anew == bool(set_aside(state_dir))
    else:
        assert is_anew
        assert len(set_aside(state_dir)) == 1


def test_a_file_cut_short_is_set_aside(state_dir: Path) -> None:
    fill(state_dir)
    os.truncate(state_dir / DATABASE_NAME, 3 * 4096 + 100)
    check_begun_anew(state_dir)


def test_another_program_s_database_is_set_aside_whole(state_dir: Path) -> None:
    state_dir.mkdir(parents=True)
    other = sqlite3.connect(state_dir / DATABASE_NAME)
    other.execute("CREATE TABLE log (line TEXT)")
    other.execute("INSERT INTO log VALUES ('theirs')")
    other.commit()
    other.close()
    check_begun_anew(state_dir)
    kept = sqlite3.connect(set_aside(state_dir)[0])
    assert kept.execute("SELECT line FROM log").fetchone() == ("theirs",)
    kept.close()


def test_two_damaged_files_in_one_second_are_both_kept(state_dir: Path) -> None:
    class Stopped(SystemClock):
        def now(self) -> float:
            return 1_700_000_000.0

    state_dir.mkdir(parents=True)
    for number in range(3):
        (state_dir / DATABASE_NAME).write_bytes(b"garbage %d " % number * 1000)
        open_store(state_dir, Stopped()).close()
    assert [path.name.removeprefix(f"{DATABASE_NAME}.") for path in set_aside(state_dir)] == [
        "damaged-20231114T221320Z",
        "damaged-20231114T221320Z-2",
        "damaged-20231114T221320Z-3",
    ]


def test_the_companions_of_a_damaged_file_go_with_it(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / (DATABASE_NAME + suffix)).write_text(suffix)
    target = _set_aside(tmp_path / DATABASE_NAME, 1_700_000_000.0)
    assert {path.name.removeprefix(target.name): path.read_text() for path in tmp_path.iterdir()} == {
        "": "",
        "-wal": "-wal",
        "-shm": "-shm",
    }


def test_a_newer_version_s_file_is_refused_and_left_as_it_is(state_dir: Path) -> None:
    fill(state_dir, rows=1)
    path = state_dir / DATABASE_NAME
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.execute("CREATE TABLE novelty (x)")
    newer.close()
    before = path.read_bytes()
    error = refusal(state_dir)
    assert error.code == "store.newer"
    assert path.read_bytes() == before
    assert set_aside(state_dir) == []


def test_a_file_in_the_folder_s_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert refusal(tmp_path / "state").code == "store.no-folder"
    assert refusal(tmp_path / "state" / "deeper").code == "store.no-folder"


def test_a_folder_in_the_database_s_place_is_set_aside(state_dir: Path) -> None:
    (state_dir / DATABASE_NAME / "deeper").mkdir(parents=True)
    check_begun_anew(state_dir)
    assert (set_aside(state_dir)[0] / "deeper").is_dir()


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Without the right to write everywhere, which root has."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_a_folder_without_permission_is_explained(as_nobody: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o500)
        assert refusal(Path(folder)).code == "store.read-only"
        assert refusal(Path(folder) / "state").code == "store.read-only"
        Path(folder).chmod(0o700)


def test_a_database_without_permission_is_explained(as_nobody: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened(Path(folder)).close()
        (Path(folder) / DATABASE_NAME).chmod(0o400)
        assert refusal(Path(folder)).code == "store.read-only"
