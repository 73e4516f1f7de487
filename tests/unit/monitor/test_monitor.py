from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from understudy.model.check import Check, Quorum, QuorumRule
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation, Outcome
from understudy.model.verdict import VerdictState
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.testing.builders import assignments, check, endpoint, passed, probe_key, verdict
from understudy.testing.fake_network import FakeNetwork
from understudy.testing.virtual_time import VirtualClock, run_virtual

ONE, OTHER = probe_key("192.0.2.10"), probe_key("192.0.2.11")
WEB = check("web")


@dataclass
class World:
    clock: VirtualClock
    network: FakeNetwork
    monitor: Monitor
    changes: list[VerdictChange] = field(default_factory=list)

    async def until(self, offset_s: float) -> None:
        await self.clock.sleep_until(self.clock.start + offset_s)

    def probes_of(self, address: str) -> list[float]:
        return [at - self.clock.start for at, each, _ in self.network.probes if each == endpoint(address)]

    def state(self, address: str = "192.0.2.10") -> VerdictState:
        return self.monitor.verdicts[probe_key(address)].state


@asynccontextmanager
async def running(clock: VirtualClock, limits: Limits | None = None) -> AsyncIterator[World]:
    network = FakeNetwork(clock)
    changes: list[VerdictChange] = []
    monitor = Monitor("local", network.probe, clock, on_change=changes.append, limits=limits)
    task = asyncio.create_task(monitor.run())
    try:
        yield World(clock, network, monitor, changes)
    finally:
        network.release()
        task.cancel()
        await asyncio.wait([task])


def in_virtual_time(story: Callable[[World], Awaitable[None]], limits: Limits | None = None) -> None:
    async def main(clock: VirtualClock) -> None:
        async with running(clock, limits) as world:
            await story(world)

    run_virtual(main)


def test_an_endpoint_that_passes_is_up_within_2_s() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        assert world.state() is VerdictState.UNKNOWN
        await world.until(2.1)
        assert world.state() is VerdictState.UP
        assert [(change.before.state, change.after.state) for change in world.changes] == [("unknown", "up")]

    in_virtual_time(story)


def test_a_failure_is_confirmed_by_two_rechecks_a_second_apart() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        world.network.set(ONE.endpoint, "refuses")
        await world.until(75)
        assert [change.after.state for change in world.changes] == ["up", "suspect", "down"]
        suspected, down = (change.after for change in world.changes[1:])
        assert suspected.since - world.clock.start <= 60 + 11.1
        assert down.since - suspected.since == pytest.approx(2.04, abs=0.011)
        assert down.reason == "connect.refused"
        probes = [at for at in world.probes_of("192.0.2.10") if at > 60]
        assert [round(after - before, 1) for before, after in pairwise(probes[:3])] == [1.0, 1.0]

    in_virtual_time(story)


def test_a_recovery_is_confirmed_at_the_normal_interval() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(30)
        assert world.state() is VerdictState.DOWN
        world.network.set(ONE.endpoint, "up")
        await world.until(70)
        assert [change.after.state for change in world.changes] == ["down", "recovering", "up"]
        recovering, up = (change.after.since for change in world.changes[1:])
        assert 18 <= up - recovering <= 22

    in_virtual_time(story)


def test_failing_from_the_start_is_confirmed_quickly_too() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(4.2)
        assert world.state() is VerdictState.DOWN

    in_virtual_time(story)


def test_there_is_never_more_than_one_probe_of_a_key() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "silent")
        world.monitor.assign({ONE: check("web", interval_s=1.0, timeout_s=2.5)})
        await world.until(60)
        assert all(after - before >= 2.5 for before, after in pairwise(world.probes_of("192.0.2.10")))

    in_virtual_time(story)


def test_a_thousand_first_probes_are_spread_over_2_s() -> None:
    async def story(world: World) -> None:
        world.monitor.assign(assignments([f"10.0.{i // 250}.{i % 250}" for i in range(1000)], WEB))
        await world.until(2.1)
        per_tenth = Counter(int((at - world.clock.start) * 10) for at, _, _ in world.network.probes)
        assert len({each for _, each, _ in world.network.probes}) == 1000
        assert len(world.network.probes) < 1020
        assert max(per_tenth.values()) < 100

    in_virtual_time(story)


def test_routine_probes_keep_their_interval_for_an_hour() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(3600)
        probes = world.probes_of("192.0.2.10")
        assert 360 <= len(probes) <= 362
        assert all(8.9 < after - before < 11.1 for before, after in pairwise(probes[1:]))

    in_virtual_time(story)


def test_what_stays_keeps_its_verdict_and_its_rhythm_through_a_reload() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(30)
        before = world.monitor.verdicts[ONE]
        world.monitor.assign({ONE: replace(WEB, quorum=Quorum(QuorumRule.ANY)), OTHER: WEB})
        assert world.monitor.verdicts[ONE] is before
        probes = len(world.probes_of("192.0.2.10"))
        await world.until(60)
        assert len(world.probes_of("192.0.2.10")) - probes == 3
        assert world.state("192.0.2.11") is VerdictState.UP

    in_virtual_time(story)


def test_a_changed_check_keeps_its_verdict_and_is_probed_anew_at_once() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(10)
        assert world.state() is VerdictState.DOWN
        world.network.set(ONE.endpoint, "up")
        world.monitor.assign({ONE: check("web", "another page", rise=1)})
        assert world.state() is VerdictState.DOWN
        await world.until(12.1)
        assert world.state() is VerdictState.UP

    in_virtual_time(story)


def test_evidence_by_the_old_definition_does_not_count_for_the_new_one() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "silent")
        world.monitor.assign({ONE: check("web", timeout_s=5.0, fall=1)})
        await world.until(2.1)
        assert world.monitor.statistics().running == 1
        world.network.set(ONE.endpoint, "up")
        world.monitor.assign({ONE: check("web", "another page", fall=1)})
        await world.until(9)
        assert [change.after.state for change in world.changes] == ["up"]

    in_virtual_time(story)


def test_what_goes_away_stops_at_once_and_its_probe_is_cancelled() -> None:
    cancelled: list[Endpoint] = []

    async def endless(probed: Check, target: Endpoint) -> Observation:
        try:
            await asyncio.sleep(1000)
        finally:
            cancelled.append(target)
        raise AssertionError

    async def main(clock: VirtualClock) -> None:
        changes: list[VerdictChange] = []
        monitor = Monitor("local", endless, clock, on_change=changes.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(monitor.run())
            monitor.assign({ONE: WEB, OTHER: WEB})
            await clock.sleep(2.1)
            monitor.assign({OTHER: WEB})
            await asyncio.sleep(0)
            assert cancelled == [ONE.endpoint]
            assert set(monitor.table()) == {OTHER}
            assert monitor.last(ONE) == ()
            task.cancel()
        assert set(cancelled) == {ONE.endpoint, OTHER.endpoint}
        assert changes == []

    run_virtual(main)


def test_restored_verdicts_hold_until_there_is_evidence() -> None:
    async def story(world: World) -> None:
        old = verdict("down", since=world.clock.start - 5000)
        world.monitor.restore({ONE: old, probe_key("192.0.2.99"): old})
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        assert world.monitor.table()[ONE] == old
        assert set(world.monitor.table()) == {ONE, OTHER}
        await world.until(2.1)
        assert world.state() is VerdictState.RECOVERING

    in_virtual_time(story)


def test_restoring_after_assigning_is_the_same_and_spares_what_was_probed() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(2.1)
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        world.monitor.restore({ONE: verdict("down"), OTHER: verdict("down")})
        assert (world.state("192.0.2.10"), world.state("192.0.2.11")) == (VerdictState.UP, VerdictState.DOWN)

    in_virtual_time(story)


def test_a_restored_verdict_from_the_future_counts_from_now() -> None:
    async def story(world: World) -> None:
        world.monitor.restore({ONE: verdict("up", since=world.clock.start + 1e6)})
        world.monitor.assign({ONE: WEB})
        restored = world.monitor.table()[ONE]
        assert (restored.since, restored.refreshed_at) == (world.clock.start, world.clock.start)

    in_virtual_time(story)


def test_a_bug_in_a_check_is_inconclusive_and_stops_nobody() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "buggy")
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        await world.until(30)
        assert world.state() is VerdictState.UNKNOWN
        assert world.state("192.0.2.11") is VerdictState.UP
        last = world.monitor.last(ONE)[-1]
        assert (last.outcome, last.reason) == (Outcome.INCONCLUSIVE, "monitor.bug")
        assert "ZeroDivisionError" in last.text

    in_virtual_time(story)


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
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(200)
        observations = world.monitor.last(ONE)
        assert len(observations) == 5
        assert list(observations) == sorted(observations, key=lambda each: each.at)
        assert observations[-1].at - world.clock.start > 185

    in_virtual_time(story)


def test_a_fault_of_the_next_stage_ends_the_run() -> None:
    async def main(clock: VirtualClock) -> None:
        def refuse(change: VerdictChange) -> None:
            raise ZeroDivisionError(str(change.key))

        monitor = Monitor("local", FakeNetwork(clock).probe, clock, on_change=refuse)
        monitor.assign({ONE: WEB})
        await monitor.run()

    with pytest.raises(ZeroDivisionError, match=r"192\.0\.2\.10 by web"):
        run_virtual(main)


def test_a_run_that_was_ended_can_be_begun_again() -> None:
    async def main(clock: VirtualClock) -> list[VerdictState]:
        network = FakeNetwork(clock)
        network.set(ONE.endpoint, "silent")
        changes: list[VerdictChange] = []
        monitor = Monitor("local", network.probe, clock, on_change=changes.append)
        monitor.assign({ONE: WEB})
        states = []
        for _ in range(2):
            task = asyncio.create_task(monitor.run())
            await clock.sleep(2.1)
            task.cancel()
            await asyncio.wait([task])
            states.append(monitor.verdicts[ONE].state)
            network.set(ONE.endpoint, "up")
        return states

    assert run_virtual(main) == ["unknown", "up"]


def test_over_the_rate_probes_are_late_and_counted_but_none_is_dropped() -> None:
    async def story(world: World) -> None:
        world.monitor.assign(assignments([f"10.0.0.{i}" for i in range(100)], WEB))
        await world.until(4)
        assert 40 <= len(world.network.probes) <= 42
        assert world.monitor.statistics().queued >= 100 - len(world.network.probes)
        await world.until(10.5)
        assert {each for _, each, _ in world.network.probes} == {endpoint(f"10.0.0.{i}") for i in range(100)}
        statistics = world.monitor.statistics()
        assert statistics.late > 80
        assert 7 < statistics.late_max_s < 9.1

    in_virtual_time(story, Limits(rate_max=10.0))


def test_rechecks_go_before_routine_probes() -> None:
    async def story(world: World) -> None:
        world.network.set(ONE.endpoint, "refuses")
        fleet = [f"10.0.0.{i}" for i in range(200)]
        world.monitor.assign({ONE: WEB} | assignments(fleet, WEB))
        await world.until(30)
        assert world.monitor.statistics().queued > 50
        first, second, third = world.probes_of("192.0.2.10")[:3]
        assert second - first == pytest.approx(1.1, abs=0.15)
        assert third - second == pytest.approx(1.1, abs=0.15)

    in_virtual_time(story, Limits(rate_max=10.0))


def test_many_checks_on_one_endpoint_keep_its_own_rate() -> None:
    async def story(world: World) -> None:
        checks = [check(f"check-{i}", interval_s=1.0) for i in range(50)]
        world.monitor.assign(assignments(["192.0.2.10"], *checks) | {OTHER: check("web", interval_s=1.0)})
        await world.until(20)
        assert 195 <= len(world.probes_of("192.0.2.10")) <= 206
        assert {name for _, each, name in world.network.probes if each == ONE.endpoint} == {c.name for c in checks}
        assert len(world.probes_of("192.0.2.11")) >= 19

    in_virtual_time(story, Limits(endpoint_rate_max=10.0))


def test_no_more_than_running_max_probes_run_at_once() -> None:
    async def story(world: World) -> None:
        addresses = [f"10.0.0.{i}" for i in range(20)]
        for address in addresses:
            world.network.set(endpoint(address), "silent")
        world.monitor.assign(assignments(addresses, WEB))
        seen = set()
        while world.clock.now() < world.clock.start + 45:
            seen.add(world.monitor.statistics().running)
            await world.clock.sleep(0.1)
        assert max(seen) == 5
        assert len({each for _, each, _ in world.network.probes}) == 20

    in_virtual_time(story, Limits(running_max=5))


def test_the_rate_that_is_wanted_is_known() -> None:
    async def story(world: World) -> None:
        world.monitor.assign(assignments(["192.0.2.10", "192.0.2.11"], WEB, check("fast", interval_s=0.5)))
        assert world.monitor.statistics().wanted_rate == pytest.approx(4.2)

    in_virtual_time(story)


def test_a_table_is_a_copy() -> None:
    async def story(world: World) -> None:
        world.monitor.assign({ONE: WEB})
        before = world.monitor.table()
        await world.until(3)
        assert before[ONE].state is VerdictState.UNKNOWN

    in_virtual_time(story)


def test_reloading_often_does_not_pile_up_what_is_gone() -> None:
    async def story(world: World) -> None:
        fleet = assignments([f"10.0.0.{i}" for i in range(100)], check("web", interval_s=3600.0))
        for _ in range(50):
            world.monitor.assign(fleet)
            await world.clock.sleep(2.1)
            world.monitor.assign({})
        assert len(world.monitor._agenda._heap) < 300

    in_virtual_time(story)


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
