"""What keeps a zone from being refreshed, told when it begins and when it ends."""

from __future__ import annotations

import asyncio

from understudy.model.errors import TransferError
from understudy.model.transfer import Primary
from understudy.service.reports.zone_report import report_zones
from understudy.testing.fetching import FIRST, SECOND, SILENT, FakePrimaries, FetchingServer, Tell, version

ALARM = "zone/example.com"


def test_trouble_is_told_when_it_begins_and_when_it_ends_whatever_numbers_its_words_have_meanwhile(tell: Tell) -> None:
    def refuse(megabytes: int) -> TransferError:
        text = f"192.0.2.1:53: the zone needs {megabytes} MiB more memory"
        return TransferError(text, code="transfer.memory", subject=FIRST)

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(2), SECOND: SILENT}
        for megabytes in range(60):
            primaries.breaks = {FIRST: refuse(megabytes)}
            await asyncio.sleep(10)
        (view,) = report_zones(run.world.server)
        assert view.upstream is not None
        assert "59 MiB" in view.upstream.problem
        assert "59 MiB" in run.world.server.alarms.text(ALARM)
        primaries.has = dict.fromkeys(primaries.has, version(1))
        await asyncio.sleep(20)
        events = [each.text for each in await run.world.server.store.events() if each.kind == "zone"]
        begin, end = (text for text in events if text.startswith(("not refreshed", "refreshed")))
        assert "MiB" in begin
        assert end == "refreshed again: 192.0.2.1:53 confirms serial 1"

    tell(story)


def test_another_primary_with_the_same_trouble_is_told_of_too(tell: Tell) -> None:
    def behind(primary: Primary) -> TransferError:
        return TransferError("behind", code="transfer.behind", subject=primary)

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: behind(FIRST), SECOND: SILENT}
        await asyncio.sleep(150)
        primaries.has = {FIRST: SILENT, SECOND: behind(SECOND)}
        await asyncio.sleep(150)
        assert run.world.log.getvalue().count("not refreshed, serial 1 stays: ") == 2

    tell(story)
