"""BIND, NSD, Knot, PowerDNS and Unbound as processes on loopback, for integration tests; each ends with its context."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path
from typing import Self, TypeAlias

import dns.exception
import dns.message
import dns.query
import dns.rcode

from understudy.model.frozen import frozen
from understudy.testing import other_server_forms as forms
from understudy.testing.running_server import wait_until

Files: TypeAlias = Path | Mapping[str, Path]
"""The master file of the place's zone, or of every zone; a secondary keeps its copy there."""

ADDRESS = "127.0.0.1"
ASK_S = (0.02, 1.0)  # chosen: who does not listen yet loses the question, and nothing tells; a busy one needs longer
LEAVE_S = 10.0
_NOBODY = "0.0.0.0/32"
_POWERDNS_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")  # where Debian's package has it
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"


def find_program(name: str) -> str:
    """Its path, also where daemons are installed. Raises FileNotFoundError with what to do."""
    path = shutil.which(name) or shutil.which(name, path=_PLACES)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/peers.sh")
    return path


@frozen
class SharedKey:
    """A secret that both sides have (TSIG, RFC 8945); `secret` in base64."""

    name: str
    secret: str
    algorithm: str = "hmac-sha256"


CORP_KEY = SharedKey("corp-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
"""For tests that need any."""


@frozen
class Peers:
    """Whom the zones are exchanged with, all on 127.0.0.1: `primary` and `secondaries` are their ports.

    Without a primary the zones come from their files, and 127.0.0.1 may fetch and update them.
    """

    primary: int | None = None
    secondaries: tuple[int, ...] = ()
    key: SharedKey | None = None


@frozen
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


def _write(form: forms.Form, place: Place, files: Files, *, peers: Peers | None) -> str:
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
    zone = form.zone if primary is None else form.secondary or form.zone
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
        self._patience_s = ASK_S[0]

    def __enter__(self) -> Self:
        log = self.folder / "log"
        self._process = self.launch()
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

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it and wait for nothing; whoever does so stops it."""
        with (self.folder / "log").open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # found by find_program
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return self._process

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
            response = dns.query.udp(query, self._address, port=self.port, timeout=self._patience_s)
            return response.rcode() == dns.rcode.NOERROR
        self._patience_s = min(2 * self._patience_s, ASK_S[1])
        return False


def bind(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """BIND's named."""
    path = _write(forms.BIND, place, files, peers=peers)
    return OtherServer([find_program("named"), "-g", "-n", str(place.threads), "-c", path], place)


def nsd(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """NLnet Labs' NSD, which takes no updates."""
    return OtherServer([find_program("nsd"), "-d", "-c", _write(forms.NSD, place, files, peers=peers)], place)


def knot(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """Knot DNS."""
    return OtherServer([find_program("knotd"), "-c", _write(forms.KNOT, place, files, peers=peers)], place)


def knot_beside(place: Place, peer: int, zones: str) -> OtherServer:
    """Knot with the peer on this port, which the zones of its configuration are fetched from or handed on to."""
    path = place.write(forms.KNOT_BESIDE, peer=peer, zones=zones)
    return OtherServer([find_program("knotd"), "-c", path], place)


def powerdns(place: Place, files: Files, peers: Peers | None = None) -> OtherServer:
    """PowerDNS over a SQLite database, where a secondary keeps its copies: `files` only tell of which zones.

    It takes differences and gives none.
    """
    peers = peers or Peers()
    tells = ",".join(f"{ADDRESS}:{port}" for port in peers.secondaries)
    is_primary, is_secondary = ("yes", "no") if peers.primary is None else ("no", "yes")
    may_fetch = _NOBODY if peers.key is not None else ADDRESS
    known = {"is_primary": is_primary, "is_secondary": is_secondary, "tells": tells, "may_fetch": may_fetch}
    Path(place.write(forms.POWERDNS, **known)).rename(place.folder / "pdns.conf")
    by_origin = {place.zone: files} if isinstance(files, Path) else files
    command = [find_program("pdns_server"), f"--config-dir={place.folder}"]
    with closing(sqlite3.connect(place.folder / "zones.sqlite3")) as database:
        if database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            database.executescript(_POWERDNS_SCHEMA.read_text(encoding="utf-8"))
            _add_zones(database, place, by_origin, peers=peers)
    return OtherServer(command, place)


def _add_zones(database: sqlite3.Connection, place: Place, files: Mapping[str, Path], *, peers: Peers) -> None:
    """What PowerDNS has to know of its zones before it starts."""
    names = {origin.rstrip("."): file for origin, file in files.items()}
    if peers.primary is None:
        for name, file in names.items():
            words = [find_program("pdnsutil"), f"--config-dir={place.folder}", "load-zone", name, str(file)]
            subprocess.run(words, check=True, capture_output=True)  # noqa: S603  # found by find_program
        database.execute(forms.POWERDNS_PRIMARY)
        words_of_zones = {"NOTIFY-DNSUPDATE": "1"}
    else:
        primary = f"{ADDRESS}:{peers.primary}"
        database.executemany(forms.POWERDNS_SECONDARY, [(name, primary) for name in names])
        words_of_zones = {"IXFR": "1"}
    if peers.key is not None:
        database.execute(forms.POWERDNS_KEY, (peers.key.name, peers.key.algorithm, peers.key.secret))
        kinds = ("AXFR-MASTER-TSIG",) if peers.primary is not None else ("TSIG-ALLOW-AXFR", "TSIG-ALLOW-DNSUPDATE")
        words_of_zones |= dict.fromkeys(kinds, peers.key.name)
    database.executemany(forms.POWERDNS_WORD, words_of_zones.items())
    database.commit()


def unbound(place: Place, upstream: int) -> OtherServer:
    """Unbound, which finds the zone on port `upstream` and nothing else."""
    return OtherServer([find_program("unbound"), "-d", "-c", place.write(forms.UNBOUND, upstream=upstream)], place)
