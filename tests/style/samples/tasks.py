"""Starts tasks and threads in passing."""

import asyncio
import threading
from asyncio import ensure_future


async def work(group, loop):
    asyncio.create_task(work(group, loop))  # <- rejected
    ensure_future(work(group, loop))  # <- rejected
    loop.create_task(work(group, loop))  # <- rejected
    threading.Thread(target=print).start()  # <- rejected
    async with asyncio.TaskGroup():  # <- rejected
        await asyncio.sleep(0)
