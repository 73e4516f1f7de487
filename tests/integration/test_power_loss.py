"""A disk whose power is cut at any instant: what was told is kept, and every state it leaves is a good start.

A few rounds here; `make endurance` has 200 (UNDERSTUDY_KILLS). Needs root, for mount.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, cast

import dns.zone
import pytest

from understudy.testing.followers import Book, Follower
from understudy.testing.losing_disk import LosingDisk
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

ROUNDS = int(os.environ.get("UNDERSTUDY_KILLS", "4"))
LONGEST_S = 0.1  # between two changes
ORIGIN = "example.com"
CATALOGS = ("one.catalog", "two.catalog")
MEMBERS = [f"m{number}.example" for number in range(4)]

pytestmark = [
    pytest.mark.timeout(120 + 15 * ROUNDS),
    pytest.mark.skipif(bool(LosingDisk.obstacle()), reason=LosingDisk.obstacle()),
]

ZONE = "$TTL 60\n@ SOA ns1 hostmaster 1 2 2 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n{more}\n"
OURS = """\
listen: 127.0.0.1:{port}
state_dir: disk/state
zones:
  example.com: {file: example.com.zone, watch: false, transfer: {to: [127.0.0.1], merge: 10ms}}
  made.catalog: {source: catalog, transfer: {to: [127.0.0.1]}}
  one.catalog: {source: transfer, primaries: ["127.0.0.1:PRIMARY"], catalog: true, watch: false}
  two.catalog: {source: transfer, primaries: ["127.0.0.1:PRIMARY"], catalog: true, watch: false}
"""
THEIRS = """\
listen: 127.0.0.1:{port}
zones:
  one.catalog: {source: catalog, transfer: {to: [127.0.0.1], notify: ["127.0.0.1:SECONDARY"]}}
  two.catalog: {source: catalog, transfer: {to: [127.0.0.1], notify: ["127.0.0.1:SECONDARY"]}}
"""
MEMBER = '  NAME: {file: NAME.zone, watch: false, transfer: {to: [127.0.0.1], notify: ["127.0.0.1:SECONDARY"]}}\n'


def put(server: RunningServer, origin: str, text: str) -> None:
    """A zone's file in the place of the one before: never half of it."""
    server.write("fresh", text).rename(server.folder / f"{origin}.zone")


class Changes:
    """Files of zones, here and at the primary, that are written anew one after the other."""

    def __init__(self, ours: RunningServer, theirs: RunningServer) -> None:
        self._ours, self._theirs = ours, theirs
        self._number = 1

    def make(self) -> None:
        """One change here and one at the primary, whose catalogs change as well now and then."""
        self._number += 1
        text = ZONE.format(more=f"n{self._number} A 192.0.2.1")
        put(self._ours, ORIGIN, text)
        put(self._theirs, MEMBERS[self._number % len(MEMBERS)], text.replace(" 1 2 2", f" {self._number} 2 2"))
        self._theirs.hang_up()
        self._ours.hang_up()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[RunningServer]:
    folder = tmp_path / "theirs"
    folder.mkdir()
    server = RunningServer(folder, free_port())
    for name in MEMBERS:
        server.write(f"{name}.zone", ZONE.format(more=""))
    yield server
    server.stop()


@pytest.fixture
def ours(tmp_path: Path, theirs: RunningServer) -> Iterator[RunningServer]:
    folder = tmp_path / "ours"
    folder.mkdir()
    server = RunningServer(folder, free_port())
    server.write("understudy.yaml", OURS.replace("PRIMARY", str(theirs.port)))
    server.write(f"{ORIGIN}.zone", ZONE.format(more=""))
    text = THEIRS + "".join(MEMBER.replace("NAME", name) for name in MEMBERS)
    theirs.write("understudy.yaml", text.replace("SECONDARY", str(server.port)))
    theirs.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def disk(ours: RunningServer, tmp_path: Path) -> Iterator[LosingDisk]:
    made = LosingDisk(ours.folder / "disk", tmp_path / "image")
    try:
        yield made
    finally:
        ours.stop(signal.SIGKILL)
        made.leave()


def require_whole(state: Path) -> bool:
    """Every copy is a whole zone, and the database is sound; False: nothing was kept yet, as before a first start."""
    for file in state.rglob("*.zone"):
        dns.zone.from_file(str(file), file.stem)
    database = state / "understudy.db"
    if not database.exists():
        return False
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    return True


def whose(state: Path) -> str:
    """From which catalog the zones of both come; empty while one of the two has not come."""
    folder = state / "zones"
    if not all((folder / f"{name}.zone").exists() for name in CATALOGS):
        return ""
    found = json.loads((folder / "owners.json").read_text())["zones"]
    assert found.keys() == set(MEMBERS)
    (owner,) = set(found.values())
    return str(owner)


def test_a_disk_comes_back_with_what_it_was_asked_to_keep_also_where_others_have_it_mounted(tmp_path: Path) -> None:
    disk = LosingDisk(tmp_path / "disk", tmp_path / "image")
    command = ["unshare", "--mount", "sh", "-c", "echo; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            with (disk.folder / "kept").open("wb", buffering=0) as file:
                file.write(b"kept")
                os.fsync(file.fileno())
            disk.cut()
            disk.come_back()
            assert (disk.folder / "kept").read_text() == "kept"
        finally:
            other.kill()
            disk.leave()


def test_a_disk_comes_back_as_often_as_its_power_is_cut(tmp_path: Path) -> None:
    disk = LosingDisk(tmp_path / "disk", tmp_path / "image")
    try:
        for number in range(5):
            disk.cut()
            disk.come_back()
            names = [each.name for each in tmp_path.iterdir() if each.is_file()]
            assert [name.partition(".")[0] for name in names] == ["image"], number
            assert len(names[0]) < len("image.12345"), "one name, however often"
    finally:
        disk.leave()


def test_whatever_a_cut_of_the_power_leaves_is_a_good_start(
    ours: RunningServer, theirs: RunningServer, disk: LosingDisk
) -> None:
    chance, book, changes = random.Random(3), Book(), Changes(ours, theirs)
    followers = [Follower(ours.port, ORIGIN, book, is_incremental=each) for each in (True, False)]
    reason, owners, is_kept = "", set[str](), False
    with ExitStack() as stack:
        for follower in followers:
            stack.enter_context(follower.following())
        for number in range(ROUNDS):
            ours.start()
            if number % 4 == 3:
                assert ours.run("freeze", "--reason", reason := f"round {number}").returncode == 0
            for _ in range(chance.randrange(12)):
                changes.make()
                time.sleep(chance.uniform(0, LONGEST_S))
            disk.cut()
            ours.stop(signal.SIGKILL)
            disk.come_back()
            assert book.faults == []
            was_kept, is_kept = is_kept, require_whole(disk.folder / "state")
            assert is_kept or not was_kept, "what was on disk is there"
            owners |= {whose(disk.folder / "state")}
    ours.start()
    wait_until(lambda: whose(disk.folder / "state") != "", "both catalogs have come")
    owners.add(whose(disk.folder / "state"))
    status = cast("dict[str, Any]", ours.json("status"))
    assert book.faults == []
    assert len(owners - {""}) == 1, "a zone stays with its catalog (ADR 0027)"
    assert [each["reason"] for each in status["overrides"]] == [reason]
    assert {each["key"] for each in status["alarms"]} <= {f"catalog/{name}" for name in CATALOGS}
