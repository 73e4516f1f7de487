"""A decision reaches secondaries of other makes as ordinary zone data."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress

import dns.exception
import dns.message
import dns.query
import pytest

from understudy.testing import other_servers
from understudy.testing.other_servers import CORP_KEY, Peers, Place
from understudy.testing.running_server import RunningServer, free_port, wait_until
from understudy.testing.web_servers import WebServers

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


def addresses(port: int) -> set[str]:
    """What the server says of www.example.com."""
    with suppress(OSError, dns.exception.DNSException):
        query = dns.message.make_query("www.example.com", "A")
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=1.0)
        return {rdata.to_text() for rrset in response.answer for rdata in rrset}
    return set()


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("make", [other_servers.bind, other_servers.nsd, other_servers.knot, other_servers.powerdns])
def test_a_failover_reaches_a_secondary_as_zone_data(
    server: RunningServer, web: WebServers, make: Callable[..., other_servers.OtherServer], *, is_signed: bool
) -> None:
    place = Place(server.folder / "secondary", free_port(), "example.com")
    template = CONFIGURATION.replace("TRANSFER", SIGNED if is_signed else PLAIN)
    server.write("understudy.yaml", template.format(port=server.port, secondary=place.port, web=web.port))
    server.write("corp.key", CORP_KEY.secret)
    server.start()
    peers = Peers(server.port, key=CORP_KEY if is_signed else None)
    with make(place, place.folder / "copy", peers):
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "the secondary has the zone")
        web.stop("127.0.0.2")
        wait_until(lambda: addresses(server.port) == {"127.0.0.3"}, "the primary has failed over")
        wait_until(lambda: addresses(place.port) == {"127.0.0.3"}, "the secondary has followed")
        server.stop(signal.SIGKILL)
        assert addresses(place.port) == {"127.0.0.3"}
        server.start()
        web.start("127.0.0.2")
        wait_until(lambda: addresses(place.port) == {"127.0.0.2"}, "a restarted primary brings it back")
