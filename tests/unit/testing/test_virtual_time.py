from __future__ import annotations

import asyncio
import socket
import time

import pytest

from understudy.testing.virtual_time import VIRTUAL_START, DeadlockError, RealSocketError, VirtualClock, run_virtual


def test_an_hour_passes_in_no_time_and_is_met_exactly() -> None:
    async def main(clock: VirtualClock) -> tuple[float, float]:
        before = clock.now()
        await clock.sleep_until(before + 3600.7)
        return before, clock.now()

    began = time.monotonic()
    before, after = run_virtual(main)
    assert before == VIRTUAL_START
    assert after == VIRTUAL_START + 3600.7
    assert time.monotonic() - began < 5


def test_tasks_wake_in_the_order_of_their_instants() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def wake(name: str, delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            seen.append((name, clock.now() - clock.start))

        async with asyncio.TaskGroup() as group:
            group.create_task(wake("late", 20))
            group.create_task(wake("early", 5))
        return seen

    assert run_virtual(main) == [("early", 5.0), ("late", 20.0)]


def test_waiting_for_what_nobody_does_is_an_error_and_not_a_hang() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtual(main)


def test_a_timeout_ends_a_wait_that_nobody_else_would() -> None:
    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.Event().wait()
        return clock.now() - clock.start

    assert run_virtual(main) == 3.0


def test_time_stands_still_while_a_thread_works() -> None:
    def work() -> str:
        return "done" if sum(range(1_000_000)) else "idle"  # some milliseconds of work

    async def main(clock: VirtualClock) -> tuple[str, float]:
        async with asyncio.timeout(1):
            word = await asyncio.to_thread(work)
        return word, clock.now() - clock.start

    assert run_virtual(main) == ("done", 0.0)


def test_a_real_socket_is_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        left, right = socket.socketpair()
        with left, right:
            asyncio.get_running_loop().add_reader(left, lambda: None)

    with pytest.raises(RealSocketError):
        run_virtual(main)


def test_an_instant_that_has_passed_costs_one_turn_of_the_loop() -> None:
    async def main(clock: VirtualClock) -> tuple[list[str], float]:
        seen: list[str] = []
        asyncio.get_running_loop().call_soon(seen.append, "other")
        await clock.sleep_until(clock.start - 5)
        return seen, clock.now()

    assert run_virtual(main) == (["other"], VIRTUAL_START)


def test_a_cancelled_sleep_leaves_no_timer_behind() -> None:
    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await clock.sleep(1000)
        await asyncio.sleep(0)
        return clock.now() - clock.start

    assert run_virtual(main) == 1.0


def test_the_clock_speaks_the_loops_time_as_monotonic() -> None:
    async def main(clock: VirtualClock) -> float:
        await clock.sleep(7)
        return clock.to_monotonic(clock.now() + 1)

    assert run_virtual(main) == 8.0
