"""Whether one core carries 10,000 endpoints at 10 s, and what the scheduler itself costs per probe.

    python benchmarks/schedule_rate.py [--endpoints 10000] [--interval 10] [--seconds 20] [--profile]

Three measurements, in microseconds of this process's processor time per probe: real HTTP probes of that many loopback
addresses; probes that do nothing, so that the schedule is left; and the same empty tasks begun at the same pace without
a schedule, which is what the event loop takes anyway. Ends with 1 if the pace was not kept, a probe failed, or one core
was full.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import uvloop

from understudy.checks.probe import probe
from understudy.checks.registry import parse_text
from understudy.clock.clock import SystemClock
from understudy.model.check import Check, Schedule
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.monitor.monitor import GRAIN_S, Monitor, Probe
from understudy.monitor.spread import START_SPREAD_S
from understudy.monitor.tally import Statistics
from understudy.monitor.watchdog import Watchdog
from understudy.testing.builders import assignments, endpoint, passed

CLOCK = SystemClock()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nready\n"
START_MAX_S = 90  # what a start may take on a busy machine


class Web(asyncio.Protocol):
    """Answers every request at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, _: bytes) -> None:
        self.transport.write(RESPONSE)  # type: ignore[attr-defined]  # uvloop's is a Transport without saying so
        self.transport.close()


async def serve() -> None:
    """Listen wherever this host has an address, since all of 127.0.0.0/8 is asked; says its port, ends with stdin."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Web, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


async def nothing(_check: Check, _endpoint: Endpoint) -> Observation:
    await asyncio.sleep(0)
    return passed(CLOCK.now())


@dataclass(frozen=True)
class Load:
    endpoints: int
    interval_s: float
    seconds: float

    @property
    def rate(self) -> float:
        return self.endpoints / self.interval_s


async def measure_monitor(load: Load, run_probe: Probe, text: str) -> tuple[Statistics, float]:
    """What was counted within `load.seconds` after the start's wave, and the processor seconds that it took."""
    monitor = Monitor("local", run_probe, CLOCK, on_change=lambda _: None)
    watchdog = Watchdog(monitor, CLOCK, set_alarm=lambda _key, alarm, _now: print("alarm:", alarm or "over"))
    kind, settings = parse_text(text)
    web = Check("web", kind, settings, Schedule(interval_s=load.interval_s))
    addresses = [f"127.1.{index // 250}.{index % 250 + 1}" for index in range(load.endpoints)]
    monitor.assign(assignments(addresses, web))
    tasks = [asyncio.create_task(monitor.run()), asyncio.create_task(watchdog.run())]
    await asyncio.sleep(START_SPREAD_S + 1)
    async with asyncio.timeout(START_MAX_S):
        while monitor.statistics().queued:  # noqa: ASYNC110  # a monitor has no event for it, and needs none
            await asyncio.sleep(1)
    before, used = monitor.statistics(), time.process_time()
    await asyncio.sleep(load.seconds)
    after, used = monitor.statistics(), time.process_time() - used
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return _difference(before, after), used


def _difference(before: Statistics, after: Statistics) -> Statistics:
    totals = ("started", "rechecks", "passed", "failed", "inconclusive", "late", "overrun", "abandoned")
    counted = {name: getattr(after, name) - getattr(before, name) for name in totals}
    present = {name: getattr(after, name) for name in (each.name for each in fields(Statistics)) if name not in totals}
    return Statistics(**present, **counted)


async def measure_loop(load: Load) -> float:
    """Seconds per task of the same empty tasks at the same pace, without a schedule."""
    kind, settings = parse_text("tcp:80")
    web, target = Check("web", kind, settings), endpoint("127.1.0.1")
    started, debt, used = 0, 0.0, time.process_time()
    end = time.monotonic() + load.seconds / 2
    tasks: set[asyncio.Task[Observation]] = set()
    while time.monotonic() < end:
        await asyncio.sleep(GRAIN_S)
        debt += load.rate * GRAIN_S
        while debt >= 1:
            debt -= 1
            started += 1
            task = asyncio.create_task(nothing(web, target))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    return (time.process_time() - used) / started


def measure(load: Load, *, is_profiled: bool) -> int:
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            text = f"http://www.example.com:{port}/healthz"
            web, web_s = runner.run(measure_monitor(load, partial(probe, clock=CLOCK), text))
            scheduled = profiled(lambda: runner.run(measure_monitor(load, nothing, text)), is_profiled=is_profiled)
            bare_s = runner.run(measure_loop(load))
        server.communicate("")
    share, each_s = web_s / load.seconds, scheduled[1] / scheduled[0].started
    print(f"{load.endpoints} endpoints at {load.interval_s:g} s, {load.seconds:g} s each, uvloop")
    print(f"HTTP probes   {web.started} begun, {web.failed} failed, {web.inconclusive} inconclusive, {web.late} late")
    print(f"              {web_s / web.started * 1e6:.0f} µs each, {share:.0%} of one core")
    print(f"empty probes  {each_s * 1e6:.0f} µs each; the loop alone {bare_s * 1e6:.0f} µs")
    print(f"the scheduler {(each_s - bare_s) * 1e6:.0f} µs each, {(each_s - bare_s) * load.rate:.1%} of one core")
    kept_pace = web.started >= load.rate * load.seconds * 0.98
    return 0 if kept_pace and not (web.failed or web.inconclusive) and share < 1 else 1


def profiled(run: Callable[[], tuple[Statistics, float]], *, is_profiled: bool) -> tuple[Statistics, float]:
    if not is_profiled:
        return run()
    profile = cProfile.Profile(time.process_time)
    result = profile.runcall(run)
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve())
        return 0
    return measure(Load(options.endpoints, options.interval, options.seconds), is_profiled=options.profile)


if __name__ == "__main__":
    sys.exit(main())
