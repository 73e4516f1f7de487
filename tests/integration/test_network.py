"""What a network does to probes: hosts that go, packets that vanish, routers that object, our own link that fails."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import pytest

from understudy.service.reports.views import EndpointView, ObservationView
from understudy.testing.hosts import THEM, US, HostedServer, Hosts, LossyHosts, ip
from understudy.testing.running_server import wait_until

PORT = 8080
V4 = [f"192.0.2.{last}" for last in range(2, 8)]
V6 = [f"2001:db8:1::{last}" for last in range(2, 6)]
BEHIND = "198.51.100.9"
LOSSY_S = 60.0

ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 1 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 127.0.0.1\n"
# With header, question and OPT its answer has 1,232 octets.
LONG = "long IN TXT " + " ".join('"' + "x" * octets + '"' for octets in (255, 255, 255, 255, 150)) + "\n"
LEAST_MTU = 1280  # RFC 8200 section 5
DF = 0x4000

# Asks on a loopback, and prints the packet that comes back as it is on the link.
ASK_AND_LOOK = """
import socket, struct, sys
address, port, query = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
family, head = (socket.AF_INET6, 40) if ":" in address else (socket.AF_INET, 20)
with (
    socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as link,
    socket.socket(family, socket.SOCK_DGRAM) as client,
):
    link.settimeout(10)
    client.bind((address, 0))
    client.sendto(query, (address, port))
    way = struct.pack("!HH", port, client.getsockname()[1])
    while (packet := link.recv(65535))[head : head + 4] != way:
        pass
    print(packet.hex())
"""

CONFIGURATION = f"""\
listen: ["127.0.0.1:{{port}}", "[::1]:{{port}}"]
zones: {{example.com: {{file: example.com.zone}}}}
checks:
  web: {{http: "http://www.example.com:{PORT}/", interval: 1s, recheck_interval: 250ms, fall: 2, rise: 2}}
  ping: {{icmp: , interval: 1s, recheck_interval: 250ms, fall: 2, rise: 2}}
records:
  host.example.com: {{check: web, tiers: [[{V4[0]}], [{V4[1]}]], failback: {{delay: 1s}}}}
  ping.example.com: {{check: ping, tiers: [[{V4[2]}], [{V4[3]}]], failback: {{delay: 1s}}}}
  six.example.com: {{check: web, tiers: [["{V6[0]}"], ["{V6[1]}"]], failback: {{delay: 1s}}}}
  ping6.example.com: {{check: ping, tiers: [["{V6[2]}"], ["{V6[3]}"]], failback: {{delay: 1s}}}}
  routed.example.com: {{check: web, tiers: [[{BEHIND}], [{V4[4]}]], failback: {{delay: 1s}}}}
"""

LOSSY = f"""\
listen: 127.0.0.1:{{port}}
zones: {{example.com: {{file: example.com.zone}}}}
checks:
  port: {{tcp: {PORT}, interval: 2s, timeout: 2s, recheck_interval: 1s, fall: 3, rise: 2}}
records:
  www.example.com: {{check: port, tiers: [[{V4[0]}], [{V4[1]}]]}}
"""


@contextmanager
def web_server(hosts: Hosts, folder: Path) -> Iterator[None]:
    """On every address of the other host."""
    folder.mkdir()
    command = [sys.executable, "-m", "http.server", "--bind", "::", "--directory", str(folder), str(PORT)]
    process = subprocess.Popen(hosts.within(hosts.them, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def serving(folder: Path, hosts: Hosts, configuration: str) -> Iterator[HostedServer]:
    server = HostedServer(folder, hosts)
    server.write("understudy.yaml", configuration)
    server.write("example.com.zone", ZONE + LONG)
    with web_server(hosts, folder / "www"):
        server.start()
        yield server
        assert server.stop() == 0


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LossyHosts, HostedServer, float]]:
    """Begun before all else and looked at last, for it takes a minute; the moment when it began."""
    if obstacle := LossyHosts.obstacle():
        pytest.skip(f"no lossy link: {obstacle}")
    with (
        LossyHosts(*V4[:2], loss=0.1) as hosts,
        serving(tmp_path_factory.mktemp("lossy"), hosts, LOSSY) as server,
    ):
        wait_until(lambda: set(states(server).values()) == {"up"}, "both endpoints are known to be up")
        yield hosts, server, time.monotonic()


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with Hosts(*V4, *V6) as pair:
        yield pair


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, hosts: Hosts) -> Iterator[HostedServer]:
    """Every endpoint but the routed one is up."""
    with serving(tmp_path_factory.mktemp("server"), hosts, CONFIGURATION) as running:
        wait_until(lambda: all(states(running)[each] == "up" for each in V4[:5] + V6[:4]), "all endpoints are up")
        yield running


def endpoints(server: HostedServer) -> dict[str, EndpointView]:
    return {each.endpoint: each for each in server.status().endpoints}


def states(server: HostedServer) -> dict[str, str]:
    return {name: each.state for name, each in endpoints(server).items()}


def last(server: HostedServer, endpoint: str) -> ObservationView:
    """Its latest observation."""
    seen = endpoints(server)[endpoint].verdicts[0].last
    assert seen is not None
    return seen


@pytest.mark.usefixtures("lossy")
@pytest.mark.parametrize(
    "moving",
    [
        ("host.example.com", "A", V4[0], V4[1]),
        ("ping.example.com", "A", V4[2], V4[3]),
        ("six.example.com", "AAAA", V6[0], V6[1]),
        ("ping6.example.com", "AAAA", V6[2], V6[3]),
    ],
    ids=["IPv4", "IPv4, icmp", "IPv6", "IPv6, icmp"],
)
def test_a_host_that_goes_away_is_withdrawn_and_comes_back(
    server: HostedServer, hosts: Hosts, moving: tuple[str, str, str, str]
) -> None:
    name, rtype, first, second = moving
    assert server.addresses(name, rtype) == [first]
    hosts.remove_address(hosts.them, first)
    wait_until(lambda: server.addresses(name, rtype) == [second], "the name moves")
    seen = last(server, first)
    assert seen.outcome == "fail"
    assert seen.reason in {"timeout.connect", "timeout.first_octet", "connect.unreachable"}, seen
    hosts.add_address(hosts.them, first)
    wait_until(lambda: server.addresses(name, rtype) == [first], "the name returns")


def test_packets_that_vanish_are_a_time_out_of_the_connection(server: HostedServer, hosts: Hosts) -> None:
    route = ("blackhole", f"{US[0]}/32")
    ip("-n", hosts.them, "route", "add", *route)
    try:
        wait_until(lambda: all(states(server)[each] == "down" for each in V4[:5]), "nothing comes back over IPv4")
        assert last(server, V4[0]).reason == "timeout.connect"
        assert last(server, V4[2]).reason == "timeout.first_octet"
        assert server.addresses("host.example.com") == [V4[0]], "everything down: as if all were up"
        assert all(states(server)[each] == "up" for each in V6[:4]), "the other family has nothing to do with it"
    finally:
        ip("-n", hosts.them, "route", "del", *route)
    wait_until(lambda: all(states(server)[each] == "up" for each in V4[:5]), "the link carries again")


def packet_of_the_longest_answer(server: HostedServer, hosts: Hosts, address: str) -> bytes:
    """From the first octet of its IP header."""
    query = dns.message.make_query("long.example.com", "TXT", use_edns=0, payload=1232)
    words = (sys.executable, "-c", ASK_AND_LOOK, address, str(server.port), query.to_wire().hex())
    run = subprocess.run(hosts.within(hosts.us, *words), capture_output=True, text=True, check=True)
    return bytes.fromhex(run.stdout)


def test_the_longest_answer_leaves_in_one_piece_that_nobody_may_cut(server: HostedServer, hosts: Hosts) -> None:
    """RFC 9715 section 3.1, on the narrowest link that there is (RFC 8200 section 5)."""
    ip("-n", hosts.us, "link", "set", "lo", "mtu", str(LEAST_MTU))
    try:
        four = packet_of_the_longest_answer(server, hosts, "127.0.0.1")
        six = packet_of_the_longest_answer(server, hosts, "::1")
    finally:
        ip("-n", hosts.us, "link", "set", "lo", "mtu", "65536")
    assert (len(four), len(six)) == (20 + 8 + 1232, LEAST_MTU)
    flags_and_place = int.from_bytes(four[6:8], "big")
    assert flags_and_place == DF, "the first part of one, and marked as not to be cut (RFC 6864 section 4.1)"
    assert six[6] == socket.IPPROTO_UDP, "no fragment header in between"


def test_no_route_is_ours_and_a_router_that_objects_is_theirs(server: HostedServer, hosts: Hosts) -> None:
    assert server.addresses("routed.example.com") == [BEHIND], "first start, and no verdict yet"
    seen = last(server, BEHIND)
    assert (seen.outcome, seen.reason) == ("inconclusive", "local.no-route")
    hosts.forward(hosts.them)
    ip("-n", hosts.them, "route", "add", "unreachable", f"{BEHIND}/32")
    ip("-n", hosts.us, "route", "add", f"{BEHIND}/32", "via", THEM[0])
    wait_until(lambda: server.addresses("routed.example.com") == [V4[4]], "the name moves")
    seen = last(server, BEHIND)
    assert (seen.outcome, seen.reason) == ("fail", "connect.unreachable")


def test_our_own_link_that_fails_takes_nobody_down(server: HostedServer, hosts: Hosts) -> None:
    """Rule 1.2, for longer than it takes for verdicts to become stale."""
    mine = V4[:4] + V6[:4]
    falls = {name: each.falls for name, each in endpoints(server).items()}
    before = {"host.example.com": [V4[0]], "ping.example.com": [V4[2]]}
    wait_until(lambda: {name: server.addresses(name) for name in before} == before, "every failback is over")
    ip("-n", hosts.us, "link", "set", hosts.link, "down")
    try:
        wait_until(lambda: all(last(server, each).outcome == "inconclusive" for each in mine), "no route of our own")
        reasons = {last(server, each).reason for each in mine}
        assert all(reason.startswith("local.") for reason in reasons), reasons
        wait_until(lambda: all("held" in endpoints(server)[each].flags for each in mine), "the verdicts are stale")
        assert {each for each in mine if states(server)[each] != "up"} == set()
        assert {name: server.addresses(name) for name in before} == before
    finally:
        ip("-n", hosts.us, "link", "set", hosts.link, "up")
        ip("-n", hosts.us, "address", "replace", f"{US[1]}/64", "dev", hosts.link, "nodad")
    wait_until(lambda: all(last(server, each).outcome == "pass" for each in mine), "the link is back")
    assert {name: each.falls for name, each in endpoints(server).items()} == falls
    assert {name: server.addresses(name) for name in before} == before


def test_a_link_that_loses_a_fifth_of_the_round_trips_withdraws_nobody(
    lossy: tuple[LossyHosts, HostedServer, float],
) -> None:
    """A tenth each way. A connection whose first packet is lost tries again after a second, so a probe fails once in
    28, three in a row once in 21,000: a minute of two endpoints goes wrong about once in 400 runs of the test.
    """
    hosts, server, begun = lossy
    wait_until(lambda: time.monotonic() - begun > LOSSY_S, "a minute of loss", LOSSY_S + 10)
    lost, carried = hosts.lost, hosts.carried
    assert 0.03 < lost / (lost + carried) < 0.25, f"{lost} of {lost + carried} packets"
    assert states(server) == dict.fromkeys(V4[:2], "up")
    assert all(each.falls == [] for each in endpoints(server).values())
    assert server.addresses("www.example.com") == [V4[0]]
