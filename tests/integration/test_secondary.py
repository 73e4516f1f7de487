"""Real primaries: what BIND, NSD and Knot have is answered here, follows their changes, and outlives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import dns.zone
import pytest

from understudy.testing.other_servers import CORP_KEY, OtherServer, Peers, Place, bind, knot, knot_beside, nsd, powerdns
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

pytestmark = pytest.mark.integration

ZONE = "example.com."
CONTENT = """\
$TTL 60
@     SOA ns1 hostmaster 1 2 2 86400 60
@     NS  ns1
ns1   A   192.0.2.53
www   A   192.0.2.10
mail  MX  10 www
text  TXT "one" "two"
*.any CNAME www
sub   NS  ns.sub
ns.sub A  192.0.2.54
"""
Make = Callable[[Place, Path, Peers], OtherServer]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "primary", free_port(), ZONE)
    found.folder.mkdir()
    (found.folder / "zone").write_text(CONTENT)
    return found


@pytest.fixture
def server(tmp_path: Path, place: Place) -> Iterator[RunningServer]:
    (tmp_path / "ours").mkdir()
    found = RunningServer(tmp_path / "ours", free_port())
    found.write(
        "understudy.yaml",
        "listen: 127.0.0.1:{port}\nstate_dir: state\n"
        f"zones:\n  example.com: {{source: transfer, primaries: ['127.0.0.1:{place.port}']}}\n"
        "records:\n  steered.example.com: {tiers: [[198.51.100.1]]}\n",
    )
    yield found
    found.stop()


def serial(port: int) -> int:
    response = dns.query.udp(dns.message.make_query(ZONE, "SOA"), "127.0.0.1", port=port, timeout=5)
    return int(response.answer[0][0].serial) if response.answer else -1


def answers(server: RunningServer, number: int) -> bool:
    return serial(server.port) == number


def add(port: int, name: str, address: str, key: dns.tsig.Key | None = None) -> None:
    update = dns.update.UpdateMessage(ZONE)
    update.add(name, 60, "A", address)
    if key is not None:
        update.use_tsig(key)
    assert dns.query.tcp(update, "127.0.0.1", port=port, timeout=5).rcode() == dns.rcode.NOERROR


SLOW = CONTENT.replace(" 1 2 2 86400 60", " 1 86400 3600 604800 60")
"""Asked for once a day: what comes sooner was told of."""


def sign(server: RunningServer, place: Place, secret: str) -> None:
    """From now on the primary is spoken to with this secret."""
    server.write("corp.key", secret)
    server.write(
        "understudy.yaml",
        "listen: 127.0.0.1:{port}\nstate_dir: state\nkeys: {corp-key: {secret_file: corp.key}}\nzones:\n"
        "  example.com:\n    source: transfer\n"
        f"    primaries: [{{address: '127.0.0.1:{place.port}', key: corp-key}}]\n",
    )


@pytest.mark.parametrize("make", [bind, nsd, knot, powerdns])
def test_a_primary_that_demands_a_key_tells_of_its_changes(make: Make, place: Place, server: RunningServer) -> None:
    (place.folder / "zone").write_text(SLOW)
    sign(server, place, CORP_KEY.secret)
    peers = Peers(secondaries=(server.port,), key=CORP_KEY)
    key = dns.tsig.Key(CORP_KEY.name, CORP_KEY.secret, CORP_KEY.algorithm)
    with make(place, place.folder / "zone", peers):
        server.start()
        wait_until(lambda: answers(server, 1), "the zone is here")
        if make is not nsd:
            add(place.port, "new", "203.0.113.1", key)
            wait_until(lambda: server.addresses("new.example.com") == ["203.0.113.1"], "the change is here")
    if make is nsd:  # it takes no updates, and tells of its zones when it starts
        (place.folder / "zone").write_text(SLOW.replace("hostmaster 1", "hostmaster 2"))
        with make(place, place.folder / "zone", peers):
            wait_until(lambda: answers(server, 2), "the change is here")


def test_a_key_with_another_secret_gets_nothing_and_both_sides_say_why(place: Place, server: RunningServer) -> None:
    sign(server, place, "AAAA" + CORP_KEY.secret[4:])
    with bind(place, place.folder / "zone", Peers(key=CORP_KEY)):
        server.start()
        wait_until(lambda: "does not take the key corp-key" in server.run("events").stdout, "the cause is told")
        assert server.ask("www.example.com").rcode() == dns.rcode.SERVFAIL
        server.write("corp.key", CORP_KEY.secret)
        wait_until(lambda: answers(server, 1), "the zone is here")


@pytest.mark.parametrize("make", [bind, nsd, knot, powerdns])
def test_a_zone_comes_from_a_primary_and_outlives_it(make: Make, place: Place, server: RunningServer) -> None:
    with make(place, place.folder / "zone", Peers()):
        server.start()
        wait_until(lambda: answers(server, 1), "the zone is here")
        assert server.addresses("www.example.com") == ["192.0.2.10"]
        assert server.addresses("x.any.example.com") == ["192.0.2.10"]
        assert server.addresses("steered.example.com") == ["198.51.100.1"]
        copy = server.folder / "state" / "zones" / "example.com.zone"
        wait_until(copy.exists, "the copy is on disk")
        expected = dns.zone.from_text(CONTENT, ZONE)
        assert dns.zone.from_file(str(copy), ZONE) == expected
    server.stop()
    server.start()
    assert server.addresses("www.example.com") == ["192.0.2.10"]


@pytest.mark.parametrize("make", [bind, knot, powerdns])
def test_changes_of_a_primary_follow_as_differences(make: Make, place: Place, server: RunningServer) -> None:
    """PowerDNS answers the question for differences with the whole zone."""
    with make(place, place.folder / "zone", Peers()):
        server.start()
        wait_until(lambda: answers(server, 1), "the zone is here")
        for last in range(1, 4):
            add(place.port, "new", f"203.0.113.{last}")
            newest = serial(place.port)
            wait_until(partial(answers, server, newest), "the change is here")
        assert server.addresses("new.example.com") == [f"203.0.113.{last}" for last in range(1, 4)]
        assert server.addresses("www.example.com") == ["192.0.2.10"]
    log = (place.folder / "log").read_text(errors="replace")
    assert make is not bind or log.count(": IXFR started") == 3


def test_a_primary_that_starts_later_is_found(place: Place, server: RunningServer) -> None:
    server.start()
    assert server.ask("www.example.com").rcode() == dns.rcode.SERVFAIL
    with knot(place, place.folder / "zone", Peers()):
        wait_until(lambda: server.ask("www.example.com").rcode() == dns.rcode.NOERROR, "the zone is here")
        assert server.addresses("www.example.com") == ["192.0.2.10"]


def test_many_zones_are_asked_for_once_though_they_are_asked_for_before_the_server_is_there(tmp_path: Path) -> None:
    """Those that came while it was imported are those that it answers."""
    origins = [f"zone{number}.example" for number in range(12)]
    files = {origin: tmp_path / origin for origin in origins}
    for file in files.values():
        file.write_text("@ 60 SOA ns hostmaster 7 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n")
    primary = Place(tmp_path / "primary", free_port(), origins[0])
    for folder in (primary.folder, tmp_path / "ours"):
        folder.mkdir()
    server = RunningServer(tmp_path / "ours", free_port())
    zones = "".join(
        f"  {origin}: {{source: transfer, primaries: ['127.0.0.1:{primary.port}']}}\n" for origin in origins
    )
    server.write("understudy.yaml", f"listen: 127.0.0.1:{{port}}\nstate_dir: state\nzones:\n{zones}")
    listed = "".join(f"  - domain: {origin}\n    file: {file}\n" for origin, file in files.items())
    with knot_beside(primary, server.port, listed):
        server.start()
        try:
            wait_until(lambda: all(server.addresses(f"ns.{origin}") for origin in origins), "all zones are answered")
        finally:
            server.stop()
    begun = [line for line in (primary.folder / "log").read_text().splitlines() if "AXFR" in line and "started" in line]
    assert len(begun) == len(origins)
