"""A zone whose primary is lost: made the primary here, through restarts, and given back with care."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from understudy.model.errors import UnderstudyError
from understudy.service.copy_files import write_copy
from understudy.service.desk import Desk
from understudy.service.operations import StatusQuestion
from understudy.service.reports.zone_views import DemoteRequest, PromoteRequest, RefreshRequest, ZoneOrderView
from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour
from understudy.testing.fetching import (
    BROKEN,
    FIRST,
    ORIGIN,
    SECOND,
    SILENT,
    FakePrimaries,
    FetchingServer,
    Story,
    Tell,
    version,
)
from understudy.testing.story import Restart

PLAIN = """\
listen: 127.0.0.1:5300
zones:
  example.com:
    source: transfer
    primaries: [192.0.2.1, 192.0.2.2]
    transfer: {to: [192.0.2.0/24], notify: [192.0.2.53]}
"""
CHECKED = """\
checks:
  web: {tcp: 80, interval: 5s, fall: 1, rise: 1}
records:
  host.example.com: {check: web, tiers: [[198.51.100.1], [198.51.100.2]]}
"""
AT_ONCE_S = 1.5
"""Within the tick of whoever follows primaries."""


@pytest.fixture
def tell(tell: Tell) -> Tell:
    """A server that has fetched serial 7; nothing was confirmed after that for longer than 1,000 s: it expires."""

    def run(story: Story, configuration: str = PLAIN, *, first: int | None = 7) -> None:
        tell(story, configuration, first=first)

    return run


async def promote(run: FetchingServer, *, is_forced: bool = False) -> ZoneOrderView:
    request = PromoteRequest(name="Example.com", author="ops", reason="the site burns", is_forced=is_forced)
    return await Desk(run.world.server).promote_zone(request)


async def demote(run: FetchingServer, *, is_primary_taken: bool = False) -> ZoneOrderView:
    request = DemoteRequest(name="example.com", author="ops", is_primary_taken=is_primary_taken)
    return await Desk(run.world.server).demote_zone(request)


async def refusal(asked: Awaitable[ZoneOrderView]) -> tuple[str, str]:
    """(code, message)."""
    with pytest.raises(UnderstudyError) as raised:
        await asked
    return raised.value.code, raised.value.message


def handed_on(run: FetchingServer) -> int | None:
    return run.world.server.versions.serial_of(ORIGIN)


def test_a_promoted_zone_never_expires_and_asks_nobody(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await run.world.advance(200)
        view = await promote(run)
        assert (view.serial, view.warning) == (7, "")
        assert "promoted with serial 7" in view.text
        asked = primaries.asked
        await run.world.advance(5000)
        assert (primaries.asked, run.address(), handed_on(run)) == (asked, "192.0.2.10", 7)
        primaries.have(version(9, "192.0.2.20"))
        await run.world.advance(10_000)
        assert (primaries.asked, run.address()) == (asked, "192.0.2.10")

    tell(story)


def test_a_zone_that_has_expired_already_is_answered_again(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await run.world.advance(2000)
        assert ORIGIN not in run.world.server.zones
        assert await run.world.alarms() == ["zone/example.com"]
        await promote(run)
        await run.world.advance(2010)
        assert (run.address(), handed_on(run)) == ("192.0.2.10", 7)
        assert await run.world.alarms() == ["promoted"]

    tell(story)


def test_it_is_seen_by_whoever_looks(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await promote(run)
        status = await Desk(run.world.server).status(StatusQuestion())
        upstream = status.zones[0].upstream
        assert upstream is not None
        assert (upstream.standing, upstream.due_at, upstream.expires_at) == ("promoted", None, None)
        assert upstream.promotion is not None
        assert (upstream.promotion.author, upstream.promotion.reason) == ("ops", "the site burns")
        assert [each.text for each in status.alarms] == [
            "example.com is promoted and follows no primary, by ops: the site burns"
        ]
        assert "follows no primary any more" in run.world.log.getvalue()

    tell(story)


def test_its_secondaries_are_told_though_nothing_has_changed(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        server = run.world.server
        server.notifier.notices.forget(ORIGIN)
        await promote(run)
        assert [notice.serial for notice in server.notifier.notices.take(server.clock.now())[0]] == [7]

    tell(story)


def test_decisions_go_on_making_versions_with_serials_that_grow(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        assert handed_on(run) == 8
        await promote(run)
        run.world.behave(endpoint("198.51.100.1"), Behaviour.parse("refuses"), check="web")
        await run.world.advance(5000)
        assert (handed_on(run), run.address()) == (9, "198.51.100.2")
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        run.world.behave(endpoint("198.51.100.1"), Behaviour.parse("up"), check="web")
        await run.world.advance(9000)
        assert (handed_on(run), run.address()) == (10, "198.51.100.1")

    tell(story, PLAIN + CHECKED)


@pytest.mark.parametrize("is_kill", [False, True])
def test_it_survives_restarts_however_long_they_take(tell: Tell, is_kill: bool) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await promote(run)
        await run.restart(Restart(is_kill=is_kill, pause_s=50_000.0))
        asked = primaries.asked
        await run.world.advance(60_000)
        assert (run.address(), handed_on(run), primaries.asked) == ("192.0.2.10", 7, asked)
        assert await run.world.alarms() == ["promoted"]

    tell(story)


def test_a_copy_that_was_lost_meanwhile_is_fetched_once(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await promote(run, is_forced=True)
        copy = run.world.server.candidate.configuration.zones[ORIGIN].file
        await run.world.end()
        copy.unlink()
        primaries.have(version(8, "192.0.2.20"))
        await run.world._open()
        await run.resume()
        await run.world.advance(20)
        assert run.address() == "192.0.2.20"
        primaries.have(version(9, "192.0.2.30"))
        await run.world.advance(5000)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_promoting_makes_no_sense_beside_a_primary_that_answers(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = SILENT
        code, message = await refusal(promote(run))
        assert code == "zone.primary-answers"
        assert "192.0.2.2:53 with serial 7" in message
        assert await run.world.alarms() == []
        await promote(run, is_forced=True)
        assert (await refusal(promote(run)))[0] == "zone.promoted"

    tell(story)


def test_promoting_makes_no_sense_without_a_version_or_of_a_file(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        (run.world.folder / "z").write_text("@ 60 SOA ns h 1 1 1 1 1\n@ 60 NS ns.example.net.\n")
        other = "  example.org: {source: transfer, primaries: [192.0.2.1]}\n  example.net: {file: z}\n"
        primaries.have(SILENT)
        assert await run.world.reload(PLAIN + other) == ""
        await run.world.advance(20)
        desk = Desk(run.world.server)
        assert (await refusal(desk.promote_zone(PromoteRequest(name="example.org"))))[0] == "zone.empty"
        assert (await refusal(desk.promote_zone(PromoteRequest(name="example.net"))))[0] == "zone.not-fetched"
        assert (await refusal(desk.promote_zone(PromoteRequest(name="example.edu"))))[0] == "zone.unknown"
        assert (await refusal(demote(run)))[0] == "zone.not-promoted"

    tell(story)


def test_a_primary_that_is_back_is_followed_again(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await promote(run)
        await run.world.advance(5000)
        assert (await refusal(demote(run)))[0] == "zone.no-primary"
        primaries.have(version(9, "192.0.2.20"))
        view = await demote(run)
        assert "follows 192.0.2.1:53 again, which has serial 9" in view.text
        await run.world.advance(5000 + AT_ONCE_S)
        assert (run.address(), handed_on(run), await run.world.alarms()) == ("192.0.2.20", 9, [])
        primaries.have(SILENT)
        await run.world.advance(5900)
        assert run.address() == "192.0.2.20"
        await run.world.advance(6200)
        assert ORIGIN not in run.world.server.zones  # and it expires again

    tell(story)


def test_a_primary_with_the_same_serial_is_followed_without_a_fetch(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await promote(run, is_forced=True)
        await run.world.advance(5000)
        fetched = len(primaries.fetched)
        await demote(run)
        await run.world.advance(5900)
        assert (run.address(), len(primaries.fetched)) == ("192.0.2.10", fetched)

    tell(story)


def test_a_primary_that_is_behind_is_not_followed_unless_that_is_said(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(9, more="new 60 A 192.0.2.77\n"))
        await run.world.advance(105)
        await promote(run, is_forced=True)
        primaries.has = {FIRST: version(3, "192.0.2.20", "old 60 A 192.0.2.66\n"), SECOND: SILENT}
        code, message = await refusal(demote(run))
        assert code == "zone.primary-behind"
        assert "192.0.2.1:53 has serial 3, older than 9 here" in message
        assert "1 would go (new.example.com. A), 1 would be others (host.example.com. A), 1 would come" in message
        await run.world.advance(200)
        assert (run.address(), run.address("new.example.com")) == ("192.0.2.10", "192.0.2.77")
        view = await demote(run, is_primary_taken=True)
        assert "takes that in place of serial 9" in view.text
        await run.world.advance(200 + AT_ONCE_S)
        assert (run.address(), run.address("new.example.com"), run.serial) == ("192.0.2.20", "NXDOMAIN", 3)
        assert handed_on(run) == 10  # secondaries see it as the next version all the same
        primaries.has[FIRST] = version(4, "192.0.2.30")
        await run.world.advance(400)
        assert (run.address(), handed_on(run)) == ("192.0.2.30", 11)

    tell(story)


def test_a_file_in_its_place_ends_it(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await promote(run)
        (run.world.folder / "z").write_text(version(7).to_master_file() + "new.example.com. 60 IN A 192.0.2.88\n")
        text = "listen: 127.0.0.1:5300\nzones: {example.com: {file: z, transfer: {to: [192.0.2.53]}}}\n"
        assert await run.world.reload(text) == ""
        await run.world.advance(20)
        assert (run.address("new.example.com"), handed_on(run)) == ("192.0.2.88", 8)
        assert run.world.server.store.desired.promotions == {}
        assert await run.world.alarms() == []
        primaries.have(version(20, "192.0.2.20"))
        assert await run.world.reload(PLAIN) == ""
        await run.world.advance(30)
        assert run.address() == "192.0.2.20"

    tell(story)


async def ask(run: FetchingServer, *, is_whole: bool) -> ZoneOrderView:
    return await Desk(run.world.server).refresh_zone(RefreshRequest(name="example.com", is_whole=is_whole))


def test_a_refresh_asks_at_once_and_fetches_what_is_newer(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(8, "192.0.2.20"))
        view = await ask(run, is_whole=False)
        assert "is asked for at 192.0.2.1:53, 192.0.2.2:53, by unknown" in view.text
        await run.world.advance(10 + AT_ONCE_S)
        assert run.address() == "192.0.2.20"
        assert primaries.fetched[-1] == (FIRST, 7)
        primaries.have(version(3, "192.0.2.30"))
        await ask(run, is_whole=False)
        await run.world.advance(20)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_a_retransfer_takes_the_whole_zone_whatever_its_serial(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(3, "192.0.2.30"))
        assert "is fetched whole from" in (await ask(run, is_whole=True)).text
        await run.world.advance(10 + AT_ONCE_S)
        assert (run.address(), run.serial, handed_on(run)) == ("192.0.2.30", 3, 8)
        assert primaries.fetched[-1] == (FIRST, None)
        count = len(primaries.fetched)
        await run.world.advance(300)
        assert len(primaries.fetched) == count  # it was asked for once

    tell(story)


def test_a_retransfer_that_nobody_answers_harms_nothing_and_is_tried_again(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await ask(run, is_whole=True)
        await run.world.advance(20)
        assert run.address() == "192.0.2.10"
        primaries.have(version(7, "192.0.2.30"))
        await run.world.advance(40)
        assert run.address() == "192.0.2.30"

    tell(story)


def test_who_follows_nobody_fetches_nothing(tell: Tell) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        await promote(run, is_forced=True)
        for is_whole in (True, False):
            assert (await refusal(ask(run, is_whole=is_whole)))[0] == "zone.promoted"

    tell(story)


def test_a_crash_that_left_an_older_copy_does_not_silence_a_promoted_zone(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(9, "192.0.2.20"))
        await run.world.advance(105)
        await promote(run, is_forced=True)
        copy = run.world.server.candidate.configuration.zones[ORIGIN].file
        write_copy(copy, version(8), copy.stat().st_mtime)
        primaries.have(SILENT)
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        await run.world.advance(120)
        assert (run.address(), handed_on(run)) == ("192.0.2.10", 10)

    tell(story)


def test_a_retransfer_that_breaks_off_is_no_reason_to_expire(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.breaks = {FIRST: BROKEN, SECOND: BROKEN}
        await ask(run, is_whole=True)
        await run.world.advance(3000)
        assert run.address() == "192.0.2.10"

    tell(story)


@pytest.mark.parametrize(("more", "stays"), [("", False), ("  c.example: CATALOG\n", True)])
def test_a_zone_that_is_nowhere_is_promoted_no_more_unless_a_catalog_may_list_it(
    tell: Tell, more: str, *, stays: bool
) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        await promote(run, is_forced=True)
        catalog = more.replace("CATALOG", "{source: transfer, primaries: [192.0.2.1], catalog: true}")
        other = "  example.org: {source: transfer, primaries: [192.0.2.1]}\n"
        assert await run.world.reload(f"listen: 127.0.0.1:5300\nzones:\n{other}{catalog}") == ""
        assert run.world.server.is_promoted(ORIGIN) is stays

    tell(story)


def test_a_retransfer_ends_with_the_newest_that_any_primary_has(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        for older, newer in ((FIRST, SECOND), (SECOND, FIRST)):
            primaries.has = {older: version(3, "192.0.2.30"), newer: version(5, "192.0.2.50")}
            primaries.silence_s = {newer: 1.5}
            await ask(run, is_whole=True)
            await run.world.advance(20 if newer is SECOND else 40)
            assert (run.address(), run.serial) == ("192.0.2.50", 5)

    tell(story)
