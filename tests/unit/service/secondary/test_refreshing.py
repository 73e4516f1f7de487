"""Zones that are refreshed many at a time, in virtual time, and what becomes of those that this does not settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.event import EventKind
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact, Wanted
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.together import Answers, Portions
from understudy.store.store import EventFilter
from understudy.testing.fetching import FIRST, SECOND, SILENT, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.zones.secondary import Offer, Standing

ORIGINS = [Name.parse(f"zone{number}.example") for number in range(20)]
ONE, TWO = "[192.0.2.1]", "[192.0.2.1, 192.0.2.2]"
REFRESH_S = 100
SERVFAIL = TransferError("192.0.2.1:53 answered SERVFAIL", code="transfer.refused")

Story: TypeAlias = Callable[[FetchingServer, "Together"], Awaitable[None]]


class Together(FakePrimaries):
    """Answers and gives many at a time. `differ`: what a primary has of a zone, where it is not what it has of all.

    `surveyed` and `gathered` are what was asked together, `alone` what was asked or fetched by itself. `mute` says
    nothing for two seconds, and then leaves, to those that ask for many.
    """

    def __init__(self) -> None:
        super().__init__()
        self.differ: dict[tuple[Primary, Name], Zone | TransferError | None] = {}
        self.surveyed: list[tuple[Primary, int]] = []
        self.gathered: list[tuple[Primary, int]] = []
        self.alone: list[Name] = []
        self.mute: set[Primary] = set()
        self.is_asked = asyncio.Event()
        self.survey = self.say
        self.gather = self.give

    def found(self, primary: Primary, origin: Name) -> Zone | TransferError | None:
        """None: nothing is said of it to those that ask for many."""
        has = self.has[primary]
        return self.differ.get(
            (primary, origin), has if isinstance(has, TransferError) else version(has.serial, origin=origin)
        )

    async def say(self, origins: Sequence[Name], contact: Contact) -> Answers:
        primary = contact.primary
        self.surveyed.append((primary, len(origins)))
        self.is_asked.set()
        if primary in self.mute:
            for _ in range(8):
                await asyncio.sleep(0.25)
                yield []
            return
        await asyncio.sleep(0.01)
        portion: list[tuple[Name, Offer | TransferError]] = []
        for origin in origins:
            found = self.found(primary, origin)
            if isinstance(found, Zone):
                portion.append((origin, Offer(primary, found.serial, self.expires.get(primary))))
            elif found not in {None, SILENT}:
                portion.append((origin, found))
        yield portion[:5]
        yield portion[5:]

    async def give(self, wanted: Wanted, contact: Contact) -> Portions:
        primary = contact.primary
        self.gathered.append((primary, len(wanted)))
        await asyncio.sleep(0.01)
        found = [(origin, self.found(primary, origin)) for origin in wanted]
        yield [(origin, each) for origin, each in found if each is not None and each is not SILENT]

    async def ask_offer(self, origin: Name, contact: Contact) -> Offer:
        self.alone.append(origin)
        found = self.differ.get((contact.primary, origin))
        if isinstance(found, Zone):
            return Offer(contact.primary, found.serial)
        return await super().ask_offer(origin, contact)

    async def fetch(self, origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
        self.alone.append(origin)
        found = self.differ.get((contact.primary, origin))
        return found if isinstance(found, Zone) else await super().fetch(origin, contact, held)

    def forget(self) -> None:
        """Count from now on."""
        for each in (self.surveyed, self.gathered, self.alone):
            each.clear()
        self.is_asked.clear()


def tell(folder: Path, story: Story, primaries: str = ONE, more: str = "", *, first: Together | None = None) -> None:
    lines = "".join(f"  {origin}: {{source: transfer, primaries: {primaries}}}\n" for origin in ORIGINS)

    async def main(clock: VirtualClock) -> None:
        together = first or Together()
        run = FetchingServer(clock, folder, together)
        await run.start(f"listen: 127.0.0.1:5300\nzones:\n{lines}{more}")
        await story(run, together)
        await run.end()

    run_virtual(main)


def cares(run: FetchingServer) -> list[FetchedZone]:
    return [run.world.server.fetched[origin] for origin in ORIGINS]


def serials(run: FetchingServer) -> set[int]:
    return {run.world.server.zones[origin].zone.serial for origin in ORIGINS}


def test_many_zones_are_refreshed_by_one_conversation_with_their_primary(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        begun = run.world.clock.now()
        await asyncio.sleep(REFRESH_S)
        assert primary.surveyed == [(FIRST, len(ORIGINS))]
        assert not primary.alone
        for care in cares(run):
            assert care.secondary.standing is Standing.CURRENT
            assert (care.secondary.refreshed_at or 0.0) >= begun + 80
            assert not care.is_busy
            assert care.rounds_begun == care.rounds_ended == 2
            assert care.definition.file.stat().st_mtime == care.secondary.refreshed_at

    tell(tmp_path, story)


def test_what_has_changed_is_fetched_together_as_well(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.have(version(2))
        await asyncio.sleep(REFRESH_S)
        assert primary.gathered == [(FIRST, len(ORIGINS))]
        assert not primary.alone
        assert serials(run) == {2}
        events = await run.world.server.store.events(
            EventFilter(kinds=frozenset((EventKind.ZONE,)), subject=str(ORIGINS[0]))
        )
        assert [event.text for event in events][-1] == "serial 1 → 2 from 192.0.2.1:53, 4 records"
        assert {care.rounds_begun for care in cares(run)} == {care.rounds_ended for care in cares(run)} == {2}
        await asyncio.sleep(5)
        assert all(care.is_saved for care in cares(run))

    tell(tmp_path, story)


def test_few_that_have_changed_are_each_fetched_by_itself(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.differ[FIRST, ORIGINS[3]] = version(2, origin=ORIGINS[3])
        await asyncio.sleep(REFRESH_S)
        assert not primary.gathered
        assert set(primary.alone) == {ORIGINS[3]}
        assert run.world.server.zones[ORIGINS[3]].zone.serial == 2

    tell(tmp_path, story)


def test_of_several_primaries_all_are_asked_and_the_newest_version_wins(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        assert serials(run) == {1}
        assert primary.surveyed == [(FIRST, len(ORIGINS)), (SECOND, len(ORIGINS))]
        assert not primary.alone
        await asyncio.sleep(5)
        primary.forget()
        primary.has[FIRST], primary.has[SECOND] = version(2), version(3)
        await asyncio.sleep(REFRESH_S)
        assert serials(run) == {3}
        assert primary.gathered == [(SECOND, len(ORIGINS))]
        assert not primary.alone

    tell(tmp_path, story, TWO)


def test_a_primary_that_lags_is_a_fault_of_its_own_and_nothing_is_fetched_from_it(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.has[FIRST] = version(2**31 + 5)  # older than 1 (RFC 1982)
        await asyncio.sleep(REFRESH_S)
        assert serials(run) == {1}
        assert not primary.gathered
        assert not primary.alone
        assert {str(care.primary) for care in cares(run)} == {"192.0.2.2:53"}
        assert {care.secondary.standing for care in cares(run)} == {Standing.CURRENT}
        primary.has[SECOND] = version(2**31 + 5)
        await asyncio.sleep(REFRESH_S)
        assert {care.secondary.standing for care in cares(run)} == {Standing.RETRYING}
        assert {care.problem.codes for care in cares(run)} == {("transfer.behind",)}

    tell(tmp_path, story, TWO)


def test_of_whom_nothing_is_heard_each_zone_is_asked_for_by_itself(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.differ = {(FIRST, origin): None for origin in ORIGINS[3:5]}
        begun = run.world.clock.now()
        await asyncio.sleep(REFRESH_S)
        assert set(primary.alone) == set(ORIGINS[3:5])
        assert all((care.secondary.refreshed_at or 0.0) > begun for care in cares(run))
        assert {care.rounds_begun for care in cares(run)} == {care.rounds_ended for care in cares(run)} == {2}

    tell(tmp_path, story)


def test_a_primary_that_hangs_holds_up_no_change_that_another_one_has(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.mute = {FIRST}
        primary.has[SECOND] = version(2)
        await asyncio.wait_for(primary.is_asked.wait(), REFRESH_S)
        await asyncio.sleep(0.6)
        assert serials(run) == {2}
        assert not primary.alone

    tell(tmp_path, story, TWO)


def test_many_whose_primary_says_no_are_asked_about_together_again(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.differ = {(FIRST, origin): SERVFAIL for origin in ORIGINS}
        await asyncio.sleep(REFRESH_S)
        assert {care.secondary.standing for care in cares(run)} == {Standing.RETRYING}
        assert {care.problem.text for care in cares(run)} == {SERVFAIL.message}
        primary.differ.clear()
        await asyncio.sleep(10)
        assert {care.secondary.standing for care in cares(run)} == {Standing.CURRENT}
        assert not any(care.problem for care in cares(run))
        assert not primary.alone

    tell(tmp_path, story)


def test_a_fresh_secondary_tries_those_that_a_primary_still_loads_together_again(tmp_path: Path) -> None:
    primary = Together()
    primary.differ = {(FIRST, origin): SERVFAIL for origin in ORIGINS[5:]}

    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        assert run.world.server.zones.keys() == set(ORIGINS[:5])
        said = "zone7.example is not served, no primary has given it yet: 192.0.2.1:53 answered SERVFAIL"
        assert run.world.server.alarms.text("zone/zone7.example") == said
        (alarm,) = run.world.server.alarms.active
        assert alarm.text.startswith("15 zones not served: 192.0.2.1:53 answered SERVFAIL")
        primary.differ.clear()
        await asyncio.sleep(5)
        assert run.world.server.zones.keys() == set(ORIGINS)
        assert not primary.alone

    tell(tmp_path, story, first=primary)


def test_a_silent_primary_is_not_asked_about_many_and_a_zone_finds_it_again(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.has[FIRST] = SILENT
        await asyncio.sleep(REFRESH_S)
        primary.forget()
        await asyncio.sleep(25)  # its first pause
        primary.has[FIRST] = version(1)
        await asyncio.sleep(2 * REFRESH_S)
        assert {each for each, _ in primary.surveyed} == {FIRST, SECOND}
        assert run.world.log.getvalue().count("answers again") == 1

    tell(tmp_path, story, TWO)


def test_a_notice_for_many_zones_asks_about_them_together(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.have(version(2))
        for origin in ORIGINS:
            assert run.notify("192.0.2.1", str(origin)) == "NOERROR"
        await asyncio.sleep(1)
        assert serials(run) == {2}
        assert not primary.alone

    tell(tmp_path, story)


def test_what_another_configuration_says_meanwhile_counts(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.mute = {FIRST, SECOND}
        primary.forget()
        await asyncio.wait_for(primary.is_asked.wait(), REFRESH_S)
        gone = ORIGINS[3]
        lines = "".join(f"  {each}: {{source: transfer, primaries: [192.0.2.2]}}\n" for each in ORIGINS if each != gone)
        await run.world.reload(f"listen: 127.0.0.1:5300\nzones:\n{lines}")
        primary.mute.clear()
        await asyncio.sleep(5)
        assert gone not in run.world.server.fetched
        assert {str(run.world.server.fetched[each].primary) for each in ORIGINS if each != gone} == {"192.0.2.2:53"}

    tell(tmp_path, story)


def test_records_over_zones_and_catalogs_are_refreshed_with_the_others(tmp_path: Path) -> None:
    record = (
        "checks:\n  web: {tcp: 80}\npools:\n  near: [192.0.2.99]\n"
        f"records:\n  www.{ORIGINS[4]}: {{check: web, tiers: [near]}}\n"
    )

    async def story(run: FetchingServer, primary: Together) -> None:
        await asyncio.sleep(5)
        primary.forget()
        primary.have(version(2))
        await asyncio.sleep(REFRESH_S)
        assert not primary.alone
        assert run.address(f"www.{ORIGINS[4]}") == "192.0.2.99"
        assert run.address(f"host.{ORIGINS[4]}") == "192.0.2.10"
        assert serials(run) == {2}

    tell(tmp_path, story, more=record)
