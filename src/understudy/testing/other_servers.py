"""BIND, NSD, Knot and Unbound as processes on loopback, for integration tests; each ends with its context."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import dns.exception
import dns.message
import dns.query
import dns.rcode

from understudy.testing.running_server import wait_until

Files: TypeAlias = Path | Mapping[str, Path]
"""The master file of the place's zone, or of every zone."""

ADDRESS = "127.0.0.1"
ASK_S = 1.0
LEAVE_S = 10.0
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"

_NAMED = """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; minimal-responses no-auth; dnssec-validation no; allow-transfer {{ none; }};
  zero-no-soa-ttl no; check-names master ignore; empty-zones-enable no;
  max-records-per-type 0; max-types-per-name 0;
  version "{identity}"; hostname "{identity}"; server-id "{identity}"; {cookie}
  edns-udp-size {udp_size}; max-udp-size {udp_size};
}};
controls {{ }};
"""
_NAMED_ZONE = 'zone "{zone}" {{ type master; file "{file}"; check-names ignore; check-integrity no; }};\n'
_NAMED_COOKIE = 'answer-cookie yes; cookie-algorithm siphash24; cookie-secret "{secret}";'

_NSD = """\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  server-count: 1
  rrl-ratelimit: 0
  minimal-responses: yes
  identity: "{identity}"
  version: "{identity}"
  nsid: "ascii_{identity}"
  ipv4-edns-size: {udp_size}
  {cookie}
remote-control:
  control-enable: no
"""
_NSD_ZONE = 'zone:\n  name: "{zone}"\n  zonefile: "{file}"\n'
_NSD_COOKIE = "answer-cookie: yes\n  cookie-secret: {secret}"

_KNOT = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
  identity: "{identity}"
  version: "{identity}"
  nsid: "{identity}"
  udp-max-payload: {udp_size}
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
{cookie}
zone:
"""
_KNOT_ZONE = '  - domain: {zone}\n    file: "{file}"\n    semantic-checks: soft\n'
_KNOT_COOKIE = """\
mod-cookies:
  - id: default
    secret: 0x{secret}
template:
  - id: default
    global-module: mod-cookies/default
"""

_UNBOUND = """\
server:
  interface: {address}@{port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  logfile: ""
  pidfile: ""
  chroot: ""
  username: ""
  directory: "{folder}"
  num-threads: 1
  do-not-query-localhost: no
  module-config: "iterator"
  qname-minimisation: yes
  rrset-roundrobin: no
remote-control:
  control-enable: no
stub-zone:
  name: "{zone}"
  stub-addr: {address}@{upstream}
"""


def find_program(name: str) -> str:
    """Its path, also where daemons are installed. Raises FileNotFoundError with what to do."""
    path = shutil.which(name) or shutil.which(name, path=_PLACES)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/peers.sh")
    return path


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

    def write(self, template: str, **values: object) -> str:
        """Write the configuration; its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "configuration"
        known = {name: getattr(self, name) for name in ("folder", "address", "port", "zone", "identity", "udp_size")}
        path.write_text(template.format(**known, **values), encoding="utf-8")
        return str(path)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a server's configuration is written: once, for each zone, and if it has a secret for cookies."""

    server: str
    zone: str
    cookie: str
    without_cookie: str = ""

    def write(self, place: Place, files: Files) -> str:
        """The configuration's path."""
        by_origin = {place.zone: files} if isinstance(files, Path) else files
        zones = "".join(self.zone.format(zone=origin, file=file) for origin, file in by_origin.items())
        cookie = self.cookie.format(secret=place.cookie_secret) if place.cookie_secret else self.without_cookie
        return place.write(self.server + "{zones}", cookie=cookie, zones=zones)


class OtherServer:
    """A server of another make. Entering the context starts it and waits until it answers for its zone."""

    def __init__(self, command: Sequence[str], place: Place) -> None:
        self.port = place.port
        self._command = command
        self._folder = place.folder
        self._zone = place.zone
        self._address = place.address
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = self._folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # found by find_program
                self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            wait_until(self._is_over_or_answers, f"{self._command[0]} answers")
        except TimeoutError:
            self.stop()
            raise
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._command[0]} ended: {log.read_text(errors='replace')}")
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


def bind(place: Place, files: Files) -> OtherServer:
    """BIND's named."""
    form = _Form(_NAMED, _NAMED_ZONE, _NAMED_COOKIE, "answer-cookie no;")
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", form.write(place, files)], place)


def nsd(place: Place, files: Files) -> OtherServer:
    """NLnet Labs' NSD."""
    return OtherServer(
        [find_program("nsd"), "-d", "-c", _Form(_NSD, _NSD_ZONE, _NSD_COOKIE).write(place, files)], place
    )


def knot(place: Place, files: Files) -> OtherServer:
    """Knot DNS."""
    return OtherServer([find_program("knotd"), "-c", _Form(_KNOT, _KNOT_ZONE, _KNOT_COOKIE).write(place, files)], place)


def unbound(place: Place, upstream: int) -> OtherServer:
    """Unbound, which finds the zone on port `upstream` and nothing else."""
    return OtherServer([find_program("unbound"), "-d", "-c", place.write(_UNBOUND, upstream=upstream)], place)
