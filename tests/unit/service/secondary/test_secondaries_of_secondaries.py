"""Secondaries of secondaries, in virtual time: a version is good for as long as its true primary was heard.

RFC 7314 4.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import dns.edns
import dns.message

from understudy.model.name import Name
from understudy.service.reports.zone_report import report_zones
from understudy.testing.fetching import (
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
from understudy.testing.story import Restart
from understudy.testing.virtual_time import VirtualClock, run_virtual

EXPIRE = dns.edns.OptionType.make(9)


def told(run: FetchingServer, origin: Name = ORIGIN) -> int | None:
    """For how long this server says that its version is good."""
    query = dns.message.make_query(origin.absolute, "SOA")
    query.use_edns(0, options=[dns.edns.GenericOption(EXPIRE, b"")])
    now = run.world.server.clock.to_monotonic(run.world.server.clock.now())
    wire = run.world.server.engine.answer(query.to_wire(), now=now)
    options = dns.message.from_wire(wire or b"").options
    return next((int.from_bytes(each.to_wire() or b"") for each in options if each.otype == EXPIRE), None)


def expires_in_s(run: FetchingServer) -> float:
    (view,) = report_zones(run.world.server)
    assert view.upstream is not None
    assert view.upstream.expires_at is not None
    return view.upstream.expires_at - run.world.server.clock.now()


def test_what_a_primary_says_is_what_this_server_says_less_the_time_since(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert 999 <= (told(run) or 0) <= 1000
        primaries.have(SILENT)
        await asyncio.sleep(400)
        assert 598 <= (told(run) or 0) <= 601
        await asyncio.sleep(700)
        assert (told(run), run.address()) == (None, "SERVFAIL")
        primaries.have(version(1))
        await asyncio.sleep(11)
        assert (told(run) or 0) > 980

    tell(story)


def test_a_version_is_confirmed_for_as_long_as_it_is_good_where_it_was_asked_for(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = SILENT
        primaries.expires = {SECOND: 700}
        await asyncio.sleep(350)  # it was good for longer itself, until 300 s had passed
        assert 640 <= expires_in_s(run) <= 700
        primaries.expires = {SECOND: 0}
        await asyncio.sleep(300)
        assert 340 <= expires_in_s(run) <= 400
        primaries.has[FIRST] = version(1)  # the true primary is back, which says nothing of it
        assert run.notify("192.0.2.1") == "NOERROR"
        await asyncio.sleep(5)
        assert expires_in_s(run) > 990

    tell(story)


def test_secondaries_that_name_each_other_let_a_zone_expire(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = SILENT
        for _ in range(1200):  # the other one has heard of the primary as lately as we, or less, whenever it is asked
            primaries.expires = {SECOND: max(0, int(expires_in_s(run)) - 1)}
            await asyncio.sleep(1)
        assert run.address() == "SERVFAIL"
        (view,) = report_zones(run.world.server)
        assert view.upstream is not None
        assert (view.upstream.standing, view.upstream.codes[-1]) == ("expired", "transfer.expired")
        assert "192.0.2.2:53 has serial 1 too, and has not heard its own primary" in view.upstream.problem
        assert "zone/example.com" in await run.world.alarms()
        primaries.has[FIRST] = version(1)
        await asyncio.sleep(700)
        assert run.address() == "192.0.2.10"
        assert "zone/example.com" not in await run.world.alarms()

    tell(story)


def test_a_restart_does_not_make_a_version_good_for_longer(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        server = FetchingServer(clock, tmp_path, primaries)
        await server.start(FROM_TWO)
        primaries.has[FIRST] = SILENT
        primaries.expires = {SECOND: 450}
        await asyncio.sleep(650)
        before = expires_in_s(server)
        assert before <= 450
        primaries.have(SILENT)
        await server.restart(Restart(is_kill=True, pause_s=1.0))
        assert before - 5 < expires_in_s(server) <= before
        await asyncio.sleep(460)
        assert server.address() == "SERVFAIL"
        await server.end()

    run_virtual(main)
