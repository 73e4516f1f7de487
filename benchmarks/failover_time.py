"""From the death of an endpoint's listener to the changed answer: the distribution over many kills.

Each record has a primary and a backup on loopback addresses of its own. The primaries' listeners are closed at
instants spread over two intervals, so that every phase of the schedule is met, and the name server is asked for each
name until its answer changes. The server is a process of its own, started as anybody would.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import describe
from benchmarks.contest.result import DOCUMENT, PAGE, add
from understudy.testing.ports import free_port

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
LOOK_S = 0.02
GIVE_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration of the schedule, and the bound that its 99th percentile must keep."""

    name: str
    schedule: str
    interval_s: float
    p99_s: float


CASES = {
    "defaults": Case("defaults (10 s, recheck 1 s, fall 3)", "", 10.0, 13.0),
    "fast": Case("interval 1 s, recheck 250 ms, fall 2", ", interval: 1s, recheck_interval: 250ms, fall: 2", 1.0, 1.6),
}


@dataclass(slots=True)
class Stage:
    """The loopback world of one run."""

    count: int
    web_port: int
    dns_port: int
    listeners: dict[int, asyncio.Server] = field(default_factory=dict)
    connections: dict[int, set[asyncio.StreamWriter]] = field(default_factory=dict)


def primary(index: int) -> str:
    return f"127.1.{index // 200}.{index % 200 + 1}"


def backup(index: int) -> str:
    return f"127.2.{index // 200}.{index % 200 + 1}"


def name(index: int) -> str:
    return f"n{index}.example.com"


async def listen(stage: Stage, index: int, address: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(RESPONSE)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, address, stage.web_port)
    if address == primary(index):
        stage.listeners[index] = server


def write_configuration(folder: Path, stage: Stage, case: Case) -> Path:
    lines = [f"listen: 127.0.0.1:{stage.dns_port}", "zones:", "  example.com: {file: example.com.zone}", "checks:"]
    lines.append(f'  web: {{http: "http://www.example.com:{stage.web_port}/"{case.schedule}}}')
    lines.append("records:")
    lines += [
        f"  {name(index)}: {{check: web, tiers: [[{primary(index)}], [{backup(index)}]]}}"
        for index in range(stage.count)
    ]
    (folder / "example.com.zone").write_text(
        "$TTL 1h\n@ IN SOA ns hostmaster 1 1h 15m 1w 60\n  IN NS ns\nns IN A 127.0.0.1\n"
    )
    file = folder / "understudy.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def query(index: int) -> bytes:
    labels = b"".join(struct.pack("B", len(part)) + part for part in name(index).encode().split(b"."))
    return struct.pack("!HHHHHH", index + 1, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


class Watch(asyncio.DatagramProtocol):
    """Notes for each name what is answered and when that changed."""

    def __init__(self, count: int) -> None:
        self.answers: list[bytes] = [b""] * count
        self.ttls: list[int] = [0] * count
        self.moved_at: dict[int, float] = {}

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002  # the protocol's signature
        index = struct.unpack_from("!H", data)[0] - 1
        self.answers[index], self.ttls[index] = data[-4:], struct.unpack_from("!I", data, len(data) - 10)[0]
        if index not in self.moved_at and data[-4:] == socket.inet_aton(backup(index)):
            self.moved_at[index] = time.monotonic()


async def run_case(case: Case, count: int) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary:
        stage = Stage(count, free_port(), free_port())
        file = write_configuration(Path(temporary), stage, case)
        for index in range(count):
            await listen(stage, index, primary(index))
            await listen(stage, index, backup(index))
        command = [sys.executable, "-m", "understudy.cli", "serve", "-c", str(file), "--log-level", "error"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:  # noqa: ASYNC220  # once, before the clock runs
            try:
                await asyncio.to_thread(server.stdout.readline)  # type: ignore[union-attr]  # it was started with a pipe
                return await kill_all(case, stage)
            finally:
                server.send_signal(signal.SIGTERM)


async def kill_all(case: Case, stage: Stage) -> list[float]:
    loop = asyncio.get_running_loop()
    transport, watch = await loop.create_datagram_endpoint(
        lambda: Watch(stage.count), remote_addr=("127.0.0.1", stage.dns_port)
    )
    asking = asyncio.create_task(ask_for_ever(transport, stage.count))
    try:
        await settle(watch, stage, case)
        killed_at = await kill_in_turn(case, stage)
        await until_all_moved(watch, stage)
        missing = stage.count - len(watch.moved_at)
        if missing:
            raise SystemExit(f"{missing} of {stage.count} names did not move within {GIVE_UP_S:.0f} s")
        return [watch.moved_at[index] - killed_at[index] for index in range(stage.count)]
    finally:
        asking.cancel()
        transport.close()


async def until_all_moved(watch: Watch, stage: Stage) -> None:
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        if len(watch.moved_at) == stage.count or time.monotonic() > deadline:
            return
        await asyncio.sleep(LOOK_S)


async def ask_for_ever(transport: asyncio.DatagramTransport, count: int) -> None:
    queries = [query(index) for index in range(count)]
    while True:
        for each in queries:
            transport.sendto(each)
        await asyncio.sleep(LOOK_S)


async def settle(watch: Watch, stage: Stage, case: Case) -> None:
    """Until every name answers its primary with its full TTL: both endpoints are known to be up."""
    deadline = time.monotonic() + 3 * case.interval_s + GIVE_UP_S
    expected = [socket.inet_aton(primary(index)) for index in range(stage.count)]
    while watch.answers != expected or min(watch.ttls) < 30:  # what is waited for is another process
        if time.monotonic() > deadline:
            raise SystemExit("the names do not settle on their primaries")
        await asyncio.sleep(0.1)
    await asyncio.sleep(case.interval_s)
    watch.moved_at.clear()


async def kill_in_turn(case: Case, stage: Stage) -> dict[int, float]:
    """Close the listeners in random order at even distances over two intervals."""
    killed_at = {}
    order = random.sample(range(stage.count), stage.count)
    begun = time.monotonic()
    for position, index in enumerate(order):
        await asyncio.sleep(max(0.0, begun + position * 2 * case.interval_s / stage.count - time.monotonic()))
        stage.listeners[index].close()
        killed_at[index] = time.monotonic()
    return killed_at


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(case: Case, times: list[float]) -> dict[str, object]:
    p99 = percentile(times, 0.99)
    figures: dict[str, object] = {
        "case": case.name,
        "kills": len(times),
        "min_s": round(min(times), 3),
        "p50_s": round(statistics.median(times), 3),
        "p90_s": round(percentile(times, 0.90), 3),
        "p99_s": round(p99, 3),
        "max_s": round(max(times), 3),
        "bound_p99_s": case.p99_s,
        "holds": p99 <= case.p99_s,
    }
    print(f"\n{case.name}: {len(times)} kills, p99 {p99:.2f} s (bound {case.p99_s} s)")
    low, high = min(times), max(times)
    step = (high - low) / 12 or 1
    for row in range(12):
        edge = low + row * step
        hits = sum(edge <= value < edge + step or (row == 11 and value == high) for value in times)
        print(f"  {edge:6.2f} s  {'#' * hits}")
    return figures


def section(figures: Sequence[Mapping[str, object]]) -> list[str]:
    """As Markdown."""
    rows = (
        f"| {each['case']} | {each['kills']} | {each['p50_s']} | {each['p90_s']} | {each['p99_s']} | {each['max_s']} "
        f"| {each['bound_p99_s']} |"
        for each in figures
    )
    head = "| case | kills | p50 s | p90 s | p99 s | longest s | p99 at most s |"
    return ["## From the death of a listener to the changed answer", "", head, "|---|---|---|---|---|---|---|", *rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--case", choices=[*CASES, "all"], default="all")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is added")
    arguments = parser.parse_args()
    chosen = CASES.values() if arguments.case == "all" else [CASES[arguments.case]]
    figures = [report(case, asyncio.run(run_case(case, arguments.kills))) for case in chosen]
    lines = section(figures)
    add(arguments.folder, "failover_time", {"machine": describe(), "cases": figures}, section=lines)
    print("\n" + "\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")
    if not all(each["holds"] for each in figures):
        raise SystemExit("a bound is not kept")


if __name__ == "__main__":
    main()
