"""A transfer that drips is given up, however regularly something comes."""

from __future__ import annotations

import asyncio

import pytest

from understudy.service.secondary.transfers import LEAST_OCTETS, LEAST_S, _Flow
from understudy.testing.virtual_time import VirtualClock, run_virtual


def test_too_little_in_five_minutes_is_not_waited_for_and_each_five_minutes_count_anew() -> None:
    async def main(_clock: VirtualClock) -> None:
        flow = _Flow()
        for _ in range(2):
            await asyncio.sleep(LEAST_S - 1)
            flow.note(LEAST_OCTETS - 1)
            await asyncio.sleep(1)
            flow.note(1)
        await asyncio.sleep(LEAST_S - 1)
        flow.note(LEAST_OCTETS - 2)
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError, match="less than 10,240 octets in 300 s"):
            flow.note(1)

    run_virtual(main)
