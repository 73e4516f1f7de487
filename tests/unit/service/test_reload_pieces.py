"""A reload of thousands of records holds nobody up: most of it is found in a thread, the rest done some at a time."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from understudy.service import pipeline
from understudy.service.decider import SLICE
from understudy.service.primary.versions import SLICE as VERSIONS
from understudy.service.reload import PROBES
from understudy.steering.decide import RecordDecision, decide_record
from understudy.testing.server_world import ServerWorld, write_settled
from understudy.testing.virtual_time import VirtualClock, run_virtual

COUNT = 1200
HEAD = (
    "listen: 127.0.0.1:0\nzones:\n  example.com: {file: example.com.zone}\nchecks:\n  web: {tcp: 80, interval: 60s}\n"
)
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"


def records(count: int, ttl: int = 30) -> str:
    """Each with an endpoint of its own."""
    lines = (f'  r{n}.example.com: {{check: web, tiers: [["2001:db8::{n:x}"]], ttl: {ttl}}}\n' for n in range(count))
    return HEAD + "records:\n" + "".join(lines)


def live(folder: Path, text: str, life: Callable[[ServerWorld], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        write_settled(folder / "example.com.zone", ZONE)
        await world.start({"understudy.yaml": text})
        await world.advance(90)
        await life(world)
        await world.end()

    run_virtual(main)


class Turns:
    """The most that came in one turn of the event loop: assignments of probes, and events."""

    def __init__(self, world: ServerWorld) -> None:
        self.probes = self.events = 0
        self._server = world.server

    async def watch(self, until: float = math.inf) -> None:
        """Until cancelled, or so many events have come; it has a turn of its own between any two of the others."""
        probes, events = self._count()
        until += events
        while events < until:
            await asyncio.sleep(0)
            before, (probes, events) = (probes, events), self._count()
            self.probes = max(self.probes, abs(probes - before[0]))
            self.events = max(self.events, events - before[1])

    def _count(self) -> tuple[int, int]:
        return len(self._server.monitor.verdicts), self._server.journal.counts.total()


async def watched(world: ServerWorld, text: str) -> Turns:
    turns = Turns(world)
    watching = asyncio.create_task(turns.watch())
    assert await world.reload(text) == ""
    watching.cancel()
    return turns


@pytest.mark.parametrize(("before", "after"), [(1, COUNT), (COUNT, 1)])
def test_what_comes_and_goes_is_probed_and_told_some_at_a_time(tmp_path: Path, before: int, after: int) -> None:
    async def life(world: ServerWorld) -> None:
        turns = await watched(world, records(after))
        assert world.server.decider.is_settled
        assert world.server.monitor.verdicts.keys() == world.server.pipeline.index.assignments.keys()
        assert 0 < turns.probes <= PROBES
        assert turns.events <= 6 * SLICE, "two of a record and one of its endpoint, for twice a slice of them"

    live(tmp_path, records(before), life)


def test_versions_of_many_zones_come_some_at_a_time(tmp_path: Path) -> None:
    zones = "".join(f"  z{n}.test: {{file: example.com.zone, transfer: {{to: [192.0.2.0/24]}}}}\n" for n in range(300))

    async def life(world: ServerWorld) -> None:
        turns = Turns(world)
        watching = asyncio.create_task(turns.watch(300))
        assert await world.reload(records(1).replace("checks:", f"{zones}checks:")) == ""
        await watching
        assert 0 < turns.events <= 2 * VERSIONS

    live(tmp_path, records(1), life)


def test_what_a_reload_makes_of_records_is_decided_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life(world: ServerWorld) -> None:
        in_the_loop: list[bool] = []

        def decide(*given: object, **named: object) -> RecordDecision:
            in_the_loop.append(threading.current_thread() is threading.main_thread())
            return decide_record(*given, **named)  # type: ignore[arg-type]  # whatever it was called with

        monkeypatch.setattr(pipeline, "decide_record", decide)
        assert await world.reload(records(COUNT, ttl=60)) == ""
        assert in_the_loop == [False] * COUNT

    live(tmp_path, records(COUNT), life)
