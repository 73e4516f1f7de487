"""Secondaries that never rest, and the book of what they saw: no serial may mean two things, and none may go back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.zone

from understudy.zones.serial import is_later

Content: TypeAlias = frozenset[str]
"""Every record but the SOA, as text."""

ADDRESS = "127.0.0.1"
PATIENCE_S = 3.0  # chosen: whoever was killed in the middle closes its connections at once
ASK_S = 0.2  # chosen: nobody says that a server is gone to whom a datagram is lost
PAUSE_S = 0.01
KEPT_MAX = 20  # chosen: old versions to ask differences from
_FAULTS = (OSError, EOFError, dns.exception.DNSException)
"""What a server that is killed gives for an answer."""


def serial_of(zone: dns.zone.Zone) -> int:
    """What its SOA says."""
    return int(zone.find_rdataset("@", dns.rdatatype.SOA)[0].serial)


def content_of(zone: dns.zone.Zone) -> Content:
    """All that counts of a version."""
    return frozenset(
        f"{name} {ttl} {rdata.rdtype} {rdata}"
        for name, ttl, rdata in zone.iterate_rdatas()
        if rdata.rdtype != dns.rdatatype.SOA
    )


def transfer(port: int, zone: dns.zone.Zone) -> bool:
    """Bring `zone` up to date, from nothing by AXFR, else by IXFR. False: the server broke off or is not there."""
    with suppress(*_FAULTS):
        dns.query.inbound_xfr(ADDRESS, zone, port=port, timeout=PATIENCE_S, lifetime=PATIENCE_S)
        return True
    return False


def ask_serial(port: int, origin: str) -> int | None:
    """The serial that the server answers; None: it does not answer."""
    query = dns.message.make_query(origin, "SOA")
    with suppress(*_FAULTS):
        answer = dns.query.udp(query, ADDRESS, port=port, timeout=ASK_S).answer
        return int(answer[0][0].serial) if answer else None
    return None


class Book:
    """What each serial stood for, by all who saw it. `faults` tells, in words, what must not have been."""

    def __init__(self) -> None:
        self.seen: dict[int, Content] = {}
        self.newest: int | None = None
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def note(self, serial: int, content: Content, who: str) -> None:
        """Somebody has this version."""
        with self._lock:
            known = self.seen.setdefault(serial, content)
            if known != content:
                self.faults.append(f"{who} has another {serial} by {sorted(known ^ content)}")
            if self.newest is None or is_later(serial, self.newest):
                self.newest = serial


@contextmanager
def beside(work: Callable[[], None], is_over: threading.Event) -> Iterator[None]:
    """It is done in a thread of its own, which ends when `is_over` is set."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


class Follower:
    """Asks one server for the serial again and again, and fetches what is newer: by IXFR, or each time the whole."""

    def __init__(self, port: int, origin: str, book: Book, *, is_incremental: bool) -> None:
        self.zone = dns.zone.Zone(origin)
        self.kept: dict[int, dns.zone.Zone] = {}
        """Versions that it had, the latest KEPT_MAX."""
        self.who = "the one that fetches " + ("differences" if is_incremental else "whole zones")
        self._port, self._origin, self._book = port, origin, book
        self._is_incremental = is_incremental
        self._is_over = threading.Event()
        self._serial: int | None = None

    @contextmanager
    def following(self) -> Iterator[None]:
        """In a thread of its own."""
        with beside(self._follow, self._is_over):
            yield

    def _follow(self) -> None:
        try:
            while not self._is_over.wait(PAUSE_S):
                self._look()
        except Exception as error:  # noqa: BLE001  # the top of the thread: whoever reads the book must hear of it
            self._book.faults.append(f"{self.who} failed: {error!r}")

    def _look(self) -> None:
        serial = ask_serial(self._port, self._origin)
        if serial is None or serial == self._serial:
            return
        if self._serial is not None and not is_later(serial, self._serial):
            self._book.faults.append(f"{self.who} is told {serial} after {self._serial}")
            return
        zone = copy_of(self.zone) if self._is_incremental else dns.zone.Zone(self._origin)
        if not transfer(self._port, zone):
            return
        self.zone, self._serial = zone, serial_of(zone)
        self._book.note(self._serial, content_of(zone), self.who)
        self.kept[self._serial] = zone
        while len(self.kept) > KEPT_MAX:
            del self.kept[next(iter(self.kept))]


def copy_of(zone: dns.zone.Zone) -> dns.zone.Zone:
    """One that changes by itself."""
    copy = dns.zone.Zone(zone.origin)
    with copy.writer() as writer:
        for name, rdataset in zone.iterate_rdatasets():
            writer.add(name, rdataset)
    return copy
