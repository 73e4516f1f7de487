from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable

import pytest

from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.model.verdict import LOCAL_MONITOR
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.monitor.watchdog import Watchdog
from understudy.service.pipeline import Pipeline
from understudy.testing.builders import configuration, endpoint, failed, passed, pool, record
from understudy.testing.virtual_time import VirtualClock, run_virtual

ENDPOINTS = 1000
HALF_CYCLE_S = 300.0
WARM_S, END_S = 1800.0, 3600.0  # as long as falls are remembered, twice


class FlappingWorld:
    """1,000 endpoints in 500 records; each fails for five minutes of every ten, the second five for every other one."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        addresses = [f"10.0.{index // 250}.{index % 250}" for index in range(ENDPOINTS)]
        self._offsets = {endpoint(address): index for index, address in enumerate(addresses)}
        pools = [pool(f"pool-{index}", address) for index, address in enumerate(addresses)]
        records = [
            record(f"r{index}.example.com", f"pool-{index}", f"pool-{index + 1}") for index in range(0, ENDPOINTS, 2)
        ]
        self.monitor = Monitor(LOCAL_MONITOR, self._probe, clock, on_change=self._hear)
        self.watchdog = Watchdog(self.monitor, clock, set_alarm=lambda _key, _text, _now: None)
        self.pipeline = Pipeline(configuration(records=records, pools=pools), {LOCAL_MONITOR: self.monitor.verdicts})
        self.monitor.assign(self.pipeline.index.assignments)
        self.changes = 0

    async def _probe(self, _check: Check, target: Endpoint) -> Observation:
        now = self.clock.now()
        half_cycles = int((now - self.clock.start) / HALF_CYCLE_S + self._offsets[target] * 0.618)
        return passed(now) if half_cycles % 2 == 0 else failed(now)

    def _hear(self, change: VerdictChange) -> None:
        self.changes += 1
        self.pipeline.note(change.key)

    async def settle(self) -> None:
        while True:
            await self.clock.sleep(1.0)
            self.pipeline.settle(self.clock.now(), sys.maxsize)


def count_blocks() -> int:
    """Blocks that Python has allocated, garbage collected first."""
    gc.collect()
    return sys.getallocatedblocks()


def count_by_type() -> dict[str, int]:
    found: dict[str, int] = {}
    for each in gc.get_objects():
        found[type(each).__qualname__] = found.get(type(each).__qualname__, 0) + 1
    return found


async def live(world: FlappingWorld, look: Callable[[], None]) -> None:
    tasks = [
        asyncio.create_task(world.monitor.run()),
        asyncio.create_task(world.watchdog.run()),
        asyncio.create_task(world.settle()),
    ]
    for instant in (WARM_S, END_S):
        await world.clock.sleep_until(world.clock.start + instant)
        look()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.mark.timeout(240)
def test_memory_does_not_grow_while_a_thousand_endpoints_flap_for_an_hour() -> None:
    blocks: list[int] = []
    types: list[dict[str, int]] = []

    async def main(clock: VirtualClock) -> int:
        world = FlappingWorld(clock)

        def look() -> None:
            types.append(count_by_type())
            blocks.append(count_blocks())

        await live(world, look)
        return world.changes

    changes = run_virtual(main)
    assert changes > ENDPOINTS * 2 * END_S / HALF_CYCLE_S * 0.9  # they did flap: two states entered at each change
    warm, end = blocks
    grown = {name: count - types[0].get(name, 0) for name, count in types[1].items()}
    worst = sorted(grown.items(), key=lambda item: -item[1])[:5]
    assert end < warm * 1.03, f"{warm} blocks grew to {end}; most of them: {worst}"
