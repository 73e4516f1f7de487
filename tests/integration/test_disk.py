"""A state folder on a disk of its own that is tiny, full, read-only or in a bad way. Needs root, for mount."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from understudy.testing.played_primary import PlayedPrimary, Script, answers, soa
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

PRIMARY, BACKUP = ["127.0.0.2"], ["127.0.0.3"]
NAME = "www.example.com"
WITHIN_S = 10.0

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


class TinyDisk:
    """A file system of 256 kB in memory at the state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"
        folder.mkdir()
        self._mount("-t", "tmpfs", "-o", "size=256k", "tmpfs")

    def _mount(self, *words: str) -> None:
        subprocess.run(["mount", *words, str(self.folder)], check=True)

    def fill(self) -> None:
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 512)
            except OSError:
                return

    def empty(self) -> None:
        self.ballast.unlink()

    def forbid_copies(self) -> None:
        """As a disk that the kernel allows no writing to any more, while the rest of the folder is in use."""
        zones = str(self.folder / "zones")
        subprocess.run(["mount", "--bind", zones, zones], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", zones], check=True)

    def allow_copies(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder / "zones")], check=True)

    def forbid(self) -> None:
        self._mount("-o", "remount,ro")

    def mend(self) -> None:
        """Whatever is wrong with it."""
        self._mount("-o", "remount,rw")
        self.ballast.unlink(missing_ok=True)

    def leave(self) -> None:
        subprocess.run(["umount", "--lazy", "--recursive", str(self.folder)], check=True)


@pytest.fixture
def disk(server: RunningServer) -> Iterator[TinyDisk]:
    made = TinyDisk(server.folder / "state")
    try:
        yield made
    finally:
        server.stop()
        made.leave()


def alarms(server: RunningServer) -> dict[str, str]:
    document = cast("dict[str, Any]", server.json("status"))
    return {each["key"]: each["text"] for each in document["alarms"]}


def settle(server: RunningServer) -> None:
    def states() -> set[str]:
        document = cast("dict[str, Any]", server.json("status"))
        return {each["state"] for each in document["endpoints"]}

    wait_until(lambda: states() == {"up"}, "both endpoints known to be up")


def test_a_drain_on_a_disk_that_filled_up_is_in_force(server: RunningServer, disk: TinyDisk, web: WebServers) -> None:
    server.start()
    settle(server)
    disk.fill()
    wait_until(lambda: "store" in alarms(server), "the full disk is noticed", WITHIN_S)
    said = server.run("drain", "127.0.0.2", "--reason", "new kernel")
    assert said.returncode == 0, said.stderr
    assert "in force but not on disk" in said.stderr
    assert server.addresses(NAME) == BACKUP
    assert "drain 127.0.0.2" in server.run("status").stdout
    released = server.run("release", "127.0.0.2")
    assert released.returncode == 0, released.stderr
    wait_until(lambda: server.addresses(NAME) == PRIMARY, "up for the failback delay (semantics 3.5), it returns")
    server.run("drain", "127.0.0.2")
    disk.empty()
    wait_until(lambda: "store" not in alarms(server), "the state is written", 60)
    server.stop()
    server.start()
    assert server.addresses(NAME) == BACKUP


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_disk_that_takes_nothing_at_the_start_costs_no_answer_and_later_nothing_at_all(
    server: RunningServer, disk: TinyDisk, web: WebServers, fault: str
) -> None:
    server.write("understudy.yaml", (server.folder / "understudy.yaml").read_text() + "api: {socket: api.sock}\n")
    server.start()
    settle(server)
    server.run("drain", "127.0.0.2")
    server.stop()
    disk.fill()
    if fault == "read-only":
        disk.empty()
        disk.forbid()
    assert "is ready on" in server.start()
    assert server.addresses(NAME) == BACKUP, "what was drained stays drained"
    text = alarms(server)["store/volatile"]
    assert fault in text
    assert "lost when the server ends" in text
    assert "store/volatile" in (server.folder / "serve.log").read_text()
    released = server.run("release", "127.0.0.2")
    assert "does not survive a restart" in released.stderr
    wait_until(lambda: server.addresses(NAME) == PRIMARY, "up for the failback delay (semantics 3.5), it returns")
    disk.mend()
    wait_until(lambda: "store/volatile" not in alarms(server), "the state goes to the disk")
    drained = server.run("drain", "127.0.0.2", "--reason", "new kernel")
    assert "restart" not in drained.stderr
    server.stop(signal.SIGKILL)
    server.start()
    assert server.addresses(NAME) == BACKUP
    assert alarms(server) == {}
    said = server.run("events").stdout
    assert "can be written again" in said
    assert "release" in said, "what happened in memory only"


def give(number: int, count: int) -> Script:
    """A version that tells its serial, and is so large."""
    fill = [(f"n{each}.example.com.", "TXT", "x" * 100) for each in range(count)]
    names = [("example.com.", "NS", "ns.example.com."), (f"{NAME}.", "A", f"192.0.2.{number}")]
    return lambda query: answers(query, [[soa(number)], names, fill, [soa(number)]])


def has(server: RunningServer, number: int) -> bool:
    return server.addresses(NAME) == [f"192.0.2.{number}"]


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_zone_from_another_server_outlives_a_disk_that_takes_no_copy_of_it(
    server: RunningServer, disk: TinyDisk, fault: str
) -> None:
    def bring(number: int) -> None:
        primary.serial, primary.script = number, give(number, 300)
        assert server.run("zone", "refresh", "example.com").returncode == 0
        assert has(server, number)

    copy = disk.folder / "zones" / "example.com.zone"
    with PlayedPrimary(1, give(1, 1)) as primary:
        server.write(
            "understudy.yaml",
            "listen: 127.0.0.1:{port}\nstate_dir: state\napi: {socket: api.sock}\nzones:\n"
            f"  example.com: {{source: transfer, primaries: ['{primary.primary}'], watch: false}}\n",
        )
        server.start()
        wait_until(copy.exists, "the first version is on disk")
        first = copy.read_bytes()
        mend, spoil = (disk.mend, disk.fill) if fault == "full" else (disk.allow_copies, disk.forbid_copies)
        spoil()
        bring(2)
        wait_until(lambda: "copy/example.com" in alarms(server), "the disk is noticed")
        text, why = alarms(server)["copy/example.com"], {"full": "no space left", "read-only": "read-only file system"}
        assert all(part in text for part in (str(copy), why[fault], "free space or repair the disk"))
        assert copy.read_bytes() == first, "all or nothing"
        server.stop(signal.SIGKILL)
        primary.serial, primary.script = 3, lambda _: []
        server.start()
        assert has(server, 1), "what was kept before"
        bring(3)
        mend()
        wait_until(lambda: alarms(server) == {}, "all of it is written", 60)
        server.stop(signal.SIGKILL)
    server.start()
    assert has(server, 3), "without any primary"


def test_a_folder_in_the_database_s_place_costs_no_answer(server: RunningServer, web: WebServers) -> None:
    (server.folder / "state" / "understudy.db").mkdir(parents=True)
    server.start()
    assert server.addresses("plain.example.com") == ["192.0.2.1"]
    assert "set aside" in " ".join(alarms(server).values())
    server.stop()


def test_a_database_that_is_deleted_while_it_runs_is_noticed_and_written_again(
    server: RunningServer, web: WebServers
) -> None:
    server.start()
    settle(server)
    server.run("drain", "127.0.0.2", "--reason", "new kernel")
    for path in (server.folder / "state").glob("understudy.db*"):
        path.unlink()
    wait_until(lambda: "store/renewed" in alarms(server), "the loss is noticed", WITHIN_S)
    server.stop(signal.SIGKILL)
    server.start()
    assert server.addresses(NAME) == BACKUP
    assert "new kernel" in server.run("status").stdout
    assert "new kernel" in server.run("events", "--kind", "override").stdout
    server.stop()
