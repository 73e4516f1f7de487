"""What the scheduler itself costs per probe: 10,000 endpoints at 10 s, with a probe that does nothing.

    python benchmarks/schedule_rate.py [--endpoints 10000] [--interval 10] [--seconds 20] [--uvloop] [--profile]

Prints microseconds of processor time per probe, and beside it what the event loop alone takes for the same tasks begun
at the same pace without any schedule: the difference is the scheduler's own. The watchdog runs.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import time

import uvloop

from understudy.clock.clock import SystemClock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.monitor.monitor import GRAIN_S, Monitor
from understudy.monitor.spread import START_SPREAD_S
from understudy.monitor.watchdog import Watchdog
from understudy.testing.builders import assignments, check, endpoint, passed

CLOCK = SystemClock()


async def nothing(_check: Check, _endpoint: Endpoint) -> Observation:
    await asyncio.sleep(0)
    return passed(CLOCK.now())


async def measure_monitor(endpoints: int, interval_s: float, seconds: float) -> tuple[int, float]:
    """Probes and processor seconds, after the start's wave."""
    monitor = Monitor("local", nothing, CLOCK, on_change=lambda _: None)
    watchdog = Watchdog(monitor, CLOCK, set_alarm=lambda _key, text, _now: print("alarm:", text or "over"))
    addresses = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(endpoints)]
    monitor.assign(assignments(addresses, check("web", interval_s=interval_s)))
    tasks = [asyncio.create_task(monitor.run()), asyncio.create_task(watchdog.run())]
    await asyncio.sleep(endpoints / 2000 + START_SPREAD_S + 1)
    started, used = monitor.statistics().started, time.process_time()
    await asyncio.sleep(seconds)
    started, used = monitor.statistics().started - started, time.process_time() - used
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return started, used


async def measure_loop(rate: float, seconds: float) -> tuple[int, float]:
    """The same tasks at the same pace, without a schedule: what they cost anyway."""
    web, target = check("web"), endpoint("192.0.2.10")
    started, debt, used = 0, 0.0, time.process_time()
    end = time.monotonic() + seconds
    tasks: set[asyncio.Task[Observation]] = set()
    while time.monotonic() < end:
        await asyncio.sleep(GRAIN_S)
        debt += rate * GRAIN_S
        while debt >= 1:
            debt -= 1
            started += 1
            task = asyncio.create_task(nothing(web, target))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    return started, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile(time.process_time) if options.profile else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if options.uvloop else None) as runner:
        if profile:
            profile.enable()
        started, used = runner.run(measure_monitor(options.endpoints, options.interval, options.seconds))
        if profile:
            profile.disable()
        bare, bare_used = runner.run(measure_loop(options.endpoints / options.interval, options.seconds / 2))
    each_us, bare_us = used / started * 1e6, bare_used / bare * 1e6
    print(f"{started} probes in {options.seconds:.0f} s: {used / options.seconds * 100:.1f} % of one core")
    print(f"{each_us:.1f} µs each; {bare_us:.1f} µs for the loop alone; {each_us - bare_us:.1f} µs are the scheduler's")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
