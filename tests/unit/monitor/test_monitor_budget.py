from __future__ import annotations

import pytest

from understudy.model.verdict import VerdictState
from understudy.monitor.budget import Limits
from understudy.testing.builders import assignments, check, endpoint, probe_key
from understudy.testing.probing import ProbingWorld, probe_virtually

ONE, OTHER = probe_key("192.0.2.10"), probe_key("192.0.2.11")
WEB = check("web")


def test_over_the_rate_probes_are_late_and_counted_but_none_is_dropped() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign(assignments([f"10.0.0.{i}" for i in range(100)], WEB))
        await world.until(4)
        assert 40 <= len(world.network.probes) <= 42
        assert world.monitor.statistics().queued >= 100 - len(world.network.probes)
        await world.until(10.5)
        assert {each for _, each, _ in world.network.probes} == {endpoint(f"10.0.0.{i}") for i in range(100)}
        statistics = world.monitor.statistics()
        assert statistics.late > 80
        assert 7 < statistics.late_max_s < 9.1

    probe_virtually(story, Limits(rate_max=10.0))


def test_rechecks_go_before_routine_probes() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "refuses")
        fleet = [f"10.0.0.{i}" for i in range(200)]
        world.monitor.assign({ONE: WEB} | assignments(fleet, WEB))
        await world.until(30)
        assert world.monitor.statistics().queued > 50
        first, second, third = world.probes_of("192.0.2.10")[:3]
        assert second - first == pytest.approx(1.1, abs=0.15)
        assert third - second == pytest.approx(1.1, abs=0.15)

    probe_virtually(story, Limits(rate_max=10.0))


def test_many_checks_on_one_endpoint_keep_its_own_rate() -> None:
    async def story(world: ProbingWorld) -> None:
        checks = [check(f"check-{i}", interval_s=1.0) for i in range(50)]
        world.monitor.assign(assignments(["192.0.2.10"], *checks) | {OTHER: check("web", interval_s=1.0)})
        await world.until(20)
        assert 195 <= len(world.probes_of("192.0.2.10")) <= 206
        assert {name for _, each, name in world.network.probes if each == ONE.endpoint} == {c.name for c in checks}
        assert len(world.probes_of("192.0.2.11")) >= 19

    probe_virtually(story, Limits(endpoint_rate_max=10.0))


def test_no_more_than_running_max_probes_run_at_once() -> None:
    async def story(world: ProbingWorld) -> None:
        addresses = [f"10.0.0.{i}" for i in range(20)]
        for address in addresses:
            world.behave(address, "silent")
        world.monitor.assign(assignments(addresses, WEB))
        seen = set()
        while world.clock.now() < world.clock.start + 45:
            seen.add(world.monitor.statistics().running)
            await world.clock.sleep(0.1)
        assert max(seen) == 5
        assert len({each for _, each, _ in world.network.probes}) == 20

    probe_virtually(story, Limits(running_max=5))


def test_a_place_that_becomes_free_is_taken_at_once() -> None:
    async def story(world: ProbingWorld) -> None:
        rare = check("web", interval_s=3600.0)
        third = probe_key("192.0.2.12")
        world.monitor.assign({third: check("web", interval_s=60.0)})
        await world.until(5)
        for address in ("192.0.2.10", "192.0.2.11"):
            world.behave(address, "slow 2.9s")
        world.monitor.assign({ONE: rare, OTHER: rare, third: check("web", interval_s=60.0)})
        await world.until(5 + 2 + 2 * 2.95)
        assert world.state("192.0.2.10") is world.state("192.0.2.11") is VerdictState.UP

    probe_virtually(story, Limits(running_max=1))
