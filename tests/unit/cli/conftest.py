"""A terminal in front of a server of its own, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from understudy.api.app import create_app
from understudy.cli.app import app
from understudy.service.desk import Desk
from understudy.testing.server_world import ServerWorld
from understudy.testing.terminal import LoopTransport, Terminal
from understudy.testing.virtual_time import VirtualClock, VirtualLoop, run_virtual

Sitting: TypeAlias = Callable[[Terminal], Awaitable[None]]

CONFIGURATION = """\
listen: 127.0.0.1:0
zones:
  example.com: {file: example.com.zone}
checks:
  web: {http: "http://www.example.com/healthz", interval: 5s}
  db: {tcp: 5432}
pools:
  frankfurt: [192.0.2.10, "2001:db8::10"]
  dublin: [198.51.100.10]
records:
  www.example.com: {check: web, tiers: [frankfurt, dublin], failback: {delay: 10s}}
  db.example.com: {check: db, tiers: [[192.0.2.20], [198.51.100.20]]}
"""

ZONE = """\
$TTL 1h
@       IN SOA  ns1 hostmaster 7 1h 15m 1w 60
        IN NS   ns1
ns1     IN A    192.0.2.53
plain   IN A    192.0.2.1
"""


@pytest.fixture
def sit_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`sit_down(sitting)` runs it in front of a server that has been up for a minute."""

    def run(sitting: Sitting, configuration: str = CONFIGURATION) -> None:
        async def main(clock: VirtualClock) -> None:
            world = ServerWorld(clock, tmp_path)
            await world.start({"understudy.yaml": configuration, "example.com.zone": ZONE})
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            transport = LoopTransport(create_app(Desk(world.server)), loop)
            monkeypatch.setattr("understudy.cli.client.httpx2.HTTPTransport", lambda **_: transport)
            await world.advance(60)
            await sitting(Terminal(app, transport, world))
            await world.end()

        run_virtual(main)

    return run
