"""Two hosts on one link, as network namespaces of this machine (needs root): `us` and `them`. Nothing leaves them."""

from __future__ import annotations

import fcntl
import heapq
import itertools
import os
import random
import selectors
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from understudy.service.reports.views import StatusView
from understudy.testing.other_servers import find_program
from understudy.testing.running_server import RunningServer

US = ("192.0.2.1", "2001:db8:1::1")
THEM = ("192.0.2.254", "2001:db8:1::254")  # what stays when other addresses go
_PREFIX_BITS = {4: 24, 6: 64}
_TUN = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET_OCTETS = 65536
_LOOK_S = 0.1
_LATE_S = 0.02  # chosen: some packets of a burst overtake one that is so late, and no timer of TCP runs out
_numbers = itertools.count()


def ip(*words: str) -> None:
    """Run iproute2. Raises RuntimeError with what it says."""
    run = subprocess.run([find_program("ip"), *words], capture_output=True, text=True, check=False)  # noqa: S603  # a fixed command on hosts of our own
    if run.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {run.stderr.strip()}")


class Hosts:
    """`link` is the device's name on both. Leaving the context removes everything, devices included."""

    link = "link0"

    def __init__(self, *theirs: str) -> None:
        """`theirs`: the addresses that the other host has besides THEM."""
        name = f"understudy-{os.getpid()}-{next(_numbers)}"
        self.us, self.them = f"{name}-us", f"{name}-them"
        self._theirs = theirs
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as held:
            for host in (self.us, self.them):
                ip("netns", "add", host)
                held.callback(ip, "netns", "del", host)
                self._settle(host)
            self._connect(held)
            for host, addresses in ((self.us, US), (self.them, THEM + self._theirs)):
                ip("-n", host, "link", "set", self.link, "up")
                for address in addresses:
                    self.add_address(host, address)
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _settle(self, host: str) -> None:
        ip("-n", host, "link", "set", "lo", "up")

    def _connect(self, held: ExitStack) -> None:  # noqa: ARG002  # a pair goes with its namespaces
        words = ("link", "add", self.link, "type", "veth", "peer", "name", self.link, "netns", self.them)
        ip("-n", self.us, *words)

    def add_address(self, host: str, address: str) -> None:
        """From now on a host has the address."""
        words = ["nodad"] if ":" in address else []
        ip("-n", host, "address", "add", _with_prefix(address), "dev", self.link, *words)

    def remove_address(self, host: str, address: str) -> None:
        """As if the machine with that address had been switched off."""
        ip("-n", host, "address", "del", _with_prefix(address), "dev", self.link)

    def forward(self, host: str) -> None:
        """Make a router of a host, for IPv4."""
        command = self.within(host, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        subprocess.run(command, check=True)  # noqa: S603  # a fixed command on hosts of our own

    def within(self, host: str, *command: str) -> list[str]:
        """A command that runs on a host."""
        return [find_program("ip"), "netns", "exec", host, *command]


def _with_prefix(address: str) -> str:
    return f"{address}/{_PREFIX_BITS[6 if ':' in address else 4]}"


class LossyHosts(Hosts):
    """The same on a link that loses some of the packets, of each direction alike; `lost` and `carried` count them.

    `loss` and `delay`, the shares of packets that are lost and that come late enough for others to overtake them, may
    change at any time; a loss of 1 cuts the link. That happens by itself when it has carried `cut_after` octets more.
    Made of two tunnel devices and a thread between them, because not every kernel has netem.
    """

    def __init__(self, *theirs: str, loss: float, delay: float = 0.0) -> None:
        super().__init__(*theirs)
        self.loss, self.delay = loss, delay
        self.cut_after: int | None = None
        self.lost = self.carried = self.delayed = 0
        self._chance = random.Random(0)  # noqa: S311  # no secret
        self._late: list[tuple[float, int, int, bytes]] = []
        self._is_over = threading.Event()

    @staticmethod
    def obstacle() -> str:
        """Why this machine cannot; empty: it can."""
        return "" if os.access(_TUN, os.R_OK | os.W_OK) else f"{_TUN} is not here"

    def _connect(self, held: ExitStack) -> None:
        ends = []
        for host in (self.us, self.them):
            device = f"us{os.getpid() % 1_000_000}x{next(_numbers)}"
            ends.append(self._open(device, held))
            ip("link", "set", device, "netns", host, "name", self.link)
        relay = threading.Thread(target=self._relay, args=ends, daemon=True)
        relay.start()
        held.callback(relay.join)
        held.callback(self._is_over.set)

    @staticmethod
    def _open(device: str, held: ExitStack) -> int:
        end = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        held.callback(os.close, end)
        fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
        return end

    def _relay(self, *ends: int) -> None:
        with selectors.DefaultSelector() as selector:
            for end, other in (ends, reversed(ends)):
                selector.register(end, selectors.EVENT_READ, other)
            while not self._is_over.is_set():
                wait_s = self._late[0][0] - time.monotonic() if self._late else _LOOK_S
                for key, _ in selector.select(max(0.0, wait_s)):
                    self._take(key.fd, key.data)
                while self._late and self._late[0][0] <= time.monotonic():
                    _, _, other, packet = heapq.heappop(self._late)
                    self._carry(other, packet)

    def _take(self, end: int, other: int) -> None:
        try:
            packet = os.read(end, _PACKET_OCTETS)
        except OSError:  # a device that is not up yet, or not any more
            self._is_over.wait(_LOOK_S)
            return
        if self._chance.random() < self.loss:
            self.lost += 1
        elif self._chance.random() < self.delay:
            self.delayed += 1
            due = time.monotonic() + self._chance.uniform(0.0, _LATE_S)
            heapq.heappush(self._late, (due, self.delayed, other, packet))
        else:
            self._carry(other, packet)

    def _carry(self, other: int, packet: bytes) -> None:
        with suppress(OSError):  # as above
            os.write(other, packet)
            self.carried += 1
        if self.cut_after is not None:
            self.cut_after -= len(packet)
            if self.cut_after <= 0:
                self.loss, self.cut_after = 1.0, None


class HostedServer(RunningServer):
    """A name server, and its commands, on the host `us`. It listens on that host's own loopback."""

    def __init__(self, folder: Path, hosts: Hosts) -> None:
        super().__init__(folder, 5300)
        self._hosts = hosts

    def command(self, *words: str) -> Sequence[str]:
        """The command line of a verb, run on that host."""
        return self._hosts.within(self._hosts.us, *super().command(*words))

    def status(self) -> StatusView:
        """By its socket, which namespaces of the network do not hide: a hundred times faster than the command."""
        with self.api() as client:
            return StatusView.model_validate_json(client.get("/status").content)

    def addresses(self, name: str, rtype: str = "A") -> list[str]:
        """What dig sees there."""
        dig = [find_program("dig"), "@127.0.0.1", "-p", str(self.port), "+short", "+time=2", name, rtype]
        run = subprocess.run(  # noqa: S603  # a fixed command on hosts of our own
            self._hosts.within(self._hosts.us, *dig), capture_output=True, text=True, check=False
        )
        return sorted(run.stdout.split())
