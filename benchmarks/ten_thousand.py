"""10,000 endpoints, an HTTP check each every 10 s, on one core: does the server keep its schedule?

The name server is a process of its own, pinned to one core; the web server that answers for all the loopback addresses
runs on the others. Reported: the processor time that the server needs, how late its probes start, whether all endpoints
are known, and its memory. The promise is kept if no probe is late for want of time and less than one core is used.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import describe
from benchmarks.contest.result import DOCUMENT, PAGE, add
from understudy.cli.client import Client
from understudy.testing.ports import free_port
from understudy.testing.running_server import wait_until

WEB_SERVER = """
import asyncio, sys, uvloop
PAGE = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"
class Web(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(PAGE); self.transport.close()
async def main():
    await asyncio.get_running_loop().create_server(Web, "0.0.0.0", int(sys.argv[1]), backlog=4096)
    await asyncio.sleep(float(sys.argv[2]))
uvloop.run(main())
"""
WARM_UP_S = 30.0


def write_configuration(folder: Path, endpoints: int, web_port: int) -> Path:
    lines = [f"listen: 127.0.0.1:{free_port()}", "zones:", "  example.com: {file: example.com.zone}", "checks:"]
    lines += [f'  web: {{http: "http://www.example.com:{web_port}/"}}', "records:"]
    for index in range(endpoints // 2):
        first, second = (f"127.{block}.{index // 250}.{index % 250 + 1}" for block in (3, 4))
        lines.append(f"  n{index}.example.com: {{check: web, tiers: [[{first}], [{second}]]}}")
    (folder / "example.com.zone").write_text(
        "@ 1h IN SOA ns hostmaster 1 1h 15m 1w 60\n@ 1h IN NS ns\nns 1h A 127.0.0.1\n"
    )
    file = folder / "understudy.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def reading(client: Client, metric: str) -> float:
    """The sum over all labels of one metric."""
    lines = client.text("/metrics", {}).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{metric}(\{{|\s)", line))


def measure(folder: Path, endpoints: int, seconds: float) -> dict[str, float]:
    web_port = free_port()
    file = write_configuration(folder, endpoints, web_port)
    cores = sorted(os.sched_getaffinity(0))
    others = set(cores[1:]) or set(cores)
    lifetime = str(WARM_UP_S * 4 + seconds + 60)
    with subprocess.Popen([sys.executable, "-c", WEB_SERVER, str(web_port), lifetime]) as web:
        os.sched_setaffinity(web.pid, others)
        command = [sys.executable, "-m", "understudy.cli", "serve", "-c", str(file), "--log-level", "error"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            try:
                server.stdout.readline()  # type: ignore[union-attr]  # a pipe was asked for
                os.sched_setaffinity(server.pid, {cores[0]})
                return observe(Client(folder / "state" / "understudy.sock"), server.pid, endpoints, seconds=seconds)
            finally:
                server.send_signal(signal.SIGTERM)
                web.kill()


def observe(client: Client, pid: int, endpoints: int, *, seconds: float) -> dict[str, float]:
    known = wait_until(
        lambda: (
            reading(client, "understudy_verdict_age_seconds") < 11
            and reading(client, "understudy_probes_total") > endpoints
        ),
        "every endpoint is probed",
        WARM_UP_S * 4,
    )
    time.sleep(WARM_UP_S)
    begun, used, probes = time.monotonic(), processor_s(pid), reading(client, "understudy_probes_total")
    oldest = 0.0
    while time.monotonic() < begun + seconds:
        time.sleep(2)
        oldest = max(oldest, reading(client, "understudy_verdict_age_seconds"))
    elapsed = time.monotonic() - begun
    made = reading(client, "understudy_probes_total") - probes
    share = (processor_s(pid) - used) / elapsed
    return {
        "endpoints": endpoints,
        "first_round_s": round(known, 1),
        "probes_per_s": round(made / elapsed, 1),
        "core_share": round(share, 3),
        "us_per_probe": round(share * 1e6 * elapsed / made, 1) if made else 0.0,
        "oldest_verdict_s": round(oldest, 2),
        "memory_mib": round(memory_mib(pid), 1),
    }


def section(figures: Mapping[str, float]) -> list[str]:
    """As Markdown."""
    row = (
        f"| {figures['endpoints']} | {figures['probes_per_s']} | {figures['core_share']:.0%}"
        f" | {figures['us_per_probe']} | {figures['oldest_verdict_s']} | {figures['memory_mib']} |"
    )
    return [
        "## Endpoints with an HTTP check every 10 s",
        "",
        "| endpoints | probes/s | share of one core | µs/probe | oldest verdict s | memory MiB |",
        "|---|---|---|---|---|---|",
        row,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is added")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary:
        figures = measure(Path(temporary), arguments.endpoints, arguments.seconds)
    lines = section(figures)
    add(arguments.folder, "ten_thousand", {"machine": describe(), **figures}, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")
    wanted = arguments.endpoints / 10
    if figures["probes_per_s"] < 0.97 * wanted or figures["core_share"] > 1.0:
        raise SystemExit(f"the schedule is not kept: {figures['probes_per_s']} probes/s of {wanted:.0f}")


if __name__ == "__main__":
    main()
