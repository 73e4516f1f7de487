"""How many HTTP and HTTPS probes one core carries: ours beside a bare asyncio.Protocol and plain asyncio streams.

Over TLS each probe is a whole handshake with a certificate that is verified (ECDSA P-256), as for a client that is
new: with a session that is resumed no certificate would be seen. They take turns within one run, because absolute
figures drift; compare the ratios. The server is a process of its own, pinned to the other core where there is one.
`python benchmarks/probe_rate.py [--rounds N] [--profile http|https]`.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import trustme
import uvloop

from understudy.checks.probe import probe
from understudy.checks.registry import parse_text
from understudy.clock.clock import SystemClock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Outcome

PROBES = 4000
HOST = "www.example.com"
CONCURRENT = 50
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nready\n"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n"

Probe = Callable[[], Awaitable[None]]
Ports = tuple[int, int]


class _Server(asyncio.Protocol):
    """Answers every request at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, _: bytes) -> None:
        self.transport.write(RESPONSE)
        self.transport.close()


async def serve(folder: Path) -> None:
    """Without TLS on the first port that is told, with it on the second."""
    loop, context = asyncio.get_running_loop(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert(HOST, key_type=trustme.KeyType.ECDSA).configure_cert(context)
    ports = []
    for tls in (None, context):
        server = await loop.create_server(_Server, "127.0.0.1", 0, backlog=1024, ssl=tls)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    await asyncio.Event().wait()


def ours(kind: str, text: str, authority: Path | None = None) -> Probe:
    name, settings = parse_text(text)
    if authority is not None:
        settings = settings.model_copy(update={"ca_file": authority})
    check = Check("bench", name, settings)
    endpoint = Endpoint(IPv4Address("127.0.0.1"))
    clock = SystemClock()

    async def run() -> None:
        observation = await probe(check, endpoint, clock)
        if observation.outcome is not Outcome.PASS:
            raise SystemExit(f"{kind}: {observation}")

    return run


class _Client(asyncio.Protocol):
    """The least that a probe can be: it looks at the status and does not parse, time or judge anything."""

    def __init__(self) -> None:
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.transport.close()
        if not self.done.done():
            self.done.set_result(data)


def bare_protocol(port: int, authority: Path | None = None) -> Probe:
    context = None if authority is None else ssl.create_default_context(cafile=authority)
    name = None if authority is None else HOST

    async def run() -> None:
        async with asyncio.timeout(3):
            _, client = await asyncio.get_running_loop().create_connection(
                _Client, "127.0.0.1", port, ssl=context, server_hostname=name
            )
            assert b" 200 " in await client.done

    return run


def streams(port: int) -> Probe:
    async def run() -> None:
        async with asyncio.timeout(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            assert b" 200 " in await reader.readline()
            while await reader.readline() not in {b"\r\n", b""}:
                pass
            writer.close()

    return run


async def measure(run: Probe) -> float:
    """CPU microseconds of this process for each probe."""

    async def worker() -> None:
        for _ in range(PROBES // CONCURRENT):
            await run()

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(CONCURRENT)))
    return (time.process_time() - began) / PROBES * 1e6


async def compare(ports: Ports, rounds: int, authority: Path) -> None:
    port, tls_port = ports
    contenders = {
        "understudy http": ours("http", f"http://{HOST}:{port}/healthz"),
        "understudy https": ours("https", f"https://{HOST}:{tls_port}/healthz", authority),
        "bare Protocol over TLS": bare_protocol(tls_port, authority),
        "understudy tcp": ours("tcp", f"tcp:{port}"),
        "bare asyncio.Protocol": bare_protocol(port),
        "asyncio streams": streams(port),
    }
    results: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            results[name].append(await measure(run))
    medians = {name: statistics.median(times) for name, times in results.items()}
    print(f"{'probe':24}{'µs CPU/check':>14}{'checks/CPU-s':>14}{'x streams':>11}{'1,000/s takes':>15}")
    for name, cost in medians.items():
        ratio = medians["asyncio streams"] / cost
        print(f"{name:24}{cost:14.0f}{1e6 / cost:14,.0f}{ratio:11.2f}{cost / 10:13.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", choices=("http", "https"))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1] if options.serve else cores[0]})
    with tempfile.TemporaryDirectory() as folder:
        if options.serve:
            uvloop.run(serve(Path(options.serve)))
        else:
            measure_beside(Path(folder), options)


def measure_beside(folder: Path, options: argparse.Namespace) -> None:
    command = [sys.executable, __file__, "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port, tls_port = map(int, server.stdout.readline().split())
            authority = folder / "authority.pem"
            if options.profile:
                print_profile((port, tls_port), authority if options.profile == "https" else None)
            else:
                uvloop.run(compare((port, tls_port), options.rounds, authority))
        finally:
            server.terminate()


def print_profile(ports: Ports, authority: Path | None) -> None:
    with cProfile.Profile() as profile:
        uvloop.run(measure_ours(ports, authority))
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


async def measure_ours(ports: Ports, authority: Path | None) -> None:
    scheme, port = ("http", ports[0]) if authority is None else ("https", ports[1])
    await measure(ours(scheme, f"{scheme}://{HOST}:{port}/healthz", authority))


if __name__ == "__main__":
    main()
