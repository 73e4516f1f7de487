"""Zones from other servers that are handed on: as they came, or with records laid over them; serials only grow."""

from __future__ import annotations

import dns.message
import dns.rcode
import dns.rrset
import pytest

from understudy.service.copy_files import write_copy
from understudy.service.desk import Desk
from understudy.service.reports.zone_views import PromoteRequest
from understudy.store.versions import VersionsKept
from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour
from understudy.testing.fetching import (
    BROKEN,
    FIRST,
    ORIGIN,
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
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2], transfer: {to: [192.0.2.0/24]}}
"""
CHECKED = """\
checks:
  web: {tcp: 80, interval: 5s, fall: 1, rise: 1}
records:
  host.example.com: {check: web, tiers: [[198.51.100.1], [198.51.100.2]]}
"""
ALARM = "zone/example.com"
NOT_READY, PROHIBITED = 14, 18  # RFC 8914 4


@pytest.fixture
def tell(tell: Tell) -> Tell:
    def run(story: Story, configuration: str = PLAIN, *, first: int | None = 7) -> None:
        tell(story, configuration, first=first)

    return run


def handed_on(run: FetchingServer) -> int | None:
    return run.world.server.versions.serial_of(ORIGIN)


async def history(run: FetchingServer) -> list[tuple[int | None, int]]:
    return [(each.before, each.serial) for each in await run.world.server.store.versions(ORIGIN)]


def test_what_nothing_is_laid_over_goes_on_with_its_own_serial_and_history(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert handed_on(run) == 7
        primaries.have(version(2026112201, "192.0.2.20"))
        await run.world.advance(105)
        primaries.have(version(2026112205, "192.0.2.20"))
        await run.world.advance(205)
        assert handed_on(run) == 2026112205
        assert await history(run) == [(None, 7), (7, 2026112201), (2026112201, 2026112205)]

    tell(story)


@pytest.mark.parametrize("is_kill", [False, True])
def test_a_digest_of_the_primary_s_outlives_restarts_and_reloads(tell: Tell, is_kill: bool) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(9, more=f"@ 60 ZONEMD 9 1 1 {version(9).zonemd('sha384').hex()}\n"))
        await run.world.advance(105)
        await run.restart(Restart(is_kill=is_kill, pause_s=1.0))
        await run.world.advance(120)
        assert await run.world.reload(PLAIN.replace("192.0.2.0/24", "192.0.0.0/16")) == ""
        await run.world.advance(230)
        assert handed_on(run) == 9
        assert await history(run) == [(None, 7), (7, 9)]

    tell(story)


@pytest.mark.parametrize("is_kill", [False, True])
def test_a_restart_changes_neither_serial_nor_history(tell: Tell, is_kill: bool) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(9, "192.0.2.20"))
        await run.world.advance(105)
        primaries.have(SILENT)
        await run.restart(Restart(is_kill=is_kill, pause_s=1.0))
        await run.world.advance(120)
        assert handed_on(run) == 9
        assert await history(run) == [(None, 7), (7, 9)]

    tell(story)


def refusal(run: FetchingServer, client: str) -> int:
    """Why this client gets no transfer, by the extended error."""
    query = dns.message.make_query("example.com.", "IXFR", use_edns=True)
    query.authority = [dns.rrset.from_text("example.com.", 0, "IN", "SOA", "ns. root. 1 0 0 0 0")]
    octets = run.world.server.engine.answer(query.to_wire(), client)
    assert octets is not None
    response = dns.message.from_wire(octets)
    assert response.rcode() == dns.rcode.REFUSED
    (error,) = response.extended_errors()
    return error.code


async def crash_with_an_older_copy(run: FetchingServer, primaries: FakePrimaries) -> None:
    primaries.have(version(9, "192.0.2.20"))
    await run.world.advance(105)
    copy = run.world.server.candidate.configuration.zones[ORIGIN].file
    write_copy(copy, version(8), copy.stat().st_mtime)
    primaries.have(SILENT)
    await run.restart(Restart(is_kill=True, pause_s=1.0))
    await run.world.advance(120)


def test_a_copy_that_a_crash_left_behind_is_handed_on_only_when_a_primary_confirms_it(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await crash_with_an_older_copy(run, primaries)
        assert (handed_on(run), run.address()) == (None, "192.0.2.10")
        assert [refusal(run, client) for client in ("192.0.2.53", "198.51.100.1")] == [NOT_READY, PROHIBITED]
        primaries.have(version(9, "192.0.2.20"))
        await run.world.advance(140)
        assert (handed_on(run), run.address()) == (9, "192.0.2.20")
        assert await history(run) == [(None, 7), (7, 9)]

    tell(story)


def test_a_copy_that_a_crash_left_behind_is_handed_on_when_it_is_promoted(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await crash_with_an_older_copy(run, primaries)
        assert handed_on(run) is None
        await Desk(run.world.server).promote_zone(PromoteRequest(name="example.com", author="ops"))
        await run.world.advance(125)
        assert (handed_on(run), run.address()) == (10, "192.0.2.10")

    tell(story)


def test_records_laid_over_it_make_serials_of_our_own_that_stay_ahead(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert (handed_on(run), run.address()) == (8, "198.51.100.1")
        run.world.behave(endpoint("198.51.100.1"), Behaviour.parse("refuses"), check="web")
        await run.world.advance(30)
        assert (handed_on(run), run.address()) == (9, "198.51.100.2")
        primaries.have(version(8, "192.0.2.20"))  # what is hidden changes, and nothing else
        await run.world.advance(105)
        assert (handed_on(run), run.serial) == (9, 8)
        primaries.have(version(12, "192.0.2.20", more="new 60 A 192.0.2.30\n"))
        await run.world.advance(205)
        assert handed_on(run) == 13
        assert await history(run) == [(None, 8), (8, 9), (9, 13)]

    tell(story, PLAIN + CHECKED)


def test_a_decision_goes_out_after_a_restart_though_no_primary_is_there(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(SILENT)
        await run.world.end()
        (run.world.folder / "understudy.yaml").write_text((PLAIN + CHECKED).replace("198.51.100.1", "198.51.100.9"))
        await run.world._open()
        await run.resume()
        await run.world.advance(60)
        assert (handed_on(run), run.address()) == (9, "198.51.100.2")  # the new one has to prove itself first

    tell(story, PLAIN + CHECKED)


def test_records_that_come_and_go_never_bring_a_serial_back(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert await run.world.reload(PLAIN + CHECKED) == ""
        await run.world.advance(20)
        assert handed_on(run) == 8
        assert await run.world.reload(PLAIN) == ""
        await run.world.advance(30)
        assert handed_on(run) == 9  # the primary's 7 would be old news
        primaries.have(version(8, "192.0.2.20"))
        await run.world.advance(125)
        assert handed_on(run) == 10
        primaries.have(version(11, "192.0.2.30"))
        await run.world.advance(225)
        assert handed_on(run) == 11  # from here on it is the primary's own again

    tell(story)


def test_a_first_version_in_the_way_of_a_record_is_not_answered_at_all(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await run.end()
        primaries.have(version(1, more="www 60 CNAME host\n"))
        steered = PLAIN + "records: {www.example.com: {tiers: [[198.51.100.1]]}}\n"
        (run.world.folder / "state" / "zones" / "example.com.zone").unlink()
        await run.start(steered)
        await run.world.advance(300)
        assert [run.address(), run.address("www.example.com")] == ["SERVFAIL"] * 2
        assert ALARM in await run.world.alarms()
        assert "serial 1 from 192.0.2.1:53 is not used" in run.world.log.getvalue()
        assert primaries.fetched[1:] == [(FIRST, None)]  # known, and not fetched again and again
        assert await run.world.reload(PLAIN) == ""
        await run.world.advance(303)
        assert run.address() == "192.0.2.10"
        assert ALARM not in await run.world.alarms()
        assert await run.world.reload(steered) == "config"
        assert run.address() == "192.0.2.10"

    tell(story)


def test_a_newer_version_in_the_way_of_a_record_waits_until_it_is_not(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(8, "192.0.2.20", more="host.www 60 DNAME example.net.\nwww 60 CNAME host\n"))
        await run.world.advance(105)
        assert (run.serial, run.address(), handed_on(run)) == (7, "192.0.2.10", 8)
        assert ALARM in await run.world.alarms()
        primaries.breaks = {FIRST: BROKEN}
        await run.world.advance(2000)  # it does not expire for that
        assert run.address() == "192.0.2.10"
        primaries.breaks = {}
        primaries.have(version(9, "192.0.2.30"))
        await run.world.advance(2105)
        assert (run.serial, run.address()) == (9, "192.0.2.30")
        assert ALARM not in await run.world.alarms()

    tell(story, PLAIN + "records: {www.example.com: {tiers: [[198.51.100.1]]}}\n")


def test_a_start_in_doubt_answers_what_it_passes_on_with_the_primary_s_serial(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        run.world.disk.versions = VersionsKept.DOUBTFUL
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        loaded = run.world.server.zones[ORIGIN]
        assert run.world.server.versions.first_serial(loaded) in {None, 7}
        await run.world.advance(30)
        assert handed_on(run) == 7

    tell(story)
