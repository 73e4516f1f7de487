"""Zones that no primary has confirmed for too long, many at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from understudy.model.event import EventKind
from understudy.model.name import Name
from understudy.store.store import EventFilter
from understudy.testing.fetching import SILENT, FakePrimaries, FetchingServer, fetch_virtually, version

ORIGINS = [Name.parse(f"zone{number}.example") for number in range(30)]
CONFIGURATION = "listen: 127.0.0.1:5300\nzones:\n" + "".join(
    f"  {origin}: {{source: transfer, primaries: [192.0.2.1]}}\n" for origin in ORIGINS
)


def test_zones_that_expire_together_are_answered_no_more_and_come_back(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        server = run.world.server
        assert server.zones.keys() == set(ORIGINS)
        primaries.have(SILENT)
        await asyncio.sleep(990)
        assert len(server.engine.zones()) == len(ORIGINS)
        await asyncio.sleep(20)
        assert not server.zones
        assert not server.engine.zones()
        assert run.address("host.zone3.example") == "SERVFAIL"
        events = await server.store.events(EventFilter(kinds=frozenset((EventKind.ZONE,))))
        assert sum("has expired" in event.text for event in events) == len(ORIGINS)
        (alarm,) = server.alarms.active
        assert alarm.key == "primaries/192.0.2.1:53"
        assert alarm.text.startswith("30 zones not served: ")
        primaries.have(version(1))
        await asyncio.sleep(700)  # it was silent for so long that it is not asked all the time
        assert server.zones.keys() == set(ORIGINS)
        assert await run.world.alarms() == []

    fetch_virtually(tmp_path, CONFIGURATION, story)
