"""A decision reaches secondaries of other makes as ordinary zone data."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from understudy.testing.other_servers import OtherServer, Place, find_program
from understudy.testing.running_server import RunningServer, free_port, wait_until
from understudy.testing.web_servers import WebServers

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PLAIN = 'transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}'
SIGNED = 'transfer: {{to: [{{key: corp-key}}], notify: [{{address: "127.0.0.1:{secondary}", key: corp-key}}]}}'
CONFIGURATION = """\
listen: 127.0.0.1:{port}
keys: {{corp-key: {{secret_file: corp.key}}}}
zones:
  example.com:
    file: example.com.zone
    TRANSFER
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 2}}
records:
  www.example.com:
    check: web
    tiers: [[127.0.0.2], [127.0.0.3]]
    failback: {{delay: 2s}}
"""

_NAMED = """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; dnssec-validation no; empty-zones-enable no;
}};
controls {{ }};
key corp-key {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "{zone}" {{
  type secondary; primaries {{ 127.0.0.1 port {primary}{key}; }}; allow-notify {{ {told} }}; file "copy";
}};
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
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  request-xfr: 127.0.0.1@{primary} {key}
  allow-notify: 127.0.0.1 {key}
key:
  name: corp-key
  algorithm: hmac-sha256
  secret: {secret}
"""
_KNOT = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
database:
  storage: "{folder}"
key:
  - id: corp-key
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: primary
    address: 127.0.0.1@{primary}
    {key}
acl:
  - id: told
    address: 127.0.0.1
    action: notify
    {key}
zone:
  - domain: {zone}
    storage: "{folder}"
    master: primary
    acl: told
"""


def _bind(place: Place, primary: int, *, signed: bool) -> OtherServer:
    key, told = (" key corp-key", "key corp-key;") if signed else ("", "127.0.0.1;")
    path = place.write(_NAMED, primary=primary, key=key, told=told, secret=SECRET)
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", path], place)


def _nsd(place: Place, primary: int, *, signed: bool) -> OtherServer:
    path = place.write(_NSD, primary=primary, key="corp-key" if signed else "NOKEY", secret=SECRET)
    return OtherServer([find_program("nsd"), "-d", "-c", path], place)


def _knot(place: Place, primary: int, *, signed: bool) -> OtherServer:
    path = place.write(_KNOT, primary=primary, key="key: corp-key" if signed else "", secret=SECRET)
    return OtherServer([find_program("knotd"), "-c", path], place)


def addresses(port: int) -> set[str]:
    """What the server says of www.example.com."""
    with suppress(OSError, dns.exception.DNSException):
        query = dns.message.make_query("www.example.com", "A")
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=1.0)
        return {rdata.to_text() for rrset in response.answer for rdata in rrset}
    return set()


@pytest.mark.parametrize("kind", [(make, signed) for make in (_bind, _nsd, _knot) for signed in (False, True)])
def test_a_failover_reaches_a_secondary_as_zone_data(
    server: RunningServer, web: WebServers, tmp_path: Path, kind: tuple[Callable[..., OtherServer], bool]
) -> None:
    make, signed = kind
    place = Place(tmp_path / "secondary", free_port(), "example.com")
    template = CONFIGURATION.replace("TRANSFER", SIGNED if signed else PLAIN)
    server.write("understudy.yaml", template.format(port=server.port, secondary=place.port, web=web.port))
    server.write("corp.key", SECRET)
    server.start()
    with make(place, server.port, signed=signed):
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "the secondary has the zone")
        web.stop("127.0.0.2")
        wait_until(lambda: addresses(server.port) == {"127.0.0.3"}, "the primary has failed over")
        wait_until(lambda: addresses(place.port) == {"127.0.0.3"}, "the secondary has followed")
        server.stop(signal.SIGKILL)
        assert addresses(place.port) == {"127.0.0.3"}
        server.start()
        web.start("127.0.0.2")
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "a restarted primary brings it back")
