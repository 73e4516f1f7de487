from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import VerdictState
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.testing.builders import assignments, check, passed, probe_key
from understudy.testing.fake_network import FakeNetwork
from understudy.testing.probing import ProbingWorld, probe_virtually
from understudy.testing.virtual_time import VirtualClock, run_virtual

ONE, OTHER = probe_key("192.0.2.10"), probe_key("192.0.2.11")
WEB = check("web")


def test_an_endpoint_that_passes_is_up_within_2_s() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        assert world.state("192.0.2.10") is VerdictState.UNKNOWN
        await world.until(2.1)
        assert world.state("192.0.2.10") is VerdictState.UP
        assert [(change.before.state, change.after.state) for change in world.changes] == [("unknown", "up")]

    probe_virtually(story)


def test_a_failure_is_confirmed_by_two_rechecks_a_second_apart() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        world.behave("192.0.2.10", "refuses")
        await world.until(75)
        assert world.states() == ["up", "suspect", "down"]
        suspected, down = (change.after for change in world.changes[1:])
        assert suspected.since - world.clock.start <= 60 + 11.1
        assert down.since - suspected.since == pytest.approx(2.04, abs=0.011)
        assert down.reason == "connect.refused"
        probes = [at for at in world.probes_of("192.0.2.10") if at > 60]
        assert [round(after - before, 1) for before, after in pairwise(probes[:3])] == [1.0, 1.0]

    probe_virtually(story)


def test_a_recovery_is_confirmed_at_the_normal_interval() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(30)
        assert world.state("192.0.2.10") is VerdictState.DOWN
        world.behave("192.0.2.10", "up")
        await world.until(70)
        assert world.states() == ["down", "recovering", "up"]
        recovering, up = (change.after.since for change in world.changes[1:])
        assert 18 <= up - recovering <= 22

    probe_virtually(story)


def test_failing_from_the_start_is_confirmed_quickly_too() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(4.2)
        assert world.state("192.0.2.10") is VerdictState.DOWN

    probe_virtually(story)


def test_there_is_never_more_than_one_probe_of_a_key() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "silent")
        world.monitor.assign({ONE: check("web", interval_s=1.0, timeout_s=2.5)})
        await world.until(60)
        assert all(after - before >= 2.5 for before, after in pairwise(world.probes_of("192.0.2.10")))

    probe_virtually(story)


def test_a_thousand_first_probes_are_spread_over_2_s() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign(assignments([f"10.0.{i // 250}.{i % 250}" for i in range(1000)], WEB))
        await world.until(2.1)
        per_tenth = Counter(int((at - world.clock.start) * 10) for at, _, _ in world.network.probes)
        assert len({each for _, each, _ in world.network.probes}) == 1000
        assert len(world.network.probes) < 1020
        assert max(per_tenth.values()) < 100

    probe_virtually(story)


def test_routine_probes_keep_their_interval_for_an_hour() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(3600)
        probes = world.probes_of("192.0.2.10")
        assert 360 <= len(probes) <= 362
        assert all(8.9 < after - before < 11.1 for before, after in pairwise(probes[1:]))

    probe_virtually(story)


def test_a_bug_in_a_check_is_inconclusive_and_stops_nobody() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "buggy")
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        await world.until(30)
        assert world.state("192.0.2.10") is VerdictState.UNKNOWN
        assert world.state("192.0.2.11") is VerdictState.UP
        last = world.monitor.last(ONE)[-1]
        assert (last.outcome, last.reason) == (Outcome.INCONCLUSIVE, "monitor.bug")
        assert "ZeroDivisionError" in last.text

    probe_virtually(story)


def test_a_probe_that_cancels_itself_does_not_end_its_key() -> None:
    async def main(clock: VirtualClock) -> int:
        async def cancels_itself(probed: Check, target: Endpoint) -> Observation:
            raise asyncio.CancelledError

        changes: list[VerdictChange] = []
        monitor = Monitor("local", cancels_itself, clock, on_change=changes.append)
        task = asyncio.create_task(monitor.run())
        monitor.assign({ONE: WEB})
        await clock.sleep(60)
        task.cancel()
        await asyncio.wait([task])
        return monitor.statistics().inconclusive

    assert run_virtual(main) >= 6


def test_the_last_observations_are_kept_and_no_more() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(200)
        observations = world.monitor.last(ONE)
        assert len(observations) == 5
        assert list(observations) == sorted(observations, key=lambda each: each.at)
        assert observations[-1].at - world.clock.start > 185

    probe_virtually(story)


def test_a_fault_of_the_next_stage_ends_the_run() -> None:
    async def main(clock: VirtualClock) -> None:
        def refuse(change: VerdictChange) -> None:
            raise ZeroDivisionError(str(change.key))

        monitor = Monitor("local", FakeNetwork(clock).probe, clock, on_change=refuse)
        monitor.assign({ONE: WEB})
        await monitor.run()

    with pytest.raises(ZeroDivisionError, match=r"192\.0\.2\.10 by web"):
        run_virtual(main)


def test_a_probe_that_ends_at_once_is_no_special_case() -> None:
    async def main(clock: VirtualClock) -> VerdictState:
        async def instant(probed: Check, target: Endpoint) -> Observation:
            return passed(clock.now())

        changes: list[VerdictChange] = []
        monitor = Monitor("local", instant, clock, on_change=changes.append)
        task = asyncio.create_task(monitor.run())
        monitor.assign({ONE: check("web", interval_s=0.1)})
        await clock.sleep(10)
        task.cancel()
        await asyncio.wait([task])
        assert 95 <= monitor.statistics().passed <= 102
        return monitor.verdicts[ONE].state

    assert run_virtual(main) is VerdictState.UP
