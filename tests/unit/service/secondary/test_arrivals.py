"""Zones that come many at a time, and what becomes of those that do not come so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from understudy.engine import Zone
from understudy.model.event import EventKind
from understudy.model.name import Name
from understudy.service.secondary.contact import Contact, Wanted
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.together import Portions
from understudy.store.store import EventFilter
from understudy.testing.fetching import SILENT, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.secondary import Standing

ORIGINS = [Name.parse(f"zone{number}.example") for number in range(20)]
HEAD = "listen: 127.0.0.1:5300\n"
SIMPLE = "{source: transfer, primaries: [192.0.2.1]}"

Story: TypeAlias = Callable[[FetchingServer], Awaitable[None]]


def zones(each: str = SIMPLE, origins: Sequence[Name] = tuple(ORIGINS)) -> str:
    return "zones:\n" + "".join(f"  {origin}: {each}\n" for origin in origins)


class Together(FakePrimaries):
    """Gives zones together, some at a time, but for those that it `lacks`; `others` are asked for by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.lacks: set[Name] = set()
        self.gathered: list[Name] = []
        self.others: list[Name] = []
        self.more = ""
        self.is_left = False
        self.given: list[Portions] = []
        self.gather = self.begin

    def begin(self, origins: Wanted, contact: Contact) -> Portions:
        """Not collected when nobody else refers to it: whoever gives it up has to close it."""
        self.given.append(self.give(origins, contact))
        return self.given[-1]

    async def give(self, origins: Wanted, _contact: Contact) -> Portions:
        self.gathered += origins
        here = [origin for origin in origins if origin not in self.lacks]
        try:
            for start in range(0, len(here), 7):
                await asyncio.sleep(self.pause_s)
                yield [(origin, version(1, more=self.more, origin=origin)) for origin in here[start : start + 7]]
        finally:
            self.is_left = True

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        self.others.append(origin)
        return await super().fetch(origin, contact, held)


def tell(folder: Path, primary: Together, story: Story, configuration: str = HEAD + zones()) -> None:
    async def main(clock: VirtualClock) -> None:
        run = FetchingServer(clock, folder, primary)
        await run.start(configuration)
        await story(run)
        await run.end()

    run_virtual(main)


def cares(run: FetchingServer) -> list[FetchedZone]:
    return [run.world.server.fetched[origin] for origin in ORIGINS]


def test_many_zones_come_together_and_are_zones_like_others(tmp_path: Path) -> None:
    primary = Together()

    async def story(run: FetchingServer) -> None:
        server = run.world.server
        assert server.zones.keys() == set(ORIGINS)
        assert {origin for origin, _, _ in server.engine.zones()} == {origin.absolute for origin in ORIGINS}
        assert run.address("host.zone7.example") == "192.0.2.10"
        assert primary.gathered == ORIGINS
        assert not primary.others
        assert not primary.asked
        events = await server.store.events(EventFilter(kinds=frozenset((EventKind.ZONE,))))
        assert [event.text for event in events] == ["serial 1 from 192.0.2.1:53, 4 records"] * len(ORIGINS)
        assert {care.secondary.standing for care in cares(run)} == {Standing.CURRENT}
        assert {care.rounds_ended for care in cares(run)} == {care.rounds_begun for care in cares(run)} == {1}
        assert not (tmp_path / "state" / "zones").exists()
        await asyncio.sleep(4)
        assert len(list((tmp_path / "state" / "zones").glob("*.zone"))) == len(ORIGINS)
        await asyncio.sleep(100)  # SOA refresh
        assert primary.asked == len(ORIGINS)
        assert not primary.others

    tell(tmp_path, primary, story)


def test_a_zone_that_does_not_come_with_the_others_is_asked_for_by_itself(tmp_path: Path) -> None:
    primary = Together()
    primary.lacks = set(ORIGINS[3:5])

    async def story(run: FetchingServer) -> None:
        assert run.world.server.zones.keys() == set(ORIGINS)
        assert sorted(primary.others, key=ORIGINS.index) == ORIGINS[3:5]
        assert {care.rounds_ended for care in cares(run)} == {care.rounds_begun for care in cares(run)} == {1}

    tell(tmp_path, primary, story)


def test_nobody_is_asked_for_many_again_while_it_is_dead(tmp_path: Path) -> None:
    primary = Together()
    primary.lacks = set(ORIGINS)
    primary.have(SILENT)

    async def story(run: FetchingServer) -> None:
        await asyncio.sleep(30)
        assert primary.gathered == ORIGINS
        assert set(primary.others) == set(ORIGINS)
        assert "takes no connection" in run.world.log.getvalue()
        primary.have(version(1))
        primary.lacks.clear()
        primary.others.clear()
        await asyncio.sleep(120)
        assert run.world.server.zones.keys() == set(ORIGINS)
        assert primary.gathered == [*ORIGINS, *ORIGINS]
        assert not primary.others

    tell(tmp_path, primary, story)


def test_what_is_not_simple_is_asked_for_by_itself(tmp_path: Path) -> None:
    simple, others = ORIGINS[:8], ORIGINS[8:]
    kinds = [
        "{source: transfer, primaries: [192.0.2.1, 192.0.2.2]}",
        "{source: transfer, primaries: [192.0.2.1], catalog: true}",
        "{source: transfer, primaries: [192.0.2.1], zonemd: require}",
        "{source: transfer, primaries: [192.0.2.2]}",  # too few of this one
        SIMPLE,  # with a record over it
    ]
    lines = "".join(f"  {origin}: {kind}\n" for origin, kind in zip(others, kinds, strict=False))
    record = (
        "checks:\n  web: {tcp: 80}\npools:\n  near: [192.0.2.10]\n"
        f"records:\n  www.{others[4]}: {{check: web, tiers: [near]}}\n"
    )
    primary = Together()

    async def story(run: FetchingServer) -> None:
        assert primary.gathered == simple
        assert set(primary.others) == set(others[: len(kinds)])
        assert run.world.server.zones.keys() >= {*simple, others[0], others[3], others[4]}

    tell(tmp_path, primary, story, HEAD + zones(origins=simple) + lines + record)


def test_few_zones_are_each_asked_for_by_itself(tmp_path: Path) -> None:
    primary = Together()

    async def story(run: FetchingServer) -> None:
        assert not primary.gathered
        assert len(run.world.server.zones) == 7

    tell(tmp_path, primary, story, HEAD + zones(origins=ORIGINS[:7]))


def test_a_zone_with_a_digest_is_not_taken_unseen(tmp_path: Path) -> None:
    primary = Together()
    digest = "00" * 48
    primary.more = f"@ 60 ZONEMD 1 1 1 {digest}\n"

    async def story(run: FetchingServer) -> None:
        assert primary.gathered == ORIGINS
        assert set(primary.others) == set(ORIGINS)  # which come without one
        assert run.world.server.zones.keys() == set(ORIGINS)

    verified = "{source: transfer, primaries: [192.0.2.1], zonemd: verify}"
    tell(tmp_path, primary, story, HEAD + zones(verified))


def test_what_another_configuration_says_meanwhile_counts(tmp_path: Path) -> None:
    primary = Together()
    primary.pause_s = 1.0
    gone, steered = ORIGINS[15], ORIGINS[16]
    rest = [origin for origin in ORIGINS if origin != gone]
    record = (
        "checks:\n  web: {tcp: 80}\npools:\n  near: [192.0.2.99]\n"
        f"records:\n  host.{steered}: {{check: web, tiers: [near]}}\n"
    )

    async def story(run: FetchingServer) -> None:
        await run.world.reload(HEAD + zones(origins=rest) + record)
        await asyncio.sleep(8)
        assert run.world.server.zones.keys() == set(rest)
        assert primary.others == [steered]
        assert run.address(f"host.{steered}") == "192.0.2.99"

    tell(tmp_path, primary, story)


def test_what_was_asked_for_in_an_earlier_life_of_a_zone_is_not_its_own(tmp_path: Path) -> None:
    primary = Together()
    primary.pause_s = 3.0
    gone = ORIGINS[15]  # which is to come after 9 s
    rest = [origin for origin in ORIGINS if origin != gone]

    async def story(run: FetchingServer) -> None:
        await run.world.reload(HEAD + zones(origins=rest))
        await asyncio.sleep(2)
        assert gone not in run.world.server.fetched
        await run.world.reload(HEAD + zones())
        await asyncio.sleep(12)
        assert primary.others == [gone]
        events = await run.world.server.store.events(EventFilter(subject=str(gone)))
        assert [event.text for event in events] == ["serial 1 from 192.0.2.1:53, 4 records"]

    tell(tmp_path, primary, story)


def test_nothing_is_taken_from_a_primary_that_is_none_of_the_zone_any_more(tmp_path: Path) -> None:
    primary = Together()
    primary.pause_s = 3.0

    async def story(run: FetchingServer) -> None:
        await run.world.reload(HEAD + zones(SIMPLE.replace("192.0.2.1", "192.0.2.2")))
        await asyncio.sleep(30)
        assert run.world.server.zones.keys() == set(ORIGINS)
        assert {str(care.primary) for care in cares(run)} == {"192.0.2.2:53"}

    tell(tmp_path, primary, story)


def test_who_no_longer_waits_for_zones_gives_them_up_at_once(tmp_path: Path) -> None:
    primary = Together()
    primary.pause_s = 1.0

    async def story(run: FetchingServer) -> None:
        async with run.world.server.reloading:
            await asyncio.sleep(1)  # the first have come, and are not taken
            assert not primary.is_left
            await run.end()
            assert primary.is_left

    async def main(clock: VirtualClock) -> None:
        run = FetchingServer(clock, tmp_path, primary)
        await run.start(HEAD + zones())
        await story(run)

    run_virtual(main)
