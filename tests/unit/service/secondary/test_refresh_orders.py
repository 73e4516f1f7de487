"""What whoever has a zone refreshed, and waits for it, is told came of it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from understudy.model.errors import ZoneOrderRefusedError
from understudy.service.desk import Desk
from understudy.service.reports.zone_views import RefreshRequest, RefreshView, ZoneRequest
from understudy.testing.fetching import (
    BROKEN,
    FIRST,
    FROM_TWO,
    SECOND,
    SILENT,
    FakePrimaries,
    FetchingServer,
    Tell,
    version,
)


@pytest.fixture
def tell(tell: Tell) -> Tell:
    """A server that has fetched serial 7."""
    return partial(tell, first=7)


async def ask(run: FetchingServer, *, is_whole: bool = False, wait_s: float = 60.0) -> RefreshView:
    """As the command does; the time of the server goes on meanwhile."""
    request = RefreshRequest(name="example.com", is_whole=is_whole, wait_s=wait_s)
    return await Desk(run.world.server).refresh_zone(request)


def test_a_newer_version_is_told_with_both_serials_once_it_is_answered(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(8, "192.0.2.20"))
        view = await ask(run)
        assert (view.outcome, view.serial_before, view.serial_after, view.serial) == ("updated", 7, 8, 8)
        assert view.text == "serial 7 → 8 from 192.0.2.1:53"
        assert run.address() == "192.0.2.20"

    tell(story)


def test_that_there_is_nothing_newer_is_told_as_such(tell: Tell) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        view = await ask(run)
        assert (view.outcome, view.serial_before, view.serial_after) == ("confirmed", 7, 7)

    tell(story)


def test_why_there_is_no_newer_version_is_told(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        view = await ask(run)
        assert (view.outcome, view.serial_after) == ("failed", 7)
        assert (view.text, view.codes) == (
            "not refreshed, serial 7 stays: no answer; no answer",
            ["transfer.unreachable"],
        )
        primaries.have(version(7))
        assert (await ask(run)).outcome == "confirmed"

    tell(story)


def test_a_transfer_that_was_ordered_and_fails_is_told_as_what_it_was(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.breaks = {FIRST: BROKEN, SECOND: BROKEN}
        view = await ask(run, is_whole=True)
        assert (view.outcome, view.text) == ("failed", "not fetched whole, serial 7 stays: broke off; broke off")
        assert "not fetched whole, serial 7 stays: broke off" in run.world.log.getvalue()
        assert "not refreshed" not in run.world.log.getvalue()

    tell(story)


def test_a_primary_that_gave_nothing_is_told_beside_the_one_that_did(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(8))
        primaries.breaks = {FIRST: BROKEN}
        view = await ask(run)
        assert (view.outcome, view.text) == ("updated", "serial 7 → 8 from 192.0.2.2:53")
        assert (view.warning, view.codes) == ("broke off", ["transfer.unfinished"])

    tell(story)


def test_a_zone_that_is_fetched_whole_is_told_with_the_newest_that_any_primary_has(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert (await ask(run, is_whole=True)).outcome == "fetched"
        primaries.has = {FIRST: version(3), SECOND: version(5)}
        primaries.silence_s = {SECOND: 1.5}
        view = await ask(run, is_whole=True)
        assert (view.outcome, view.serial_before, view.serial_after) == ("updated", 7, 5)

    tell(story)


def test_what_was_under_way_before_is_not_taken_for_the_answer(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.silence_s = {FIRST: 2.0, SECOND: 2.0}
        first = asyncio.ensure_future(ask(run))
        await asyncio.sleep(1.9)
        second = asyncio.ensure_future(ask(run))
        await asyncio.sleep(0)
        assert (await first).outcome == "confirmed"
        primaries.have(version(8))
        assert (await second).outcome == "updated"

    tell(story)


def test_a_wait_is_bounded_and_the_work_goes_on(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(8, "192.0.2.20"))
        primaries.pause_s = 8.0
        view = await ask(run, wait_s=5.0)
        assert (view.outcome, view.serial_after) == ("pending", 7)
        assert "not known within 5s" in view.text
        await asyncio.sleep(40)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_a_zone_that_has_not_come_is_no_unknown_one_to_whoever_exports_it_or_tells_of_it(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        late = FROM_TWO + "  example.org: {source: transfer, primaries: [192.0.2.1]}\n"
        assert await run.world.reload(late) == ""
        await run.world.advance(20)
        desk = Desk(run.world.server)
        with pytest.raises(ZoneOrderRefusedError) as exported:
            await desk.export_zone("example.org")
        with pytest.raises(ZoneOrderRefusedError) as told:
            desk.notify_zone(ZoneRequest(name="example.org"))
        assert {exported.value.code, told.value.code} == {"zone.empty"}
        assert told.value.hint == "`understudy zone show example.org` says why"

    tell(story)
