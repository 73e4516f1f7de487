"""Message digests (ZONEMD, RFC 8976): Knot verifies ours at each version, and ours verify Knot's."""

from __future__ import annotations

import shutil
from contextlib import suppress

import dns.exception
import dns.message
import dns.query

from understudy.testing.other_servers import Place, knot_beside
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

HANDING_ON = """\
listen: 127.0.0.1:{port}
zones:
  example.com:
    file: example.com.zone
    transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{peer}"], zonemd: sha384}}
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 2}}
records:
  www.example.com: {{check: web, tiers: [[127.0.0.2], [127.0.0.3]]}}
"""
FETCHING = """\
listen: 127.0.0.1:{port}
zones:
  example.com: {{source: transfer, primaries: ["127.0.0.1:{peer}"], zonemd: require}}
"""
VERIFIES = "  - domain: example.com\n    master: peer\n    zonemd-verify: on\n"
GENERATES = "  - domain: example.com\n    zonemd-generate: zonemd-sha512\n"


def answer(port: int, name: str, rtype: str) -> set[str]:
    """The rdata that the server gives."""
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", port=port, timeout=5.0)
        return {rdata.to_text() for rrset in response.answer for rdata in rrset}
    return set()


def test_knot_verifies_each_version(server: RunningServer, web: WebServers) -> None:
    place = Place(server.folder / "secondary", free_port(), "example.com")
    server.write("understudy.yaml", HANDING_ON.format(port=server.port, peer=place.port, web=web.port))
    server.start()
    with knot_beside(place, server.port, VERIFIES):
        wait_until(lambda: answer(place.port, "www.example.com", "A") == {"127.0.0.2"}, "Knot has the zone")
        web.stop("127.0.0.2")
        wait_until(lambda: answer(place.port, "www.example.com", "A") == {"127.0.0.3"}, "Knot has followed")
        same = answer(place.port, "example.com", "ZONEMD")
        assert same == answer(server.port, "example.com", "ZONEMD")
        assert len(same) == 1


def test_a_zone_of_knot_is_verified(server: RunningServer) -> None:
    place = Place(server.folder / "primary", free_port(), "example.com")
    place.folder.mkdir()
    shutil.copy(server.folder / "example.com.zone", place.folder)
    server.write("understudy.yaml", FETCHING.format(port=server.port, peer=place.port))
    with knot_beside(place, server.port, GENERATES):
        server.start()
        wait_until(lambda: answer(server.port, "plain.example.com", "A") == {"192.0.2.1"}, "the zone is here")
        assert answer(server.port, "example.com", "ZONEMD") == answer(place.port, "example.com", "ZONEMD") != set()
