"""A whole name server through an hour of a thousand flapping endpoints."""

import asyncio
import gc
import os
import sys
from pathlib import Path

import pytest

from understudy.engine import Engine
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.service.candidate import read_candidate
from understudy.service.desk import Desk
from understudy.service.name_server import NameServer
from understudy.service.operations import StatusQuestion
from understudy.service.parts import Parts
from understudy.service.reload import log_start
from understudy.service.supervise import Supervisor
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.builders import failed, passed
from understudy.testing.memory_store import MemoryDisk, MemoryStore
from understudy.testing.virtual_time import VirtualClock, run_virtual

RECORDS = 500
HALF_CYCLE_S = 300.0
WARM_S, END_S = 1900.0, 3600.0  # falls are remembered for half an hour
HISTORY_MAX = 3000  # full long before the first look

ZONE = "$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = (
    "listen: 127.0.0.1:0\n"
    "zones: {example.com: {file: example.com.zone}}\n"
    "checks: {web: {tcp: 80, interval: 30s, recheck_interval: 2s}}\n"
    "records:\n"
    + "".join(
        f"  r{number}.example.com: {{check: web, tiers: [[10.0.{number // 250}.{number % 250}], "
        f"[10.1.{number // 250}.{number % 250}]]}}\n"
        for number in range(RECORDS)
    )
)


async def serve(server: NameServer, clock: VirtualClock, leave: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        supervisor = Supervisor(group, clock, server.note_fault)
        server.run_in(supervisor)
        await leave.wait()
        supervisor.end()


def count_blocks() -> int:
    """Blocks that Python has allocated, garbage collected first."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.timeout(900)  # 40 s of processor time, of which a busy machine may give a tenth
def test_a_servers_memory_does_not_grow_while_a_thousand_endpoints_flap_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.testing.memory_store._HISTORY_MAX", HISTORY_MAX)
    (tmp_path / "understudy.yaml").write_text(CONFIGURATION)
    (tmp_path / "example.com.zone").write_text(ZONE)
    blocks: list[int] = []
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115  # closed by whoever logs

    async def main(clock: VirtualClock) -> int:
        async def probe(_check: Check, target: Endpoint) -> Observation:
            now = clock.now()
            half_cycles = int((now - clock.start) / HALF_CYCLE_S + int(target.rdata[-1]) / 256)
            return passed(now) if half_cycles % 2 == 0 else failed(now)

        candidate = read_candidate(tmp_path / "understudy.yaml", clock.now())
        candidate.require_faultless()
        with nowhere:
            log = make_log(LogLevel.DEBUG, LogStyle.JSON, nowhere)
            disk = MemoryDisk()
            server = NameServer(candidate, Parts(clock, Engine([]), MemoryStore(disk), log, probe))
            server.begin()
            await log_start(server)
            leave = asyncio.Event()
            life = asyncio.ensure_future(serve(server, clock, leave))
            for instant in (WARM_S, END_S):
                await clock.sleep_until(clock.start + instant)
                await Desk(server).status(StatusQuestion())
                blocks.append(count_blocks())
            leave.set()
            await life
            server.engine.stop()
            return disk.sequence

    told = run_virtual(main)
    assert told > HISTORY_MAX * 5, "they did flap, and the history was full at the first look"
    warm, end = blocks
    assert end < warm * 1.03, f"{warm} blocks grew to {end}"
