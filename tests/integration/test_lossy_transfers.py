"""Copies of a zone over a link that loses a fifth of all packets and reorders others, and that is cut (needs root).

Knot is the primary, we are its secondary and the primary of another Knot; both of them are on the other host.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.service.reports.zone_views import UpstreamView
from understudy.testing.hosts import US, HostedServer, LossyHosts, ip
from understudy.testing.other_servers import find_program
from understudy.testing.running_server import wait_until

PORT = 5300
FIRST, LAST = "192.0.2.10", "192.0.2.20"
LOSS, DELAY = 0.2, 0.3
LIMIT_S = 90.0  # TCP waits longer with every packet that is lost again
WAITS = 6  # as many may take so long
BULK = 200  # records of which a transfer has 40 packets
CUTS = (20_000, 70_000)  # octets: in the midst of these, on their way to us and from us

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120 + WAITS * LIMIT_S)]

ZONE = """\
$TTL 60
@    SOA ns1 hostmaster 1 2 2 86400 60
     NS  ns1
ns1  A   192.0.2.53
"""
KNOT = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: info
remote:
  - id: us
    address: {us}@{port}
    via: {address}
acl:
  - id: anybody
    address: 0.0.0.0/0
    action: [transfer, notify, update]
zone:
  - domain: example.com
    file: "{folder}/zone"
    acl: anybody
    {exchange}
"""
HANDS_ON = """notify: us
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
"""
OURS = f"""\
listen: ["127.0.0.1:{PORT}", "{US[0]}:{PORT}"]
state_dir: state
zones:
  example.com:
    source: transfer
    primaries: ["{FIRST}:{PORT}"]
    watch: false
    transfer: {{to: [127.0.0.1, {LAST}], notify: ["{LAST}:{PORT}"]}}
"""


@dataclass(frozen=True)
class Knot:
    """One on the other host. It is spoken to by its socket, which namespaces of the network do not hide."""

    folder: Path

    def control(self, *words: str) -> bool:
        """Whether it did what it was told."""
        command = [find_program("knotc"), "-s", str(self.folder / "knot.sock"), *words]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def add(self, name: str, address: str) -> None:
        """One version more."""
        assert self.control("zone-begin", "example.com")
        assert self.control("zone-set", "example.com", name, "60", "A", address)
        assert self.control("zone-commit", "example.com")


@dataclass(frozen=True)
class Chain:
    """Who has the zone."""

    hosts: LossyHosts
    first: Knot
    ours: HostedServer

    def dig(self, host: str, address: str, *words: str) -> list[str]:
        """What a server says on its own host, where no packet is lost."""
        dig = [find_program("dig"), f"@{address}", "-p", str(PORT), "+time=2", "+tries=1", *words]
        run = subprocess.run(self.hosts.within(host, *dig), capture_output=True, text=True, check=False)
        return sorted(" ".join(line.split()) for line in run.stdout.splitlines() if line and line[0] != ";")

    def add_bulk(self, name: str) -> None:
        """One version more at the first one, with a lot in it."""
        text = "x" * 200
        lines = [f"update add b{number}.{name}.example.com. 60 TXT {text}" for number in range(BULK)]
        update = "\n".join((f"server {FIRST} {PORT}", "zone example.com.", *lines, "send", ""))
        command = self.hosts.within(self.hosts.them, find_program("nsupdate"), "-v")
        subprocess.run(command, input=update, text=True, check=True)

    def everywhere(self, *words: str) -> list[list[str]]:
        """What each of the three says: the first one, ours, the last one."""
        them, us = self.hosts.them, self.hosts.us
        return [self.dig(host, where, *words) for host, where in ((them, FIRST), (us, "127.0.0.1"), (them, LAST))]

    def is_everywhere(self, name: str, address: str) -> bool:
        """Whether all of them answer so."""
        return self.everywhere("+short", f"{name}.example.com") == [[address]] * 3

    def require_agreement(self) -> None:
        """All records are the same, with the same serial, and nobody has anything to complain of."""
        first, ours, last = self.everywhere("example.com", "AXFR")
        assert first == ours == last
        assert self.upstream().standing == "current"
        assert self.upstream().problem == ""

    def upstream(self) -> UpstreamView:
        """How our copy stands."""
        (zone,) = self.ours.status().zones
        assert zone.upstream is not None
        return zone.upstream


@contextmanager
def knot(hosts: LossyHosts, folder: Path, address: str, exchange: str) -> Iterator[Knot]:
    configuration = folder / "knot.conf"
    configuration.write_text(KNOT.format(folder=folder, address=address, port=PORT, us=US[0], exchange=exchange))
    command = hosts.within(hosts.them, find_program("knotd"), "-c", str(configuration))
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            found = Knot(folder)
            wait_until(lambda: found.control("status") or process.poll() is not None, "Knot is there")
            assert process.poll() is None, (folder / "log").read_text()
            yield found
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    if obstacle := LossyHosts.obstacle():
        pytest.skip(obstacle)
    for name in ("first", "last", "ours"):
        (tmp_path / name).mkdir()
    (tmp_path / "first" / "zone").write_text(ZONE)
    with ExitStack() as held:
        hosts = held.enter_context(LossyHosts(FIRST, LAST, loss=0.0))
        first = held.enter_context(knot(hosts, tmp_path / "first", FIRST, HANDS_ON))
        ours = HostedServer(tmp_path / "ours", hosts)
        ours.write("understudy.yaml", OURS)
        ours.start()
        held.callback(ours.stop)
        held.enter_context(knot(hosts, tmp_path / "last", LAST, "master: us"))
        found = Chain(hosts, first, ours)
        wait_until(lambda: found.is_everywhere("ns1", "192.0.2.53"), "the copies are there")
        yield found


def cut_and_mend(chain: Chain, octets: int) -> None:
    """Cut the link in the midst of a transfer, and let more happen before it is whole again."""
    hosts = chain.hosts
    hosts.cut_after = octets
    chain.add_bulk(f"bulk{octets}")
    wait_until(lambda: hosts.cut_after is None, "the link is cut", LIMIT_S)
    chain.first.add(f"unseen{octets}", "10.2.0.1")
    ip("-n", hosts.us, "link", "set", hosts.link, "down")
    chain.first.add(f"late{octets}", "10.3.0.1")
    ip("-n", hosts.us, "link", "set", hosts.link, "up")
    hosts.loss = 0.0
    wait_until(lambda: chain.is_everywhere(f"late{octets}", "10.3.0.1"), "the copies agree again", LIMIT_S)


def connections(hosts: LossyHosts, peer: str, *, to_end: bool = False) -> str:
    """Ours with a peer, over TCP; those that are to end do so as by a reset."""
    command = hosts.within(hosts.us, find_program("ss"), "-KHt" if to_end else "-Ht", "state", "connected", "dst", peer)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("octets", "peer"), [*zip(CUTS, (FIRST, LAST), strict=True)], ids=["to us", "from us"])
def test_a_transfer_whose_connection_breaks_in_its_midst_is_begun_anew(chain: Chain, octets: int, peer: str) -> None:
    """For good: nothing of what was sent before the link was cut is of use when it is whole again."""
    hosts = chain.hosts
    hosts.cut_after = octets
    chain.add_bulk("broken")
    wait_until(lambda: hosts.cut_after is None, "the link is cut", LIMIT_S)
    assert connections(hosts, peer, to_end=True), "it is in the midst"
    if connections(hosts, peer):
        pytest.skip("this kernel ends no connections")
    if peer == FIRST:
        wait_until(lambda: chain.upstream().problem != "", "it is told", LIMIT_S)
    hosts.loss = 0.0
    chain.first.add("after", "10.4.0.1")
    wait_until(lambda: chain.is_everywhere("after", "10.4.0.1"), "the copies agree again", LIMIT_S)
    chain.require_agreement()


def test_copies_follow_over_a_link_that_loses_and_reorders_packets_and_is_cut(chain: Chain) -> None:
    hosts = chain.hosts
    hosts.loss, hosts.delay = LOSS, DELAY
    for number in range(1, 9):
        chain.first.add(f"small{number}", f"10.0.0.{number}")
    wait_until(lambda: chain.is_everywhere("small8", "10.0.0.8"), "changes come through", LIMIT_S)
    assert min(hosts.lost, hosts.delayed) > 5
    hosts.loss = 0.0
    for cut_octets in CUTS:
        cut_and_mend(chain, cut_octets)
    chain.first.add("after", "10.4.0.1")
    wait_until(lambda: chain.is_everywhere("after", "10.4.0.1"), "the next change comes as ever")
    chain.require_agreement()
