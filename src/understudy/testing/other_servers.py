"""BIND, NSD, Knot and Unbound as processes on loopback, for integration tests; each ends with its context."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, TypeAlias

import dns.exception
import dns.message
import dns.query
import dns.rcode

from understudy.testing.other_server_forms import BIND, KNOT, NSD, UNBOUND, Form
from understudy.testing.running_server import wait_until

Files: TypeAlias = Path | Mapping[str, Path]
"""The master file of the place's zone, or of every zone; a secondary keeps its copy there."""

ADDRESS = "127.0.0.1"
ASK_S = 1.0
LEAVE_S = 10.0
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"


def find_program(name: str) -> str:
    """Its path, also where daemons are installed. Raises FileNotFoundError with what to do."""
    path = shutil.which(name) or shutil.which(name, path=_PLACES)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/peers.sh")
    return path


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A secret that both sides have (TSIG, RFC 8945); `secret` in base64."""

    name: str
    secret: str
    algorithm: str = "hmac-sha256"


CORP_KEY = SharedKey("corp-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
"""For tests that need any."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Whom the zones are exchanged with, all on 127.0.0.1: `primary` and `secondaries` are their ports.

    Without a primary the zones come from their files, and 127.0.0.1 may fetch and update them.
    """

    primary: int | None = None
    secondaries: tuple[int, ...] = ()
    key: SharedKey | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server keeps its files, where it listens, by which zone it is known to be ready, what it says of itself.

    `cookie_secret`: 32 hexadecimal digits; without, it knows no cookies.
    """

    folder: Path
    port: int
    zone: str
    address: str = ADDRESS
    identity: str = "peer"
    udp_size: int = 1232
    cookie_secret: str = ""
    threads: int = 1

    def write(self, template: str, **values: object) -> str:
        """Write the configuration; its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "configuration"
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        path.write_text(template.format(**known, **values), encoding="utf-8")
        return str(path)


def _write(form: Form, place: Place, files: Files, *, peers: Peers | None) -> str:
    """The configuration of a server with these zones; its path."""
    key = peers.key if peers is not None else None
    name = key.name if key is not None else ""
    signed, who = (pair[key is not None].format(name=name) for pair in (form.signed, form.who))
    primary, ports = (peers.primary, peers.secondaries) if peers is not None else (None, ())
    tells = "".join(form.tells.format(port=port, signed=signed) for port in ports)
    notify = f"notify: [{', '.join(f'to-{port}' for port in ports)}]" if ports else ""
    known = {"primary": primary or 0, "signed": signed, "who": who, "tells": tells, "notify": notify}
    exchange = form.hands_on if primary is None else form.fetches
    more = exchange.format(**known) if peers is not None else ""
    zone = form.zone if primary is None else form.secondary
    by_origin = {place.zone: files} if isinstance(files, Path) else files
    return place.write(
        form.server,
        **known,
        key=form.key.format(name=name, algorithm=key.algorithm, secret=key.secret) if key is not None else "",
        cookie=form.cookie.format(secret=place.cookie_secret) if place.cookie_secret else form.without_cookie,
        zones="".join(zone.format(zone=origin, file=file, more=more) for origin, file in by_origin.items()),
    )


class OtherServer:
    """A server of another make. Entering the context starts it and waits until it answers for its zone."""

    def __init__(self, command: Sequence[str], place: Place) -> None:
        self.port = place.port
        self.command = command
        self.folder = place.folder
        self._zone = place.zone
        self._address = place.address
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = self.folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # found by find_program
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            wait_until(self._is_over_or_answers, f"{self.command[0]} answers")
        except TimeoutError:
            self.stop()
            raise
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.command[0]} ended: {log.read_text(errors='replace')}")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _is_over_or_answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return True
        query = dns.message.make_query(self._zone, "SOA")
        with suppress(OSError, dns.exception.DNSException):
            response = dns.query.udp(query, self._address, port=self.port, timeout=ASK_S)
            return response.rcode() == dns.rcode.NOERROR
        return False


def bind(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """BIND's named."""
    path = _write(BIND, place, files, peers=peers)
    return OtherServer([find_program("named"), "-g", "-n", str(place.threads), "-c", path], place)


def nsd(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """NLnet Labs' NSD, which takes no updates."""
    return OtherServer([find_program("nsd"), "-d", "-c", _write(NSD, place, files, peers=peers)], place)


def knot(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """Knot DNS."""
    return OtherServer([find_program("knotd"), "-c", _write(KNOT, place, files, peers=peers)], place)


def unbound(place: Place, upstream: int) -> OtherServer:
    """Unbound, which finds the zone on port `upstream` and nothing else."""
    return OtherServer([find_program("unbound"), "-d", "-c", place.write(UNBOUND, upstream=upstream)], place)
