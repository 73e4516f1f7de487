"""Tests that sleep by the real clock."""

import asyncio
import time


def test_a_blocking_sleep_is_real():
    time.sleep(0.1)  # <- rejected


def test_a_sleep_under_the_real_loop_is_real():
    async def main():
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)  # <- rejected

    asyncio.run(main())
