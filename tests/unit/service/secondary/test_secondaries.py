"""Zones from other servers in virtual time: primaries that fail, lag, lie and come back; copies that outlive a run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from understudy.engine import Zone
from understudy.service.copy_files import write_copy
from understudy.service.desk import Desk
from understudy.service.operations import StatusQuestion
from understudy.service.reload import reload
from understudy.service.reports.measure import measure
from understudy.service.reports.zone_report import report_zones
from understudy.testing.fetching import (
    BROKEN,
    FIRST,
    FROM_TWO,
    ORIGIN,
    SECOND,
    SILENT,
    FakePrimaries,
    FetchingServer,
    Tell,
    version,
)
from understudy.testing.virtual_time import VirtualClock, run_virtual

STEERED = """
records:
  www.example.com: {tiers: [[198.51.100.1]]}
"""
ALARM = "zone/example.com"


def test_a_zone_is_fetched_answered_and_followed(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert run.address() == "192.0.2.10"
        assert primaries.fetched == [(FIRST, None)]
        (view,) = report_zones(run.world.server)
        assert view.upstream is not None
        assert (view.upstream.standing, view.upstream.primary) == ("current", "192.0.2.1:53")
        assert (view.upstream.refreshed_at or 0) + 100 == view.upstream.due_at
        primaries.has = {FIRST: version(1), SECOND: version(2, "192.0.2.20")}
        await asyncio.sleep(98)
        assert run.address() == "192.0.2.10"
        await asyncio.sleep(3)
        assert run.address() == "192.0.2.20"
        assert primaries.fetched[1:] == [(SECOND, 1)]

    tell(story)


def test_a_transfer_that_fails_is_tried_with_the_next_primary(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(2), SECOND: version(2)}
        primaries.breaks = {FIRST: BROKEN}
        await asyncio.sleep(101)
        assert run.serial == 2
        assert primaries.fetched[1:] == [(FIRST, 1), (SECOND, 1)]

    tell(story)


def test_what_no_primary_gives_whole_never_harms_what_is_held(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(2), SECOND: version(1)}
        primaries.breaks = {FIRST: BROKEN}
        await asyncio.sleep(5000)
        assert (run.serial, run.address()) == (1, "192.0.2.10")
        assert len(primaries.fetched) > 100  # every 10 s
        (view,) = report_zones(run.world.server)
        assert view.upstream is not None
        assert (view.upstream.problem, view.upstream.codes) == ("broke off", ["transfer.unfinished"])
        (event,) = [each for each in await run.world.server.store.events() if "not refreshed" in each.text]
        assert event.detail["codes"] == ["transfer.unfinished"]
        assert event.text == "not refreshed, serial 1 stays: broke off; asked again in 10s"
        assert run.world.log.getvalue().count("not refreshed") == 1

    tell(story)


def test_a_primary_that_is_behind_is_told_of_and_its_version_is_left(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(4294967295), SECOND: SILENT}
        await asyncio.sleep(150)
        assert run.serial == 1
        assert "192.0.2.1:53 has serial 4294967295, older than 1" in run.world.log.getvalue()
        assert len(primaries.fetched) == 1
        assert ALARM in await run.world.alarms()

    tell(story)


def test_a_record_of_a_zone_that_has_expired_is_not_shown_as_answered(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        server = run.world.server
        (run.world.folder / "understudy.yaml").write_text(FROM_TWO + STEERED)
        await reload(server, author="ops")
        (view,) = (await Desk(server).status(StatusQuestion())).records
        assert (view.unserved, view.tiers[0].endpoints[0].is_answered) == ("", True)
        primaries.has = {FIRST: SILENT, SECOND: SILENT}
        await asyncio.sleep(1002)
        status = await Desk(server).status(StatusQuestion(most=0))
        assert (status.totals.modes, status.totals.records_shown) == ({"unserved": 1}, 0)
        (view,) = (await Desk(server).status(StatusQuestion())).records
        assert (view.unserved, view.tiers[0].endpoints[0].is_answered) == ("its copy has expired", False)

    tell(story)


def test_answers_end_when_the_zone_expires_and_begin_when_a_primary_is_back(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: SILENT, SECOND: SILENT}
        await asyncio.sleep(998)
        assert run.address() == "192.0.2.10"
        numbers = measure(run.world.server)
        assert 0 < numbers.expiries_s["example.com"] < 10
        assert (numbers.transferred["retrying"], numbers.transferred["expired"], numbers.alarms) == (1, 0, 1)
        assert ALARM in await run.world.alarms()
        await asyncio.sleep(4)
        assert run.address() == "SERVFAIL"
        numbers = measure(run.world.server)
        assert (numbers.expiries_s["example.com"], numbers.transferred["expired"]) == (0, 1)
        (view,) = report_zones(run.world.server)
        assert (view.serial, view.problem) == (None, "not served: its copy has expired")
        assert view.upstream is not None
        assert (view.upstream.standing, view.upstream.serial) == ("expired", 1)
        assert "no answer" in view.upstream.problem
        await asyncio.sleep(100)
        (text,) = (alarm.text for alarm in run.world.server.alarms.active if alarm.key == ALARM)
        assert text.startswith("example.com is not served, its copy has expired: no answer")
        primaries.has[SECOND] = version(1)
        await asyncio.sleep(12)
        assert run.address() == "192.0.2.10"
        assert ALARM not in await run.world.alarms()

    tell(story)


def test_one_silent_primary_is_no_trouble_while_the_other_confirms(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = SILENT
        await asyncio.sleep(5000)
        assert run.address() == "192.0.2.10"
        assert ALARM not in await run.world.alarms()

    tell(story)


def test_a_dead_primary_holds_up_no_change_that_another_one_has(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: SILENT, SECOND: version(2, "192.0.2.20")}
        primaries.silence_s = {FIRST: 4.0}
        run.notify("192.0.2.2")
        await asyncio.sleep(0.5)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_a_primary_that_is_slow_is_heard_where_the_quick_one_gives_nothing_whole(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(2), SECOND: version(2, "192.0.2.20")}
        primaries.breaks = {FIRST: BROKEN}
        primaries.silence_s = {SECOND: 2.0}
        run.notify("192.0.2.1")
        await asyncio.sleep(3)
        assert run.address() == "192.0.2.20"
        assert primaries.fetched[1:] == [(FIRST, 1), (SECOND, 1)]

    tell(story)


def test_a_newer_version_is_fetched_first_of_those_that_answer_soon(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(2), SECOND: version(3)}
        primaries.silence_s = {SECOND: 0.2}
        run.notify("192.0.2.1")
        await asyncio.sleep(0.5)
        assert primaries.fetched[1:] == [(SECOND, 1)]

    tell(story)


def test_a_copy_outlives_the_run_and_its_expiry_counts_on(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        first = FetchingServer(clock, tmp_path, primaries)
        await first.start(FROM_TWO)
        await first.end()
        primaries.has = {FIRST: SILENT, SECOND: SILENT}
        await clock.sleep(500)
        second = FetchingServer(clock, tmp_path, primaries)
        await second.start(FROM_TWO)
        assert second.address() == "192.0.2.10"
        await second.end()
        await clock.sleep(510)
        third = FetchingServer(clock, tmp_path, primaries)
        await third.start(FROM_TWO)
        assert third.address() == "SERVFAIL"
        primaries.has[FIRST] = version(1)
        await clock.sleep(15)
        assert third.address() == "192.0.2.10"
        await third.end()

    run_virtual(main)


def test_a_confirmed_copy_is_as_young_as_its_confirmation(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        run = FetchingServer(clock, tmp_path, FakePrimaries())
        await run.start(FROM_TWO)
        await asyncio.sleep(900)
        await run.end()
        copy = tmp_path / "state" / "zones" / "example.com.zone"
        assert clock.now() - copy.stat().st_mtime < 101

    run_virtual(main)


def test_a_damaged_copy_is_told_of_and_fetched_anew(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        copy = tmp_path / "state" / "zones" / "example.com.zone"
        copy.parent.mkdir(parents=True)
        copy.write_text("no zone")
        run = FetchingServer(clock, tmp_path, FakePrimaries())
        await run.start(FROM_TWO)
        assert run.address() == "192.0.2.10"
        assert "cannot be used" in run.world.log.getvalue()
        assert "no zone" not in copy.read_text()
        await run.end()

    run_virtual(main)


def test_a_record_is_laid_over_what_is_fetched(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(FROM_TWO + STEERED)
        assert run.address("www.example.com") == "198.51.100.1"
        primaries.has = {FIRST: version(2, more="www 60 CNAME host\n"), SECOND: version(2, more="www 60 CNAME host\n")}
        await asyncio.sleep(105)
        assert run.serial == 1
        assert "is not used" in run.world.log.getvalue()
        assert run.address("www.example.com") == "198.51.100.1"
        await run.end()

    run_virtual(main)


def test_a_zone_that_the_configuration_drops_is_asked_for_no_more(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(FROM_TWO)
        assert await run.world.reload("listen: 127.0.0.1:5300\n") == ""
        asked = primaries.asked
        await asyncio.sleep(1000)
        assert (run.address(), primaries.asked) == ("REFUSED", asked)
        assert await run.world.reload(FROM_TWO) == ""
        await asyncio.sleep(2)
        assert run.address() == "192.0.2.10"
        assert await run.world.reload(FROM_TWO.replace("192.0.2.2]", "192.0.2.2:53]")) == ""
        assert run.address() == "192.0.2.10"
        await run.end()

    run_virtual(main)


def test_what_comes_after_the_configuration_dropped_its_zone_is_not_answered(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(FROM_TWO)
        primaries.has = {FIRST: version(2), SECOND: version(2)}
        primaries.pause_s = 5.0
        run.notify("192.0.2.1")
        await asyncio.sleep(1)
        assert await run.world.reload("listen: 127.0.0.1:5300\n") == ""
        await asyncio.sleep(6)
        assert len(primaries.fetched) == 2
        assert (run.address(), ORIGIN in run.world.server.zones) == ("REFUSED", False)
        await run.end()

    run_virtual(main)


def test_a_copy_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "zones" / "example.com.zone"
    write_copy(copy, version(1), 1000.0)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_copy(copy, version(2), 2000.0)
    assert Zone.load(ORIGIN.absolute, str(copy)).serial == 1
    assert copy.stat().st_mtime == 1000.0
    assert list(copy.parent.iterdir()) == [copy]


def test_whoever_says_that_there_is_something_new_is_asked_at_once(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        for serial in range(2, 6):
            primaries.have(version(serial))
            assert run.notify("192.0.2.2") == "NOERROR"
            await asyncio.sleep(0.1)
            assert run.serial == serial
        primaries.have(version(9))
        assert [run.notify("192.0.2.9"), run.notify("192.0.2.1", "example.org")] == ["REFUSED", "NOTAUTH"]
        await asyncio.sleep(5)
        assert run.serial == 5

    tell(story)


def test_a_flood_of_idle_notices_asks_once_a_second(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        asked = primaries.asked
        for _ in range(50):
            run.notify("192.0.2.1")
            await asyncio.sleep(0.1)
        assert 2 * 5 <= primaries.asked - asked <= 2 * 6
        primaries.have(version(2))
        run.notify("192.0.2.1")
        await asyncio.sleep(1.5)
        assert run.serial == 2

    tell(story)


def test_a_notice_that_comes_while_primaries_are_asked_is_not_lost(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(2))
        primaries.pause_s = 3.0
        run.notify("192.0.2.1")
        await asyncio.sleep(4.0)
        primaries.have(version(3))  # after it said 2, and before it gave that
        run.notify("192.0.2.1")
        await asyncio.sleep(1.9)
        primaries.pause_s = 0.0
        primaries.have(version(4))
        run.notify("192.0.2.1")
        await asyncio.sleep(3)
        assert run.serial == 4

    tell(story)


def test_a_zone_that_has_not_come_yet_fails_and_is_fetched_when_a_primary_says_that_it_is_there(
    tmp_path: Path,
) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        primaries.have(SILENT)
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(FROM_TWO)
        await asyncio.sleep(200)
        assert run.address() == "SERVFAIL"
        primaries.have(version(1))
        await asyncio.sleep(1.5)
        run.notify("192.0.2.1")
        await asyncio.sleep(1)
        assert run.address() == "192.0.2.10"
        await run.end()

    run_virtual(main)


def test_a_version_from_a_primary_that_is_none_any_more_is_not_taken(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has = {FIRST: version(9, "192.0.2.66"), SECOND: version(2, "192.0.2.20")}
        primaries.pause_s = 5.0
        await asyncio.sleep(102)  # the first one's version is on its way
        await run.world.reload(FROM_TWO.replace("192.0.2.1, ", ""))
        await asyncio.sleep(20)
        assert (run.serial, run.address()) == (2, "192.0.2.20")
        assert primaries.fetched[1:] == [(FIRST, 1), (SECOND, 1)]

    tell(story)
