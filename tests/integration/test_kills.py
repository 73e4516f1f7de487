"""Servers that are killed at any instant: what a secondary has seen is never lost, and never means something else.

A few rounds here; `make endurance` has 200 of each (UNDERSTUDY_KILLS).
"""

import os
import random
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.update
import dns.zone
import pytest

from understudy.model.name import Name
from understudy.model.version import ZoneVersion
from understudy.store.checksums import know_checksums
from understudy.store.versions import select_versions
from understudy.testing.followers import (
    Book,
    Content,
    Follower,
    ask_serial,
    beside,
    content_of,
    copy_of,
    serial_of,
    transfer,
)
from understudy.testing.other_servers import Peers, Place, knot
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.zones.serial import is_later

ROUNDS = int(os.environ.get("UNDERSTUDY_KILLS", "4"))
pytestmark = pytest.mark.timeout(120 + 10 * ROUNDS)
BEGINNING_S = 1.5  # a start takes about half of it: some rounds end before the server answers
LIFE_S = 0.6  # and the others about as soon after that
ENDPOINTS = [f"127.0.0.{last}" for last in range(2, 10)]
BACKUP = "127.0.0.1"  # always there
ORIGIN = "example.com"

STEERED = """\
listen: 127.0.0.1:{port}
zones:
  example.com:
    file: example.com.zone
    transfer: {to: [127.0.0.1], notify: ["127.0.0.1:SECONDARY"], merge: 10ms}
checks:
  port: {tcp: CHECKED, interval: 100ms, fall: 1, rise: 1, jitter: 0%}
records:
"""
ZONE = """\
$TTL 60
@     SOA ns1 hostmaster 1 2 2 86400 60
@     NS  ns1
ns1   A   127.0.0.1
"""


class Doors:
    """Ports that open and close by chance, as endpoints that fail and recover, many times in a second."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._port = port
        self._chance = chance
        self._open: dict[str, socket.socket] = {}
        self._is_over = threading.Event()

    @contextmanager
    def moving(self) -> Iterator[None]:
        backup = socket.create_server((BACKUP, self._port))
        try:
            with beside(self._move, self._is_over):
                yield
        finally:
            backup.close()
            for door in self._open.values():
                door.close()

    def _move(self) -> None:
        while not self._is_over.wait(0.03):
            address = self._chance.choice(ENDPOINTS)
            if (door := self._open.pop(address, None)) is not None:
                door.close()
                continue
            with suppress(OSError):  # what was asked last still holds the port
                self._open[address] = socket.create_server((address, self._port))


def live_briefly(server: RunningServer, chance: random.Random) -> None:
    """From its start to its death by SIGKILL: one in four while it starts, the others wherever that finds them."""
    if chance.random() < 0.25:
        killer = threading.Timer(chance.uniform(0, BEGINNING_S), lambda: kill(server))
        killer.start()
        with suppress(RuntimeError):  # it died before it was ready
            server.start()
        killer.join()
    else:
        server.start()
        time.sleep(chance.uniform(0, LIFE_S))
    server.stop(signal.SIGKILL)


def live_until_it_writes(server: RunningServer, folder: Path) -> None:
    """From its start to its death as soon as anything in the folder is another file or has another size."""

    def look() -> dict[str, tuple[int, int]]:
        with suppress(FileNotFoundError):  # it was there a moment ago
            return {each.name: (each.stat().st_ino, each.stat().st_size) for each in folder.iterdir()}
        return {}

    server.start()
    before, deadline = look(), time.monotonic() + 10
    while look() == before and time.monotonic() < deadline:
        time.sleep(0.0002)
    server.stop(signal.SIGKILL)


def kill(server: RunningServer) -> None:
    if server.process is not None:
        server.process.send_signal(signal.SIGKILL)


def journal(server: RunningServer, folder: Path) -> tuple[ZoneVersion, ...]:
    """What a start would find, read from a copy, so that this reader mends nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(server.folder / "state", folder, ignore=shutil.ignore_patterns("*.sock"))
    with closing(sqlite3.connect(folder / "understudy.db")) as connection:
        know_checksums(connection)
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return select_versions(connection, Name.parse(ORIGIN))


def require_all(versions: tuple[ZoneVersion, ...], newest: int | None) -> None:
    """They are one chain, and nobody has seen a later one."""
    serials = [(each.before, each.serial) for each in versions]
    assert all(after.before == before.serial for before, after in pairwise(versions)), serials
    assert newest is None or (versions and not is_later(newest, versions[-1].serial)), (newest, serials)


@pytest.fixture
def primary(server: RunningServer) -> Iterator[tuple[RunningServer, Place]]:
    """With a record for each of the endpoints, in front of Knot as a secondary."""
    chance = random.Random(7)
    place, checked = Place(server.folder / "secondary", free_port(), ORIGIN), free_port(BACKUP)
    text = STEERED.replace("SECONDARY", str(place.port)).replace("CHECKED", str(checked))
    record = "  r{}.example.com: {{check: port, tiers: [[{}], [127.0.0.1]], failback: {{delay: 0s}}}}\n"
    text += "".join(record.format(number, address) for number, address in enumerate(ENDPOINTS))
    (server.folder / "understudy.yaml").write_text(text.replace("{port}", str(server.port)))
    server.write("example.com.zone", ZONE)
    with Doors(checked, chance).moving():
        yield server, place


def bring_up_to_date(zones: list[dns.zone.Zone], port: int, book: Book) -> None:
    """Whatever version one has, it comes to what the others have."""
    for zone in zones:
        before = serial_of(zone)
        assert transfer(port, zone), f"nothing leads on from {before}"
        book.note(serial_of(zone), content_of(zone), f"the one that had {before}")


def change_file(server: RunningServer, number: int, *, serial: int | None) -> None:
    """The zone has another name, with or without a new serial."""
    server.write("example.com.zone", ZONE.replace(" 1 2 2", f" {serial} 2 2") + f"n{number} A 192.0.2.1\n")


def test_a_primary_that_is_killed_loses_no_version_and_uses_no_serial_twice(
    primary: tuple[RunningServer, Place], tmp_path: Path
) -> None:
    server, place = primary
    chance, book = random.Random(11), Book()
    followers = [Follower(server.port, ORIGIN, book, is_incremental=each) for each in (True, False)]
    server.start()
    with ExitStack() as stack:
        stack.enter_context(knot(place, place.folder / "copy", Peers(server.port)))
        for follower in followers:
            stack.enter_context(follower.following())
        wait_until(lambda: len(book.seen) > 3, "versions are seen")
        server.stop(signal.SIGKILL)
        for number in range(ROUNDS):
            if number % 3 == 2:
                change_file(server, number, serial=book.newest if number % 2 else 1)
            live_briefly(server, chance)
            assert book.faults == []
            require_all(journal(server, tmp_path / "looked-at"), book.newest)
        newest = book.newest
        change_file(server, ROUNDS, serial=1)  # no probe in 100 ms need be good for this
        server.start()
        wait_until(lambda: book.newest != newest or book.faults != [], "it goes on")
    assert book.faults == []
    assert len(book.seen) > ROUNDS
    kept = [copy_of(zone) for follower in followers for zone in follower.kept.values()]
    bring_up_to_date(kept, server.port, book)
    with knot(place, place.folder / "copy", Peers(server.port)):
        other = dns.zone.Zone(ORIGIN)
        wait_until(lambda: ask_serial(place.port, ORIGIN) == ask_serial(server.port, ORIGIN), "Knot has followed")
        assert transfer(place.port, other)
        book.note(serial_of(other), content_of(other), "Knot")
    assert book.faults == []


FETCHED = """\
listen: 127.0.0.1:{port}
state_dir: state
zones:
  example.com: {source: transfer, primaries: ["127.0.0.1:PRIMARY"]}
"""
FILLING = 3000  # records, so that a fetch and a write take long enough to be hit
COUNTED = f"count.{ORIGIN}."


class Changes:
    """A zone of Knot's that changes all the time; `at` knows what it had with each serial."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        with beside(self._change, self._is_over):
            yield

    def _change(self) -> None:
        serial = 1
        while not self._is_over.wait(0.1):
            serial += 1
            update = dns.update.UpdateMessage(ORIGIN)
            update.replace(COUNTED, 60, "TXT", str(serial))
            update.replace(f"host{serial % FILLING}.{ORIGIN}.", 60, "A", f"10.2.{serial // 256}.{serial % 256}")
            while (rcode := self._told(update)) is None and not self._is_over.is_set():
                pass  # whoever was stopped heard nothing; told twice it is no second version
            assert rcode in {dns.rcode.NOERROR, None}

    def _told(self, update: dns.update.UpdateMessage) -> dns.rcode.Rcode | None:
        with suppress(dns.exception.Timeout):
            return dns.query.tcp(update, "127.0.0.1", port=self._port, timeout=5).rcode()
        return None


def hosts(serial: int) -> dict[int, str]:
    """The address of each host at this serial."""
    first = {number: f"10.1.{number // 256}.{number % 256}" for number in range(FILLING)}
    return first | {made % FILLING: f"10.2.{made // 256}.{made % 256}" for made in range(2, serial + 1)}


def what_it_had(serial: int) -> Content:
    """The primary's zone at this serial."""
    rest = {"@ 60 2 ns1", "ns1 60 1 127.0.0.1", f'count 60 16 "{serial}"'}
    return frozenset(rest | {f"host{number} 60 1 {address}" for number, address in hosts(serial).items()})


def counted(port: int) -> int | None:
    """What the copy says of itself."""
    query = dns.message.make_query(COUNTED, "TXT")
    with suppress(OSError, dns.exception.DNSException):
        answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=0.2).answer
        return int(answer[0][0].strings[0]) if answer else None
    return None


def has_more(port: int, before: int) -> bool:
    return (counted(port) or 0) > before


def test_a_secondary_that_is_killed_answers_from_a_whole_copy(tmp_path: Path) -> None:
    place = Place(tmp_path / "primary", free_port(), ORIGIN)
    place.folder.mkdir()
    lines = [f"host{number} A {address}\n" for number, address in hosts(1).items()]
    (place.folder / "zone").write_text(ZONE + "count TXT 1\n" + "".join(lines))
    server, chance = RunningServer(tmp_path, free_port()), random.Random(13)
    server.write("understudy.yaml", FETCHED.replace("PRIMARY", str(place.port)))
    copy = tmp_path / "state" / "zones" / f"{ORIGIN}.zone"
    with ExitStack() as stack:
        stack.enter_context(knot(place, place.folder / "zone", Peers(secondaries=(server.port,))))
        stack.enter_context(Changes(place.port).going_on())
        stack.callback(server.stop, signal.SIGKILL)
        for number in range(ROUNDS):
            if number % 2:
                live_until_it_writes(server, copy.parent)
            else:
                live_briefly(server, chance)
            if not copy.exists():
                continue
            kept = dns.zone.from_file(str(copy), ORIGIN)
            assert content_of(kept) == what_it_had(serial_of(kept))
            server.start()
            answered = int(server.ask(ORIGIN, "SOA").answer[0][0].serial)  # the copy is answered at once
            assert not is_later(serial_of(kept), answered)
            wait_until(partial(has_more, server.port, answered), "it follows again")
            server.stop(signal.SIGKILL)
    assert copy.exists()
