"""The load generator and the echo, as processes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.contest.competitors.competitor import ADDRESS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "understudy-load"
SLACK_S = 30.0


@dataclass(frozen=True, slots=True)
class Flood:
    """As many queries as were answered; the fields of the generator's line."""

    seconds: float
    answered: int
    lost: int
    wrong: int
    answered_in_all: int
    window: int
    slowest_us: float

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """What several generators found that asked at the same time."""
        return cls(
            seconds=max(part.seconds for part in parts),
            answered=sum(part.answered for part in parts),
            lost=sum(part.lost for part in parts),
            wrong=sum(part.wrong for part in parts),
            answered_in_all=sum(part.answered_in_all for part in parts),
            window=sum(part.window for part in parts),
            slowest_us=max(part.slowest_us for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """Latencies at a fixed rate."""

    answered: int
    lost: int
    wrong: int
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    slowest_us: float


@dataclass(frozen=True, slots=True)
class Generator:
    """Asks one server from one core, one file of queries."""

    core: int
    queries: Path
    port: int
    options: Sequence[str] = field(default=())

    def flood(self, seconds: float, *more: str) -> Flood:
        """A closed loop for so long, after a fifth of that to find its window."""
        return Flood(**self._run("flood", seconds, more))

    def flood_count(self, count: int, *more: str) -> Flood:
        """A closed loop until so many are answered."""
        return Flood(**self._run("flood", 0.0, ("--count", str(count), *more)))

    def pace(self, seconds: float, rate: int, *more: str) -> Pace:
        return Pace(**self._run("pace", seconds, ("--rate", str(rate), *more)))

    def _run(self, verb: str, seconds: float, more: Sequence[str]) -> dict[str, Any]:
        command = ["taskset", "-c", str(self.core), str(PROGRAM), verb, "--to", f"{ADDRESS}:{self.port}"]
        command += ["--queries", str(self.queries), *self.options, *more]
        command += ["--seconds", str(seconds)] if seconds else []
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120 + SLACK_S)
        if done.returncode:
            raise SystemExit(f"the load generator failed: {done.stderr.strip()}")
        read: dict[str, Any] = json.loads(done.stdout)
        return read
