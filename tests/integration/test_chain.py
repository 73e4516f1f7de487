"""A primary that knows nothing of us, records laid over its zone here, and secondaries of any make behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.update
import dns.zone
import pytest

from understudy.testing.other_servers import OtherServer, Peers, Place, bind, knot, nsd, powerdns
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

pytestmark = pytest.mark.integration

ZONE = "example.com."
CONTENT = """\
$TTL 60
@     SOA ns1 hostmaster 7 2 2 86400 60
@     NS  ns1
ns1   A   192.0.2.53
www   A   192.0.2.10
www   TXT "beside"
mail  MX  10 www
"""
CHECKED = """\
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 2}}
records:
  www.example.com: {{check: web, tiers: [[127.0.0.2], [127.0.0.3]], failback: {{delay: 2s}}}}
"""
Make = Callable[[Place, Path, Peers], OtherServer]


@pytest.fixture
def first(tmp_path: Path) -> Iterator[OtherServer]:
    """The primary that stays untouched: BIND."""
    place = Place(tmp_path / "primary", free_port(), ZONE)
    place.folder.mkdir()
    (place.folder / "zone").write_text(CONTENT)
    with bind(place, place.folder / "zone", Peers()) as server:
        yield server


@pytest.fixture
def middle(tmp_path: Path, first: OtherServer) -> Iterator[RunningServer]:
    (tmp_path / "ours").mkdir()
    found = RunningServer(tmp_path / "ours", free_port())
    yield found
    found.stop()


def configure(middle: RunningServer, first: int, last: int, more: str = "") -> None:
    middle.write(
        "understudy.yaml",
        "listen: 127.0.0.1:{port}\nstate_dir: state\nzones:\n"
        f"  example.com: {{source: transfer, primaries: ['127.0.0.1:{first}'],"
        f" transfer: {{to: [127.0.0.1], notify: ['127.0.0.1:{last}']}}}}\n{more}",
    )


def ask(port: int, name: str, rtype: str = "A") -> list[str]:
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", port=port, timeout=5.0)
        return sorted(rdata.to_text() for rrset in response.answer for rdata in rrset)
    return []


def serial(port: int) -> int:
    return int((ask(port, ZONE, "SOA") or ["- - -1"])[0].split()[2])


def has_serial(port: int, number: int) -> bool:
    return serial(port) == number


def add(port: int, name: str, address: str) -> None:
    update = dns.update.UpdateMessage(ZONE)
    update.add(name, 60, "A", address)
    assert dns.query.tcp(update, "127.0.0.1", port=port, timeout=5).rcode() == dns.rcode.NOERROR


def whole(port: int) -> dns.zone.Zone:
    zone = dns.zone.Zone(ZONE)
    dns.query.inbound_xfr("127.0.0.1", zone, port=port)
    return zone


@pytest.mark.parametrize("make", [bind, nsd, knot, powerdns])
def test_failover_over_another_server_s_zone_reaches_its_secondaries(
    make: Make, first: OtherServer, middle: RunningServer, *, web: WebServers, tmp_path: Path
) -> None:
    place = Place(tmp_path / "last", free_port(), ZONE)
    configure(middle, first.port, place.port, CHECKED.format(web=web.port))
    middle.start()
    wait_until(lambda: ask(middle.port, "www.example.com") == ["127.0.0.2"], "a record lies over the primary's address")
    with make(place, place.folder / "copy", Peers(middle.port)):
        wait_until(lambda: ask(place.port, "www.example.com") == ["127.0.0.2"], "the last one has it")
        web.stop("127.0.0.2")
        wait_until(lambda: ask(place.port, "www.example.com") == ["127.0.0.3"], "the last one has failed over")
        add(first.port, "new", "203.0.113.1")
        wait_until(lambda: ask(place.port, "new.example.com") == ["203.0.113.1"], "the primary's change came through")
        assert ask(place.port, "www.example.com", "TXT") == ['"beside"']
        assert ask(first.port, "www.example.com") == ["192.0.2.10"]
        assert serial(place.port) == serial(middle.port) > serial(first.port)


def test_a_zone_that_nothing_lies_over_goes_on_unchanged(
    first: OtherServer, middle: RunningServer, tmp_path: Path
) -> None:
    place = Place(tmp_path / "last", free_port(), ZONE)
    configure(middle, first.port, place.port)
    middle.start()
    wait_until(lambda: serial(middle.port) == 7, "the zone is here")
    with knot(place, place.folder / "copy", Peers(middle.port)):
        for number in (1, 2):
            add(first.port, "new", f"203.0.113.{number}")
            wait_until(partial(has_serial, place.port, 7 + number), "the change is at the end of the chain")
        assert whole(middle.port) == whole(first.port)
        assert serial(first.port) == 9
