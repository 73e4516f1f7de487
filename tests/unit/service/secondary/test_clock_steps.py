"""The host's clock is set while the server runs: nothing expires, nothing lives longer, no serial goes back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.service.secondary.copies import read_copy
from understudy.testing.fetching import ORIGIN, SILENT, FakePrimaries, FetchingServer, fetch_virtually, version

DAY_S = 86400.0
CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2], transfer: {to: [192.0.2.53], serial: STYLE}}
records:
  www.example.com: {tiers: [[198.51.100.1], [198.51.100.2]]}
"""


def modified_at(folder: Path) -> float:
    (copy,) = folder.rglob("example.com.zone")
    return copy.stat().st_mtime


@pytest.mark.parametrize("step_s", [DAY_S, -DAY_S])
def test_the_clock_of_the_program_does_not_step(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    clock, civil = SystemClock(), time.time
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: civil() + step_s)
    assert 0 <= clock.now() - before < 60
    assert abs(clock.civil_shift_s() - step_s) < 1


@pytest.mark.parametrize("step_s", [DAY_S, -DAY_S])
def test_a_zone_is_refreshed_and_expires_as_if_the_clock_had_not_been_set(tmp_path: Path, step_s: float) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        clock = run.world.clock
        clock.civil_step_s = step_s
        asked = primaries.asked
        await asyncio.sleep(85)
        assert primaries.asked == asked
        await asyncio.sleep(10)
        assert primaries.asked > asked, "100 s after the first time"
        refreshed_at = run.world.server.fetched[ORIGIN].secondary.refreshed_at
        assert refreshed_at is not None
        assert modified_at(tmp_path) == pytest.approx(refreshed_at + step_s)
        primaries.have(SILENT)
        await asyncio.sleep(900)
        assert run.address() == "192.0.2.10"
        await asyncio.sleep(150)
        assert run.address() == "SERVFAIL"

    fetch_virtually(tmp_path, CONFIGURATION.replace("STYLE", "increment"), story, first=1)


@pytest.mark.parametrize("step_s", [DAY_S, -DAY_S])
def test_the_age_of_a_copy_is_the_same_for_a_start_after_the_clock_was_set(tmp_path: Path, step_s: float) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        clock = run.world.clock
        clock.civil_step_s = step_s
        primaries.have(version(2))
        await asyncio.sleep(120)
        primaries.have(SILENT)
        await asyncio.sleep(300)
        refreshed_at = run.world.server.fetched[ORIGIN].secondary.refreshed_at
        assert refreshed_at is not None
        age_s = clock.now() - refreshed_at
        assert age_s > 300
        definition = run.world.server.candidate.configuration.zones[ORIGIN]
        clock.start += step_s  # what the next process begins with
        clock.civil_step_s = 0.0
        copy = read_copy(definition, clock)
        assert copy is not None
        assert copy.secondary.is_served
        assert clock.now() - (copy.secondary.refreshed_at or 0) == pytest.approx(age_s)
        clock.start -= step_s
        clock.civil_step_s = step_s
        again = read_copy(definition, clock)
        assert again is not None
        assert again.secondary.refreshed_at == pytest.approx(refreshed_at)

    fetch_virtually(tmp_path, CONFIGURATION.replace("STYLE", "increment"), story, first=1)


@pytest.mark.parametrize("style", ["unixtime", "date", "increment"])
@pytest.mark.parametrize("step_s", [DAY_S, -DAY_S])
def test_serials_grow_by_the_clock_of_the_program(tmp_path: Path, style: str, step_s: float) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        versions = run.world.server.versions
        before = versions.serial_of(ORIGIN)
        run.world.clock.civil_step_s = step_s
        primaries.have(version(2, "192.0.2.20"))
        await asyncio.sleep(120)
        after = versions.serial_of(ORIGIN)
        assert before is not None
        assert after is not None
        assert 0 < after - before < 200

    fetch_virtually(tmp_path, CONFIGURATION.replace("STYLE", style), story, first=1)
