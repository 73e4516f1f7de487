"""docs/losing-a-primary.md, command by command: BIND is lost, Understudy takes over, BIND returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from understudy.testing import other_servers
from understudy.testing.other_servers import OtherServer, Peers, Place
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

PAGE = Path(__file__).parents[2] / "docs" / "losing-a-primary.md"
CONFIGURATION = """\
listen: 127.0.0.1:{port}
zones:
  example.com:
    source: transfer
    primaries: ["127.0.0.1:{primary}"]
    transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 2}}
records:
  www.example.com:
    check: web
    tiers: [[127.0.0.2], [127.0.0.3]]
    failback: {{delay: 1s}}
"""
ZONE = """\
$TTL 60
@ IN SOA ns1 hostmaster {serial} 2 2 {expire} 60
  IN NS ns1
ns1 IN A 127.0.0.1
host IN A {address}
"""


def address(port: int, name: str = "host.example.com") -> str:
    """What a server answers, or nothing."""
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=5.0)
        return " ".join(rdata.to_text() for rrset in response.answer for rdata in rrset)
    return ""


def serial(port: int) -> int:
    """What a server's SOA says; 0: it says nothing."""
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query("example.com", "SOA"), "127.0.0.1", port=port, timeout=5.0)
        return next((int(rdata.serial) for rrset in response.answer for rdata in rrset), 0)
    return 0


class Primary:
    """BIND, which is lost and comes back with what its file has then."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder, free_port(), "example.com")
        self._file = folder / "example.com.zone"
        self._running: OtherServer | None = None
        folder.mkdir()

    def start(self, number: int, at: str = "192.0.2.1", expire: int = 5, more: str = "") -> None:
        """With this content."""
        self._file.write_text(ZONE.format(serial=number, address=at, expire=expire) + more)
        self._running = other_servers.bind(self.place, self._file, Peers()).__enter__()

    def stop(self) -> None:
        """It is lost."""
        if self._running is not None:
            self._running.stop()
            self._running = None


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Primary]:
    found = Primary(tmp_path / "primary")
    yield found
    found.stop()


def order(server: RunningServer, *words: str) -> str:
    """What a command about the zone says; it has to succeed."""
    done = server.run("zone", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(server: RunningServer, *words: str) -> str:
    """What a command about the zone says that has to be refused."""
    done = server.run("zone", *words)
    assert done.returncode == 1
    return done.stderr


def alarm(server: RunningServer) -> str:
    """What an operator is told of it wherever alarms are shown."""
    status = server.json("status")
    assert isinstance(status, dict)
    return "".join(each["text"] for each in status["alarms"] if each["key"] == "promoted")


def test_the_page_holds(server: RunningServer, web: WebServers, primary: Primary) -> None:
    place = Place(server.folder / "secondary", free_port(), "example.com")
    text = CONFIGURATION.format(port=server.port, primary=primary.place.port, secondary=place.port, web=web.port)
    server.write("understudy.yaml", text)
    primary.start(10, expire=600)
    server.start()
    wait_until(lambda: address(server.port) == "192.0.2.1", "the zone has come")
    with other_servers.knot(place, place.folder / "copy", Peers(server.port)):
        wait_until(lambda: address(place.port, "www.example.com") == "127.0.0.2", "the secondary has it")
        assert "zone.primary-answers" in refusal(server, "promote", "example.com")
        lose(primary, server)
        before = serial(place.port)
        web.stop("127.0.0.2")
        wait_until(lambda: address(place.port, "www.example.com") == "127.0.0.3", "a failover reaches the secondary")
        assert serial(place.port) > before
        server.stop()
        server.start()
        assert (address(server.port), address(server.port, "www.example.com")) == ("192.0.2.1", "127.0.0.3")
        bring_back(primary, server)
        wait_until(lambda: address(place.port) == "192.0.2.2", "the secondary follows too")
        assert address(place.port, "www.example.com") == "127.0.0.3"
        assert "is told again" in order(server, "notify", "example.com")


def lose(primary: Primary, server: RunningServer) -> None:
    """The primary is gone, and this server takes its place."""
    primary.stop()
    assert address(server.port) == "192.0.2.1"
    order(server, "promote", "example.com", "--reason", "primary lost")
    assert address(server.port) == "192.0.2.1"
    assert "promoted" in order(server, "list")
    assert "primary lost" in alarm(server)


def bring_back(primary: Primary, server: RunningServer) -> None:
    """It is there from a backup, then as it should be."""
    primary.start(5, "192.0.2.5", expire=600)
    refused = refusal(server, "demote", "example.com")
    assert "zone.primary-behind" in refused
    assert "host.example.com. A" in refused
    assert address(server.port) == "192.0.2.1"
    primary.stop()
    primary.start(11, "192.0.2.2", expire=600)
    order(server, "demote", "example.com", "--reason", "primary is back")
    wait_until(lambda: address(server.port) == "192.0.2.2", "it follows the primary again")
    assert alarm(server) == ""


def test_a_primary_from_a_backup_is_taken_when_that_is_said(
    server: RunningServer, web: WebServers, primary: Primary
) -> None:
    text = CONFIGURATION.format(port=server.port, primary=primary.place.port, secondary=9, web=web.port)
    server.write("understudy.yaml", text)
    primary.start(10)
    server.start()
    wait_until(lambda: address(server.port) == "192.0.2.1", "the zone has come")
    order(server, "promote", "example.com", "--even-so")
    primary.stop()
    before = serial(server.port)
    primary.start(4, "192.0.2.4", expire=5000)
    order(server, "demote", "example.com", "--take-primary")
    wait_until(lambda: address(server.port) == "192.0.2.4", "the version of the primary is taken")
    assert serial(server.port) > before
    primary.stop()
    primary.start(2, "192.0.2.6", expire=5000)
    order(server, "retransfer", "example.com")
    wait_until(lambda: address(server.port) == "192.0.2.6", "the zone is fetched whole")
    primary.stop()
    primary.start(3, "192.0.2.8", expire=5000)
    order(server, "refresh", "example.com")
    wait_until(lambda: address(server.port) == "192.0.2.8", "the newer version is fetched")


def test_a_promoted_zone_becomes_a_file(server: RunningServer, web: WebServers, primary: Primary) -> None:
    text = CONFIGURATION.format(port=server.port, primary=primary.place.port, secondary=9, web=web.port)
    server.write("understudy.yaml", text)
    primary.start(10)
    server.start()
    wait_until(lambda: address(server.port) == "192.0.2.1", "the zone has come")
    order(server, "promote", "example.com", "--even-so")
    before = serial(server.port)
    file = server.folder / "example.com.zone"
    order(server, "export", "example.com", "--without-records", "-o", str(file))
    file.write_text(file.read_text() + "new.example.com. 60 IN A 192.0.2.7\n")
    source = re.sub(r"    source: transfer\n    primaries: .*\n", "    file: example.com.zone\n", text)
    server.write("understudy.yaml", source)
    assert server.run("reload").returncode == 0
    wait_until(lambda: address(server.port, "new.example.com") == "192.0.2.7", "the file is served")
    wait_until(lambda: serial(server.port) > before, "secondaries get it as the next version")
    assert alarm(server) == ""


def test_every_command_of_the_page_is_tried_here() -> None:
    commands = set(re.findall(r"understudy zone ([a-z]+)", PAGE.read_text(encoding="utf-8")))
    tried = set(re.findall(r'\(server, "([a-z]+)"', Path(__file__).read_text(encoding="utf-8")))
    assert commands
    assert commands - tried == set()
