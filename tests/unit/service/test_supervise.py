"""Who ends with whom, and who is begun anew."""

import asyncio
from itertools import pairwise

import pytest

from understudy.service.supervise import RESTART_FIRST_S, RESTART_MAX_S, Supervisor
from understudy.testing.virtual_time import VirtualClock, run_virtual


def test_a_failing_side_task_is_begun_anew_ever_more_slowly_and_told() -> None:
    begun: list[float] = []
    faults: list[tuple[str, str]] = []

    async def fail() -> None:
        begun.append(asyncio.get_running_loop().time())
        raise ValueError("no disk")

    async def main(clock: VirtualClock) -> None:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda name, error: faults.append((name, str(error))))
            supervisor.side(fail, "notifier")
            await clock.sleep(600)
            supervisor.end()

    run_virtual(main)
    pauses = [round(after - before, 6) for before, after in pairwise(begun)]
    assert pauses[:8] == [RESTART_FIRST_S * 2**exponent for exponent in range(7)] + [RESTART_MAX_S]
    assert set(pauses[7:]) == {RESTART_MAX_S}
    assert faults == [("notifier", "no disk")] * len(begun)


def test_a_side_task_that_ran_well_for_long_starts_again_at_once() -> None:
    begun: list[float] = []

    async def main(clock: VirtualClock) -> None:
        async def fail_late() -> None:
            begun.append(clock.now() - clock.start)
            await clock.sleep(RESTART_MAX_S + 1)
            raise ValueError

        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda _name, _error: None)
            supervisor.side(fail_late, "API")
            await clock.sleep(4 * (RESTART_MAX_S + 2))
            supervisor.end()

    run_virtual(main)
    assert [after - before for before, after in pairwise(begun)] == [RESTART_MAX_S + 1 + RESTART_FIRST_S] * (
        len(begun) - 1
    )


@pytest.mark.parametrize("how", ["told to leave", "a stage fails"])
def test_a_side_task_that_fails_as_it_ends_is_not_begun_anew(how: str) -> None:
    """Such as one that cannot delete its socket on a broken disk: the process would never end."""
    begun: list[float] = []
    faults: list[str] = []

    async def main(clock: VirtualClock) -> None:
        async def fail_at_the_end() -> None:
            begun.append(clock.now())
            if len(begun) > 1:
                return
            try:
                await clock.sleep(1000)
            finally:
                raise OSError("no disk")

        async def fail() -> None:
            await clock.sleep(5)
            raise RuntimeError("a stage")

        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda name, _error: faults.append(name))
            supervisor.side(fail_at_the_end, "API")
            if how == "a stage fails":
                supervisor.stage(fail(), "stage")
            await clock.sleep(10)
            supervisor.end()

    if how == "a stage fails":
        with pytest.raises(ExceptionGroup):
            run_virtual(main)
    else:
        run_virtual(main)
    assert len(begun) == 1
    assert faults == ["API"]


def test_a_side_task_that_returns_is_over() -> None:
    begun: list[int] = []

    async def finish() -> None:
        begun.append(1)

    async def main(clock: VirtualClock) -> None:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda _name, _error: None)
            supervisor.side(finish, "once")
            await clock.sleep(600)

    run_virtual(main)
    assert begun == [1]


def test_a_failing_stage_ends_everything() -> None:
    ended: list[str] = []

    async def main(clock: VirtualClock) -> None:
        async def side() -> None:
            try:
                await clock.sleep(1000)
            finally:
                ended.append("side")

        async def stage() -> None:
            await clock.sleep(1)
            raise RuntimeError("a stage failed")

        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda _name, _error: None)
            supervisor.side(side, "side")
            supervisor.stage(stage(), "decide")
            await clock.sleep(1000)

    with pytest.raises(ExceptionGroup) as caught:
        run_virtual(main)
    assert caught.group_contains(RuntimeError, match="a stage failed")
    assert ended == ["side"]


def test_the_end_cancels_every_task_and_forgets_those_that_are_over() -> None:
    async def main(clock: VirtualClock) -> float:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, clock, lambda _name, _error: None)
            tasks = [supervisor.stage(clock.sleep(1000), f"stage {number}") for number in range(3)]
            supervisor.stage(clock.sleep(1), "short")
            await clock.sleep(10)
            supervisor.end()
        assert all(task.cancelled() for task in tasks)
        return clock.now() - clock.start

    assert run_virtual(main) == 10
