"""A process that serves one zone and changes its steered records while it answers: `publisher PORT FILE`.

It is told in lines, `RATE BATCH SECONDS`, and then publishes so many changes per second for so long, so many in one
publication; for each line it prints one of JSON. An empty line, or the end of its input, ends it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Literal, TypeAlias

from benchmarks.contest.cases import ORIGIN
from understudy.engine import Engine, Zone

Steered: TypeAlias = tuple[str, int, Literal["answer"], int, None, Literal["one"], list[tuple[int, list[bytes]]]]
"""As the engine takes it: owner, type, kind, TTL, due, selector, variants."""

STEERED = 10_000
"""Names that are steered, spread over the zone."""
TICK_S = 0.001
"""Changes come in small bursts, as from probes that end together; waking up for each would cost more than it does."""


def main() -> None:
    port, file = int(sys.argv[1]), sys.argv[2]
    engine = Engine([f"127.0.0.1:{port}"], threads=1)
    zone = Zone.load(ORIGIN, file)
    step = zone.name_count // (STEERED + 1)
    versions = [[_steered(number * step, last) for number in range(STEERED)] for last in (1, 2)]
    engine.publish_zone(zone, versions[0])
    engine.start()
    print(json.dumps({"names": zone.name_count}), flush=True)
    for line in sys.stdin:
        if not line.strip():
            break
        rate, batch, seconds = line.split()
        print(json.dumps(_publish(engine, versions, (int(rate), int(batch), float(seconds)))), flush=True)
    engine.stop()


def _steered(number: int, last: int) -> Steered:
    return (f"host{number}.{ORIGIN}.", 1, "answer", 30, None, "one", [(1, [bytes([192, 0, 2, last])])])


def _publish(engine: Engine, versions: list[list[Steered]], order: tuple[int, int, float]) -> dict[str, float]:
    """What is due, once in a tick; a rate of 0: as fast as it goes."""
    rate, batch, seconds = order
    # One version of all names after the other, so that every publication changes something.
    changes = [*versions[1], *versions[0]]
    parts = [changes[first : first + batch] for first in range(0, len(changes), batch)]
    distance = batch / rate if rate else 0.0
    used, begun = _own_s(), time.monotonic()
    done = 0
    while (now := time.monotonic() - begun) < seconds:
        if done * distance > now:
            time.sleep(max(TICK_S, done * distance - now))
        engine.publish(ORIGIN, parts[done % len(parts)])
        done += 1
    took = time.monotonic() - begun
    own = _own_s() - used
    return {"changes": done * batch, "seconds": took, "publisher_us_per_change": own / (done * batch) * 1e6}


def _own_s() -> float:
    """Processor time of this thread: the one that publishes, without those that answer."""
    return int(Path(f"/proc/self/task/{os.getpid()}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    main()
