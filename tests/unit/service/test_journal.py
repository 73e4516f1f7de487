"""What happens is kept, logged, and handed to whoever follows."""

import asyncio
import io
from collections.abc import Awaitable, Callable

from understudy.model.event import Event, EventKind, Severity
from understudy.service.desk import Desk
from understudy.service.journal import FOLLOWER_QUEUE, Journal
from understudy.service.operations import EventFilter
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.memory_store import MemoryStore
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

Live = Callable[..., None]


def event(text: str = "something", severity: Severity = Severity.INFO) -> Event:
    return Event(0.0, EventKind.SERVICE, "server", text, severity)


def journal() -> tuple[Journal, io.StringIO]:
    lines = io.StringIO()
    return Journal(MemoryStore(), make_log(LogLevel.DEBUG, LogStyle.JSON, lines)), lines


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def whole(_: VirtualClock) -> None:
        await main()

    run_virtual(whole)


def test_every_event_is_numbered_logged_and_counted() -> None:
    told, lines = journal()
    told.tell(event("one"))
    told.tell(event("two", Severity.ALARM))
    assert told.counts == {Severity.INFO: 1, Severity.ALARM: 1}
    assert [line.count('"two"') for line in lines.getvalue().splitlines()] == [0, 1]


def test_a_follower_hears_everything_from_the_moment_it_began() -> None:
    async def main() -> None:
        told, _ = journal()
        told.tell(event("before"))
        with told.following() as live:
            told.tell(event("one"))  # before anybody reads
            told.tell(event("two"))
            told.end_followers()
            assert [(each.sequence, each.text) async for each in live] == [(2, "one"), (3, "two")]

    run(main)


def test_a_follower_that_falls_behind_is_ended_and_holds_no_memory() -> None:
    async def main() -> None:
        told, _ = journal()
        with told.following() as slow:
            for number in range(FOLLOWER_QUEUE + 500):
                told.tell(event(str(number)))
            heard = [each.text async for each in slow]
        assert heard == [str(number) for number in range(FOLLOWER_QUEUE)]

    run(main)


def test_one_that_comes_while_the_server_leaves_is_ended_at_once() -> None:
    async def main() -> None:
        told, _ = journal()
        told.end_followers()
        told.end_followers()
        with told.following() as live:
            assert [each async for each in live] == []

    run(main)


def test_a_follower_that_leaves_is_forgotten() -> None:
    async def main() -> None:
        told, _ = journal()
        with told.following():
            assert len(told._followers) == 1
        assert not told._followers

    run(main)


def test_no_event_is_lost_or_told_twice_between_the_history_and_the_present(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        desk, server = Desk(world.server), world.server
        for number in range(2500):  # more than a page of the store
            server.journal.tell(Event(world.clock.now(), EventKind.ZONE, "past", str(number)))
        heard: list[str] = []

        async def follow() -> None:
            async for each in desk.follow(EventFilter(after=0, kinds=(EventKind.ZONE,))):
                heard.append(each.text)
                if len(heard) % 100 == 0:  # things go on happening while the past is read
                    server.journal.tell(Event(world.clock.now(), EventKind.ZONE, "now", f"now {len(heard)}"))
                    await asyncio.sleep(0)
                if len(heard) == 2520:
                    server.leave()

        await follow()
        assert [text for text in heard if not text.startswith("now")] == [str(number) for number in range(2500)]
        present = [text for text in heard if text.startswith("now")]
        assert len(present) == len(set(present)) == 25

    live(life)


def test_a_follower_without_a_past_hears_only_what_comes(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        heard: list[str] = []

        async def follow() -> None:
            heard.extend(
                [each.text async for each in Desk(world.server).follow(EventFilter(subject="www.example.com"))]
            )

        task = asyncio.create_task(follow())
        await asyncio.sleep(0)
        world.server.journal.tell(Event(0.0, EventKind.ZONE, "www.example.com", "new"))
        world.server.journal.tell(Event(0.0, EventKind.ZONE, "other.example.com", "of another"))
        world.server.leave()
        await task
        assert heard == ["new"]

    live(life)
