"""What the comparison knows of a server's process."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.contest.process import Process

BURN_S = 0.6
BUSY_THEN_IDLE = f"import time\nwhile time.process_time() < {BURN_S}: pass\ntime.sleep(60)"
ALWAYS_BUSY = "while True: pass"


def process(text: str, folder: Path) -> Process:
    return Process([sys.executable, "-c", text], folder, "0-1023")


def test_who_starts_next_waits_until_the_one_before_has_nothing_to_do(tmp_path: Path) -> None:
    with process(BUSY_THEN_IDLE, tmp_path) as server:
        server.settle(0.1, 3, 60.0)
        assert server.processor_s() >= BURN_S * 0.95


def test_nobody_waits_for_ever_for_one_that_is_always_busy(tmp_path: Path) -> None:
    with process(ALWAYS_BUSY, tmp_path) as server:
        server.settle(0.1, 3, 0.5)
        assert not server.is_over()
        assert server.processor_s() > 0
