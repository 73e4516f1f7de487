"""The name servers of zones that come from other servers: whose serials count, and who is held against whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from understudy.model.watch import ServerPlace, ServerState
from understudy.service.watching.watch import Eyes, Watch
from understudy.testing.fetching import FIRST, ORIGIN, SECOND, FakePrimaries, FetchingServer, Tell
from understudy.testing.watching import Servers, has

UPSTREAM, OTHER = ServerPlace(FIRST.address, FIRST.port), ServerPlace(SECOND.address, SECOND.port)
NAMED = ServerPlace("192.0.2.53", 53)
LAID_OVER = """\
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2], transfer: {to: [192.0.2.0/24]}}
records:
  host.example.com: {tiers: [[198.51.100.1]]}
"""


@asynccontextmanager
async def _watched(run: FetchingServer) -> AsyncIterator[Servers]:
    """The servers, after they have been looked at for a while."""
    servers = Servers(run.world.clock)
    eyes = Eyes(servers.look, servers.resolve, servers.ask_serial, chance=lambda: 0.5)
    task = asyncio.ensure_future(Watch(run.world.server, eyes).run())
    await run.world.clock.sleep(20)
    yield servers
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _states(run: FetchingServer) -> dict[ServerPlace | None, ServerState]:
    return {named.place: watched.state for named, watched in run.world.server.watched[ORIGIN].items()}


def test_the_newest_serial_that_anybody_has_is_what_all_are_held_against(tell: Tell) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        async with _watched(run) as servers:
            assert _states(run) == dict.fromkeys((UPSTREAM, OTHER, NAMED), ServerState.OK)
            assert set(servers.samples.values()) == {()}, "what is answered is not decided here"
            servers.shows[UPSTREAM] = has(9)
            await run.world.clock.sleep(250)
            assert _states(run) == {
                UPSTREAM: ServerState.OK,
                OTHER: ServerState.BEHIND,
                NAMED: ServerState.BEHIND,
            }

    tell(story, first=7)


def test_a_primary_counts_in_other_serials_than_a_zone_with_records_laid_over_it(tell: Tell) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        async with _watched(run) as servers:
            serial = run.world.server.serials()[ORIGIN]
            servers.shows = {UPSTREAM: has(serial + 90), OTHER: has(serial - 5), NAMED: has(serial + 90)}
            await run.world.clock.sleep(250)
            assert _states(run) == {
                UPSTREAM: ServerState.OK,
                OTHER: ServerState.OK,
                NAMED: ServerState.AHEAD,
            }
            assert (servers.samples[UPSTREAM], servers.samples[OTHER]) == ((), ()), "records are not laid over there"
            assert [each.owner for each in servers.samples[NAMED]] == ["host.example.com."] * 2

    tell(story, LAID_OVER, first=7)
