"""BIND, NSD, Knot and Unbound as processes on loopback, for integration tests; each ends with its context."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query
import dns.rcode

from understudy.testing.running_server import wait_until

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
}};
controls {{ }};
zone "{zone}" {{ type master; file "{file}"; check-names ignore; check-integrity no; }};
"""

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
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "{file}"
"""

_KNOT = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
zone:
  - domain: {zone}
    file: "{file}"
    semantic-checks: soft
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
    """Where a server keeps its files, on which port it listens, and what it serves."""

    folder: Path
    port: int
    zone: str
    address: str = ADDRESS

    def write(self, template: str, **values: object) -> str:
        """Write the configuration; its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "configuration"
        text = template.format(folder=self.folder, address=self.address, port=self.port, zone=self.zone, **values)
        path.write_text(text, encoding="utf-8")
        return str(path)


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


def bind(place: Place, file: Path) -> OtherServer:
    """BIND's named with one zone."""
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", place.write(_NAMED, file=file)], place)


def nsd(place: Place, file: Path) -> OtherServer:
    """NSD with one zone."""
    return OtherServer([find_program("nsd"), "-d", "-c", place.write(_NSD, file=file)], place)


def knot(place: Place, file: Path) -> OtherServer:
    """Knot with one zone."""
    return OtherServer([find_program("knotd"), "-c", place.write(_KNOT, file=file)], place)


def unbound(place: Place, upstream: int) -> OtherServer:
    """Unbound, which finds the zone on port `upstream` and nothing else."""
    return OtherServer([find_program("unbound"), "-d", "-c", place.write(_UNBOUND, upstream=upstream)], place)
