from __future__ import annotations

import asyncio
from dataclasses import replace

from understudy.model.check import Check, Quorum, QuorumRule
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.model.verdict import VerdictState
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.testing.builders import assignments, check, passed, probe_key, verdict
from understudy.testing.fake_network import FakeNetwork
from understudy.testing.probing import ProbingWorld, probe_virtually
from understudy.testing.virtual_time import VirtualClock, run_virtual

ONE, OTHER = probe_key("192.0.2.10"), probe_key("192.0.2.11")
WEB = check("web")


def test_what_stays_keeps_its_verdict_and_its_rhythm_through_a_reload() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(30)
        before = world.monitor.verdicts[ONE]
        world.monitor.assign({ONE: replace(WEB, quorum=Quorum(QuorumRule.ANY)), OTHER: WEB})
        assert world.monitor.verdicts[ONE] is before
        probes = len(world.probes_of("192.0.2.10"))
        await world.until(60)
        assert len(world.probes_of("192.0.2.10")) - probes == 3
        assert world.state("192.0.2.11") is VerdictState.UP

    probe_virtually(story)


def test_a_changed_check_keeps_its_verdict_and_is_probed_anew_at_once() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "refuses")
        world.monitor.assign({ONE: WEB})
        await world.until(10)
        assert world.state("192.0.2.10") is VerdictState.DOWN
        world.behave("192.0.2.10", "up")
        world.monitor.assign({ONE: check("web", "another page", rise=1)})
        assert world.state("192.0.2.10") is VerdictState.DOWN
        await world.until(12.1)
        assert world.state("192.0.2.10") is VerdictState.UP

    probe_virtually(story)


def test_evidence_by_the_old_definition_does_not_count_for_the_new_one() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "silent")
        world.monitor.assign({ONE: check("web", timeout_s=5.0, fall=1)})
        await world.until(2.1)
        assert world.monitor.statistics().running == 1
        world.behave("192.0.2.10", "up")
        world.monitor.assign({ONE: check("web", "another page", fall=1)})
        await world.until(9)
        assert world.states() == ["up"]

    probe_virtually(story)


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
    async def story(world: ProbingWorld) -> None:
        old = verdict("down", since=world.clock.start - 5000)
        world.monitor.restore({ONE: old, probe_key("192.0.2.99"): old})
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        assert world.monitor.table()[ONE] == old
        assert set(world.monitor.table()) == {ONE, OTHER}
        await world.until(2.1)
        assert world.state("192.0.2.10") is VerdictState.RECOVERING

    probe_virtually(story)


def test_restoring_after_assigning_is_the_same_and_spares_what_was_probed() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(2.1)
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        world.monitor.restore({ONE: verdict("down"), OTHER: verdict("down")})
        assert (world.state("192.0.2.10"), world.state("192.0.2.11")) == (VerdictState.UP, VerdictState.DOWN)

    probe_virtually(story)


def test_a_restored_verdict_from_the_future_counts_from_now() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.restore({ONE: verdict("up", since=world.clock.start + 1e6)})
        world.monitor.assign({ONE: WEB})
        restored = world.monitor.table()[ONE]
        assert (restored.since, restored.refreshed_at) == (world.clock.start, world.clock.start)

    probe_virtually(story)


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


def test_a_table_is_a_copy() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        before = world.monitor.table()
        await world.until(3)
        assert before[ONE].state is VerdictState.UNKNOWN

    probe_virtually(story)


def test_reloading_often_does_not_pile_up_what_is_gone() -> None:
    async def story(world: ProbingWorld) -> None:
        fleet = assignments([f"10.0.0.{i}" for i in range(100)], check("web", interval_s=3600.0))
        for _ in range(50):
            world.monitor.assign(fleet)
            await world.clock.sleep(2.1)
            world.monitor.assign({})
        assert len(world.monitor._agenda._heap) < 300

    probe_virtually(story)


def test_what_is_gone_is_neither_overdue_nor_probed() -> None:
    async def main(clock: VirtualClock) -> None:
        network = FakeNetwork(clock)
        monitor = Monitor("local", network.probe, clock, on_change=lambda _change: None)
        monitor.assign({ONE: WEB, OTHER: WEB})
        await clock.sleep(60)
        assert len(monitor.inspect(clock.now(), 1.0).overdue) == 2
        monitor.assign({ONE: WEB})
        assert [each.key for each in monitor.inspect(clock.now(), 1.0).overdue] == [ONE]
        task = asyncio.create_task(monitor.run())
        await clock.sleep(1)
        assert [endpoint for _, endpoint, _ in network.probes] == [ONE.endpoint]
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main)


def test_what_waits_for_its_turn_and_goes_is_not_probed() -> None:
    async def main(clock: VirtualClock) -> None:
        network = FakeNetwork(clock)
        narrow, slow = Limits(running_max=1), check("web", interval_s=60.0, timeout_s=30.0)
        monitor = Monitor("local", network.probe, clock, on_change=lambda _change: None, limits=narrow)
        network.set(ONE.endpoint, "silent")
        monitor.assign({ONE: slow})
        task = asyncio.create_task(monitor.run())
        await clock.sleep(2.1)
        monitor.assign({ONE: slow, OTHER: WEB})
        await clock.sleep(2.1)
        assert monitor.statistics().queued == 1
        monitor.assign({ONE: slow})
        assert monitor.statistics().queued == 0
        await clock.sleep(60)
        assert OTHER.endpoint not in {endpoint for _, endpoint, _ in network.probes}
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main)


def test_a_changed_check_forgets_what_pointed_to_a_change() -> None:
    async def story(world: ProbingWorld) -> None:
        now = world.clock.now()
        world.monitor.restore({ONE: verdict("suspect", now, 2), OTHER: verdict("recovering", now, 2)})
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        changed = check("web", "another page")
        world.monitor.assign({ONE: changed, OTHER: changed})
        found = {key: (each.state, each.count) for key, each in world.monitor.table().items()}
        assert found == {ONE: (VerdictState.UP, 0), OTHER: (VerdictState.DOWN, 0)}

    probe_virtually(story)


def test_the_end_waits_for_what_was_dropped_before_it() -> None:
    tidied: list[float] = []

    async def tidy(_check: Check, _endpoint: Endpoint) -> Observation:
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(0.5)
            tidied.append(1.0)
        return passed(0.0)

    async def main(clock: VirtualClock) -> None:
        monitor = Monitor("local", tidy, clock, on_change=lambda _change: None)
        task = asyncio.create_task(monitor.run())
        for _ in range(3):
            monitor.assign({ONE: WEB})
            await clock.sleep(3)
            monitor.assign({})
            await clock.sleep(1)
        assert len(tidied) == 3
        assert not monitor._leaving, "what has ended is not kept"
        monitor.assign({ONE: WEB})
        await clock.sleep(3)
        monitor.assign({})
        task.cancel()
        await asyncio.wait([task])
        assert len(tidied) == 4

    run_virtual(main)


def test_what_a_dropped_probe_still_says_is_ignored() -> None:
    async def stubborn(probed: Check, target: Endpoint) -> Observation:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return passed(0.0)

    async def main(clock: VirtualClock) -> None:
        changes: list[VerdictChange] = []
        monitor = Monitor("local", stubborn, clock, on_change=changes.append)
        task = asyncio.create_task(monitor.run())
        monitor.assign({ONE: check("web", interval_s=3600.0)})
        await clock.sleep(3)
        monitor.assign({})
        await clock.sleep(3)
        assert monitor.table() == {}
        assert changes == []
        assert monitor.statistics().passed == 0
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main)
