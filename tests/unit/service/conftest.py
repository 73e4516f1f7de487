"""A whole name server in virtual time, with files that a test edits."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from understudy.testing.fetching import FROM_TWO, Story, Tell, fetch_virtually
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

Life: TypeAlias = Callable[[ServerWorld], Awaitable[None]]

CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 5s}
pools:
  near: [192.0.2.10, 192.0.2.11]
  far: [198.51.100.10]
records:
  www.example.com: {check: web, tiers: [near, far], failback: {delay: 10s}}
  api.example.com: {check: web, tiers: [near, far], failback: {delay: 10s}}
"""

ZONE = """\
$TTL 1h
@       IN SOA  ns1 hostmaster 7 1h 15m 1w 60
        IN NS   ns1
ns1     IN A    192.0.2.53
plain   IN A    192.0.2.1
"""


@pytest.fixture
def live(tmp_path: Path) -> Callable[..., None]:
    """`live(life)` runs it in a server that has been up for a minute."""

    def run(life: Life, configuration: str = CONFIGURATION, zone: str = ZONE) -> None:
        async def main(clock: VirtualClock) -> None:
            world = ServerWorld(clock, tmp_path)
            await world.start({"understudy.yaml": configuration, "example.com.zone": zone})
            await world.advance(60)
            await life(world)
            await world.end()

        run_virtual(main)

    return run


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """`tell(story)` has it happen to a server that fetches its zone from two primaries."""

    def run(story: Story, configuration: str = FROM_TWO, *, first: int | None = None) -> None:
        fetch_virtually(tmp_path, configuration, story, first=first)

    return run
