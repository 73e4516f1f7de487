from __future__ import annotations

import asyncio

from understudy.model.verdict import VerdictState
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import Monitor, VerdictChange
from understudy.monitor.watchdog import Watchdog
from understudy.testing.builders import assignments, check, probe_key, verdict
from understudy.testing.probing import ProbingWorld, probe_virtually
from understudy.testing.virtual_time import VirtualClock, run_virtual

ONE, OTHER = probe_key("192.0.2.10"), probe_key("192.0.2.11")
WEB = check("web")


def test_a_healthy_monitor_raises_no_alarm_for_an_hour() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB, OTHER: check("web", interval_s=3600.0)})
        world.behave("192.0.2.10", "silent")
        await world.until(3600)
        assert world.told == []

    probe_virtually(story)


def test_a_monitor_with_nothing_to_do_raises_no_alarm() -> None:
    async def story(world: ProbingWorld) -> None:
        await world.until(100)
        assert world.told == []

    probe_virtually(story)


def test_a_stopped_scheduler_is_noticed_and_its_verdicts_become_unknown() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        await world.until(10)
        await world.stop_scheduler()
        await world.until(60)
        (stopped_at, text), *_ = world.alarms("stopped")
        assert 11 < stopped_at < 23
        assert "the first is 192.0.2.1" in text
        (stale_at, text), *_ = world.alarms("stale")
        assert 33 <= stale_at < 43
        assert "verdicts without fresh evidence" in text
        assert world.states() == ["up", "up", "unknown", "unknown"]
        assert world.monitor.table()[ONE].state is VerdictState.UNKNOWN

    probe_virtually(story)


def test_alarms_end_when_the_scheduler_turns_again() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign({ONE: WEB})
        await world.until(10)
        await world.stop_scheduler()
        await world.until(60)
        world.start_scheduler()
        await world.until(65)
        assert [bool(text) for _, text in world.alarms("stopped")] == [True, False]
        assert [bool(text) for _, text in world.alarms("stale")] == [True, False]
        assert world.monitor.table()[ONE].state is VerdictState.UP

    probe_virtually(story)


def test_a_probe_that_never_ends_stops_nobody_else() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "stuck", 15)
        world.monitor.assign({ONE: WEB, OTHER: WEB})
        await world.until(120)
        assert len([each for _, each, _ in world.network.probes if each == OTHER.endpoint]) >= 12
        assert world.monitor.table()[OTHER].state is VerdictState.UP
        assert world.monitor.table()[ONE].state is VerdictState.UNKNOWN
        [(stuck_at, text)] = world.alarms("stuck")
        assert 15 + 3 + 2 <= stuck_at <= 26 + 3 + 4
        assert text == "probes that ignore their cancellation: 1, the first is 192.0.2.10 by web"
        statistics = world.monitor.statistics()
        assert (statistics.running, statistics.overrun, statistics.abandoned) == (0, 1, 1)

    probe_virtually(story)


def test_a_stuck_probe_that_ends_after_all_is_forgiven() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "stuck")
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        world.behave("192.0.2.10", "up")
        world.network.release()
        await world.until(90)
        assert world.monitor.table()[ONE].state is VerdictState.UP
        assert world.alarms("stuck")[-1][1] == ""

    probe_virtually(story)


def test_stuck_probes_do_not_use_up_the_places_of_others() -> None:
    async def story(world: ProbingWorld) -> None:
        stuck = [f"10.0.0.{i}" for i in range(10)]
        for address in stuck:
            world.behave(address, "stuck")
        world.monitor.assign(assignments([*stuck, "192.0.2.10"], WEB))
        await world.until(60)
        assert world.monitor.table()[ONE].state is VerdictState.UP

    probe_virtually(story, Limits(running_max=2))


def test_a_probe_that_only_forgot_its_deadline_is_cancelled_and_inconclusive() -> None:
    async def main(clock: VirtualClock) -> tuple[list[str], int]:
        async def forgetful(*_: object) -> None:
            await asyncio.sleep(1e6)

        changes: list[VerdictChange] = []
        monitor = Monitor("local", forgetful, clock, on_change=changes.append)  # type: ignore[arg-type]  # a bad check
        watchdog = Watchdog(monitor, clock, set_alarm=lambda *_: None)
        monitor.assign({ONE: WEB})
        tasks = [asyncio.create_task(monitor.run()), asyncio.create_task(watchdog.run())]
        await clock.sleep(30)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return [observation.reason for observation in monitor.last(ONE)], monitor.statistics().abandoned

    reasons, abandoned = run_virtual(main)
    assert reasons[:2] == ["monitor.overrun", "monitor.overrun"]
    assert abandoned == 0


def test_our_own_faults_are_shown_while_they_last_and_blamed_on_nobody() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "unreachable", 20)
        world.behave("192.0.2.10", "up", 32)
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        assert world.states() == ["up"]
        (began, text), (ended, empty) = world.alarms("inconclusive")
        assert 20 < began < 33
        assert 32 < ended < 45
        assert text.endswith("192.0.2.10 by web: socket.no_route: this host has no route there")
        assert empty == ""

    probe_virtually(story)


def test_what_cannot_be_told_for_long_is_stale() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "unreachable", 5)
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        assert world.states() == ["up", "unknown"]
        assert len(world.alarms("stale")) == 1

    probe_virtually(story)


def test_what_was_never_told_is_stale_too() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "unreachable")
        world.monitor.assign({ONE: WEB})
        await world.until(60)
        [(at, _)] = world.alarms("stale")
        assert 33 <= at <= 35

    probe_virtually(story)


def test_a_restored_verdict_is_not_stale_before_it_could_be_refreshed() -> None:
    async def story(world: ProbingWorld) -> None:
        world.behave("192.0.2.10", "unreachable")
        world.monitor.restore({ONE: verdict("down", since=world.clock.start - 5000)})
        world.monitor.assign({ONE: WEB})
        await world.until(32)
        assert world.monitor.table()[ONE].state is VerdictState.DOWN
        assert world.alarms("stale") == []
        await world.until(35)
        assert world.monitor.table()[ONE].state is VerdictState.UNKNOWN

    probe_virtually(story)


def test_probes_that_wait_for_their_budget_for_long_are_alarming() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign(assignments([f"10.0.0.{i}" for i in range(200)], WEB))
        await world.until(60)
        (at, text), *_ = world.alarms("late")
        assert 10 < at < 20
        assert text.startswith("probes are waiting for their budget (limits.probe_rate): ")
        world.monitor.assign({ONE: WEB})
        await world.until(70)
        assert world.alarms("late")[-1][1] == ""
        assert world.alarms("stopped") == []

    probe_virtually(story, Limits(rate_max=10.0))


def test_a_start_that_takes_some_seconds_alarms_nobody() -> None:
    async def story(world: ProbingWorld) -> None:
        world.monitor.assign(assignments([f"10.0.0.{i}" for i in range(80)], check("web", interval_s=100.0)))
        await world.until(60)
        assert world.monitor.statistics().late > 50
        assert world.told == []

    probe_virtually(story, Limits(rate_max=10.0))


def test_a_lagging_loop_is_noticed_and_its_end_too() -> None:
    async def story(world: ProbingWorld) -> None:
        now = world.clock.now()
        world.watchdog.round(now, now - 3.0)
        world.watchdog.round(now + 1, now)
        world.watchdog.round(now + 2, now + 2)
        assert [text for _, text in world.alarms("lag")] == [
            "the event loop was 3.0 s late; timings of probes are doubtful",
            "",
        ]

    probe_virtually(story)


def test_the_text_of_a_lasting_alarm_follows_its_numbers_at_leisure() -> None:
    async def story(world: ProbingWorld) -> None:
        for index in range(100):
            world.behave(f"10.0.0.{index}", "unreachable")
        world.monitor.assign(assignments([f"10.0.0.{i}" for i in range(100)], WEB))
        await world.until(40)
        texts = world.alarms("inconclusive")
        assert 2 <= len(texts) <= 4
        assert texts[-1][1].startswith("probes that could not tell: 100, ")

    probe_virtually(story)
