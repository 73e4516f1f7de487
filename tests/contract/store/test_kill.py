"""The process is killed at any instant: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

from understudy.clock.clock import SystemClock
from understudy.model.log import LogEntry
from understudy.store.sqlite_store import open_store
from understudy.store.store import Store

ROUNDS = 20

WRITER = """
import asyncio, sys
from pathlib import Path
from understudy.clock.clock import SystemClock
from understudy.model.event import Event, EventKind
from understudy.store.backlog import Pace
from understudy.store.draft import Signature
from understudy.store.sqlite_store import open_store

async def write(store, name, turn):
    count = 0
    while True:
        async with turn:
            expected = store.desired.generation
            draft = Signature(name, f"{sys.argv[2]}/{name}/{count}", 1.0).release([count])
            entry = await store.append(draft, expected_generation=expected)
        store.add_events([Event(1.0, EventKind.SERVICE, name, entry.reason)])
        print(entry.generation, entry.reason, flush=True)
        count += 1

async def main():
    store = open_store(Path(sys.argv[1]), SystemClock(), pace=Pace(linger_s=0.001))
    turn = asyncio.Lock()
    await asyncio.gather(*(write(store, str(number), turn) for number in range(3)))

asyncio.run(main())
"""


def killed_writer(state_dir: Path, number: int, acknowledgements: int) -> list[tuple[int, str]]:
    """What a writer that was killed after so many acknowledgements (and maybe some more) had said was on disk."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state_dir), str(number)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledgements)]
        process.kill()
        lines += process.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(generation), reason) for generation, reason in whole]


async def read_all(store: Store) -> tuple[LogEntry, ...]:
    return await store.entries(limit=1_000_000)


def test_every_acknowledged_change_survives_and_none_is_there_twice(tmp_path: Path) -> None:
    chance = random.Random(4)  # the same rounds in every run; where the kill falls is the machine's chance
    acknowledged: list[tuple[int, str]] = []
    for number in range(ROUNDS):
        acknowledged += killed_writer(tmp_path, number, chance.randint(1, 40))
        store = open_store(tmp_path, SystemClock())
        entries = asyncio.run(read_all(store))
        assert store.start.alarms == ()
        assert store.start.unreadable == 0
        assert store.start.desired.generation == len(entries)
        store.close()
        assert [entry.generation for entry in entries] == list(range(1, len(entries) + 1))
        assert len({entry.reason for entry in entries}) == len(entries)
        assert set(acknowledged) <= {(entry.generation, entry.reason) for entry in entries}
    assert len(acknowledged) >= ROUNDS
