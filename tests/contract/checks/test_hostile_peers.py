"""Every kind of check meets every hostile peer: its deadline holds, nothing is left, the endpoint is blamed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeAlias

import pytest

from understudy.checks.registry import KINDS
from understudy.model.observation import Observation, Outcome
from understudy.testing.check_contract import LOOPS, SLACK_S, Certificates, make_check, observe, perform
from understudy.testing.hostile_peers import CONNECTIONS, DATAGRAMS
from understudy.testing.peers import DatagramPeer, Peer, encrypted

TIMEOUT_S = 0.25

Written: TypeAlias = Callable[[int], dict[str, object]]

OVER_TCP: dict[str, tuple[str, Written]] = {
    "http": ("http", lambda port: {"url": f"http://www.example.com:{port}/", "expect": {"body": "ready"}}),
    "http by regex": ("http", lambda port: {"url": f"http://a.example:{port}/", "expect": {"body_regex": "^ready$"}}),
    "http over http2": ("http", lambda port: {"url": f"http://www.example.com:{port}/", "http2": "always"}),
    "https": ("http", lambda port: {"url": f"https://www.example.com:{port}/"}),
    "tcp": ("tcp", lambda port: {"port": port, "send": "hello", "expect": "never said"}),
    "tls": ("tls", lambda port: {"port": port}),
    "grpc": ("grpc", lambda port: {"port": port}),
    "grpc over tls": ("grpc", lambda port: {"port": port, "tls": True}),
    "smtp": ("smtp", lambda port: {"port": port}),
    "smtp over tls": ("smtp", lambda port: {"port": port, "tls": "implicit"}),
    "dns by tcp": ("dns", lambda port: {"name": "example.com", "port": port, "transport": "tcp"}),
}
WITHIN_TLS: dict[str, tuple[str, Written]] = {
    "https": ("http", lambda port: {"url": f"https://www.example.com:{port}/", "expect": {"body": "ready"}}),
    "grpc": ("grpc", lambda port: {"port": port, "tls": True, "name": "www.example.com"}),
    "smtp": ("smtp", lambda port: {"port": port, "tls": "implicit", "name": "www.example.com"}),
}
OVER_UDP: dict[str, tuple[str, Written]] = {
    "udp": ("udp", lambda port: {"port": port, "send": "hello", "expect": "never said"}),
    "dns": ("dns", lambda port: {"name": "example.com", "port": port}),
}
SCRIPTS = {
    "says nothing and stays": "exec sleep 60",
    "writes without end": "exec yes hello",
    "ignores the polite signal": "trap '' TERM INT HUP; while :; do sleep 1; done",
    "closes its output and stays": "exec >&- 2>&-; exec sleep 60",
    "leaves a child behind": "sleep 60 & exit 2",
    "writes garbage": "head -c 100000 /dev/urandom; exit 2",
}
LOOPBACK = ["127.0.0.1", "::1"]


def test_every_kind_of_check_is_under_contract() -> None:
    met = {kind for kind, _ in (*OVER_TCP.values(), *WITHIN_TLS.values(), *OVER_UDP.values())}
    assert met | {"icmp", "script"} == set(KINDS)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("probed", OVER_TCP)
def test_every_hostile_connection_fails_the_endpoint(probed: str, host: str, loop: str) -> None:
    """A greeting without an end is one of them: RFC 5321 4.5.3.1.5 bounds its lines, and nobody their number."""
    kind, written = OVER_TCP[probed]
    seen: dict[str, Observation] = {}

    async def meet(name: str) -> None:
        with Peer(CONNECTIONS[name], host=host) as peer:
            seen[name] = await observe(make_check(kind, written(peer.port), timeout_s=TIMEOUT_S), host)

    async def scene() -> None:
        await asyncio.gather(*(meet(name) for name in CONNECTIONS))

    perform(scene, loop)
    assert {name: seen[name] for name in CONNECTIONS if seen[name].outcome is not Outcome.FAIL} == {}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("probed", WITHIN_TLS)
def test_every_peer_that_is_hostile_within_tls_fails_the_endpoint(
    probed: str, loop: str, certificates: Certificates
) -> None:
    kind, written = WITHIN_TLS[probed]
    seen: dict[str, Observation] = {}

    async def meet(name: str) -> None:
        with Peer(encrypted(certificates.server, CONNECTIONS[name])) as peer:
            settings = {**written(peer.port), "ca_file": certificates.ca_file}
            seen[name] = await observe(make_check(kind, settings, timeout_s=TIMEOUT_S))

    async def scene() -> None:
        await asyncio.gather(*(meet(name) for name in CONNECTIONS))

    perform(scene, loop)
    assert {name: seen[name] for name in CONNECTIONS if seen[name].outcome is not Outcome.FAIL} == {}


@pytest.mark.parametrize("probed", ["tls", "https", "grpc over tls", "smtp over tls"])
@pytest.mark.parametrize("trusts_authority", [True, False])
def test_a_bad_certificate_fails_the_endpoint(probed: str, trusts_authority: bool, certificates: Certificates) -> None:
    kind, written = OVER_TCP[probed]
    context: ssl.SSLContext = certificates.other_name if trusts_authority else certificates.server
    trust: dict[str, object] = {"ca_file": certificates.ca_file} if trusts_authority else {}
    seen: list[Observation] = []

    async def scene() -> None:
        with Peer(encrypted(context, CONNECTIONS["stays silent"])) as peer:
            seen.append(await observe(make_check(kind, {**written(peer.port), **trust})))

    perform(scene)
    assert (seen[0].outcome, seen[0].reason) == (Outcome.FAIL, "tls.certificate")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("behaviour", DATAGRAMS)
@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("probed", OVER_UDP)
def test_a_hostile_datagram_peer_fails_the_endpoint(probed: str, host: str, behaviour: str, loop: str) -> None:
    kind, written = OVER_UDP[probed]
    seen: list[Observation] = []

    async def scene() -> None:
        with DatagramPeer(DATAGRAMS[behaviour], host=host) as peer:
            seen.append(await observe(make_check(kind, written(peer.port), timeout_s=TIMEOUT_S), host))

    perform(scene, loop)
    assert seen[0].outcome is Outcome.FAIL, seen[0]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("behaviour", SCRIPTS)
def test_a_hostile_script_fails_the_endpoint(behaviour: str, loop: str) -> None:
    seen: list[Observation] = []

    async def scene() -> None:
        written = {"path": "/bin/sh", "args": ["-c", SCRIPTS[behaviour]]}
        seen.append(await observe(make_check("script", written, timeout_s=TIMEOUT_S)))

    perform(scene, loop)
    assert seen[0].outcome is Outcome.FAIL, seen[0]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("probed", OVER_TCP)
def test_a_connection_that_is_never_accepted_ends_at_the_deadline(probed: str, loop: str) -> None:
    kind, written = OVER_TCP[probed]
    seen: list[Observation] = []

    async def scene() -> None:
        with FullBacklog() as port:
            seen.append(await observe(make_check(kind, written(port), timeout_s=TIMEOUT_S)))

    perform(scene, loop)
    assert (seen[0].outcome, seen[0].reason) == (Outcome.FAIL, "timeout.connect")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("delay_s", [0.0, 0.05])
@pytest.mark.parametrize("probed", [*OVER_TCP, *OVER_UDP])
def test_a_cancelled_probe_ends_at_once_and_leaves_nothing(probed: str, delay_s: float, loop: str) -> None:
    kind, written = {**OVER_TCP, **OVER_UDP}[probed]

    async def scene() -> None:
        with Peer(CONNECTIONS["stays silent"]) as peer, DatagramPeer(DATAGRAMS["is deaf"], port=peer.port):
            await cancel_after(delay_s, kind, written(peer.port))

    perform(scene, loop)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("delay_s", [0.0, 0.05])
@pytest.mark.parametrize("behaviour", ["says nothing and stays", "ignores the polite signal"])
def test_a_cancelled_script_is_killed_with_its_children(behaviour: str, delay_s: float, loop: str) -> None:
    async def scene() -> None:
        await cancel_after(delay_s, "script", {"path": "/bin/sh", "args": ["-c", SCRIPTS[behaviour]]})

    perform(scene, loop)


async def cancel_after(delay_s: float, kind: str, written: object) -> None:
    running = asyncio.create_task(observe(make_check(kind, written, timeout_s=60)))
    await asyncio.wait({running}, timeout=delay_s)
    running.cancel()
    async with asyncio.timeout(SLACK_S):
        with pytest.raises(asyncio.CancelledError):
            await running


class FullBacklog:
    """A port whose queue of connections is full, so that the kernel drops every further SYN."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        address = self._listener.getsockname()
        self._fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            self._fillers.append(filler)
        port: int = address[1]
        return port

    def __exit__(self, *_: object) -> None:
        for opened in (*self._fillers, self._listener):
            opened.close()
