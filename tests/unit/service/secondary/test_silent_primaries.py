"""Primaries that do not answer, in virtual time: what one zone has found the others need not wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.watch import ServerPlace
from understudy.service.reports.zone_views import RefreshRequest
from understudy.service.secondary.transfers import STALL_S
from understudy.service.secondary.turns import OF_ONE
from understudy.service.watching.watch_targets import Host
from understudy.service.zone_orders import refresh
from understudy.testing.fetching import FIRST, ORIGIN, SECOND, SILENT, FakePrimaries, FetchingServer, Tell, version

DEAD_S = 4.0  # two attempts of two seconds
MANY = 200


def configured(count: int, primaries: Sequence[str] = ("192.0.2.1", "192.0.2.2")) -> str:
    """A server with so many zones from these primaries."""
    zones = ["example.com", *(f"z{number}.example" for number in range(count - 1))]
    lines = [f"  {zone}: {{source: transfer, primaries: [{', '.join(primaries)}]}}" for zone in zones]
    return "\n".join(("listen: 127.0.0.1:5300", "zones:", *lines, ""))


def silence(primaries: FakePrimaries) -> None:
    """The first primary is dead, and to find that takes as long as it really does."""
    primaries.has[FIRST] = SILENT
    primaries.silence_s = {FIRST: DEAD_S}


def refreshed_since(run: FetchingServer, instant: Instant) -> int:
    """How many zones were confirmed since then."""
    cares = run.world.server.fetched.values()
    return sum((care.secondary.refreshed_at or 0.0) >= instant for care in cares)


def test_a_round_of_many_zones_does_not_wait_for_a_dead_primary_in_each(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(99)
        begun = run.world.clock.now()
        await asyncio.sleep(6)
        assert refreshed_since(run, begun) == MANY
        assert run.world.log.getvalue().count("does not answer: zones that have other primaries") == 1

    tell(story, configured(MANY))


def test_a_primary_that_is_back_is_found_when_its_pause_is_over_and_asked_like_any_other(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(105)
        primaries.has[FIRST], primaries.silence_s = version(2, "192.0.2.20"), {}
        await asyncio.sleep(120)
        assert run.address() == "192.0.2.20"
        assert "answers again" in run.world.log.getvalue()

    tell(story)


def test_no_zone_expires_because_its_primary_that_is_back_is_thought_to_be_silent(tell: Tell) -> None:
    # RFC 7314: the other one is a secondary, and says for how long the version is still good
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        refreshed_at, waited_s = run.world.clock.now(), 0
        for waited_s in range(0, 850, 10):
            primaries.expires[SECOND] = 1000 - waited_s
            await asyncio.sleep(10)
        primaries.has[FIRST], primaries.silence_s = version(1), {}  # its pause ends after the zone
        for waited_s in range(850, 1010, 10):
            primaries.expires[SECOND] = 1000 - waited_s
            await asyncio.sleep(10)
            assert run.address() == "192.0.2.10"
        care = run.world.server.fetched[ORIGIN]
        assert (care.secondary.refreshed_at or 0.0) > refreshed_at + 850

    tell(story)


def test_a_silent_primary_that_tells_of_a_change_is_asked_at_once(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(105)
        primaries.has[FIRST], primaries.silence_s = version(2, "192.0.2.20"), {}
        run.notify("192.0.2.1")
        await asyncio.sleep(0.5)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_a_silent_primary_is_asked_where_an_operator_wants_a_refresh(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(105)
        primaries.has[FIRST], primaries.silence_s = version(2, "192.0.2.20"), {}
        await refresh(run.world.server, RefreshRequest(name="example.com"))
        await asyncio.sleep(1.5)
        assert run.address() == "192.0.2.20"

    tell(story)


def test_a_change_of_another_primary_does_not_wait_for_a_silent_one(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(105)
        primaries.has[SECOND] = version(2, "192.0.2.20")
        run.notify("192.0.2.2")
        await asyncio.sleep(0.1)  # less than others are given who may be slow
        assert run.address() == "192.0.2.20"

    tell(story)


def test_the_only_primary_of_a_zone_is_asked_however_silent_it_is(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(150)
        primaries.has[FIRST], primaries.silence_s = version(2, "192.0.2.20"), {}
        await asyncio.sleep(11)
        assert run.address() == "192.0.2.20"

    tell(story, configured(1, ["192.0.2.1"]))


@pytest.mark.parametrize("other", [SILENT, version(4294967295)])
def test_a_silent_primary_is_asked_where_the_others_do_not_have_the_version(
    tell: Tell, other: TransferError | Zone
) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        await asyncio.sleep(350)  # tried at 100, 204 and 308, each time for 4 s: silent until 432, refreshed at 412
        primaries.has = {FIRST: version(1), SECOND: other}
        primaries.silence_s = {}
        begun = run.world.clock.now()
        await asyncio.sleep(65)
        assert refreshed_since(run, begun) == 1

    tell(story)


def test_zones_of_dead_primaries_alone_do_not_keep_the_others_waiting(tell: Tell) -> None:
    dead = "\n".join(f"  d{number}.example: {{source: transfer, primaries: [192.0.2.1]}}" for number in range(MANY))

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        silence(primaries)
        assert await run.world.reload(configured(1, ["192.0.2.2"]) + dead) == ""
        await asyncio.sleep(5)
        for serial in range(2, 6):
            primaries.has[SECOND] = version(serial)
            run.notify("192.0.2.2")
            await asyncio.sleep(DEAD_S + 1)
            assert run.serial == serial

    tell(story, configured(1, ["192.0.2.2"]))


def test_zones_of_a_primary_that_stalls_do_not_keep_the_others_waiting(tell: Tell) -> None:
    zones = "\n".join(f"  s{number}.example: {{source: transfer, primaries: [192.0.2.1]}}" for number in range(MANY))

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = TransferError("stalled", code="transfer.stalled")
        primaries.silence_s = {FIRST: STALL_S}
        assert await run.world.reload(configured(1, ["192.0.2.2"]) + zones) == ""
        for serial in range(2, 6):
            primaries.has[SECOND] = version(serial)
            run.notify("192.0.2.2")
            await asyncio.sleep(1.5)
            assert run.serial == serial
        assert [each for each, _ in primaries.fetched].count(FIRST) == OF_ONE

    tell(story, configured(1, ["192.0.2.2"]))


def test_the_primary_whose_connections_fail_is_fetched_from_last(tell: Tell) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.breaks = {FIRST: SILENT}
        for serial in (2, 3):
            primaries.have(version(serial))
            run.notify("192.0.2.1")
            await asyncio.sleep(1.5)
            assert run.serial == serial
        assert primaries.fetched[1:] == [(FIRST, 1), (SECOND, 1), (SECOND, 2)]
        assert run.world.log.getvalue().count("takes no connection") == 1

    tell(story)


def test_a_notice_is_heeded_while_the_zone_waits_for_the_disk(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        """A disk that is busy for ten minutes."""

        async def __aenter__(self) -> None:
            await asyncio.sleep(600)

        async def __aexit__(self, *_: object) -> None:
            return

    monkeypatch.setattr("understudy.service.secondary.keeping.asyncio.Semaphore", lambda _count: Busy())

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        for serial in range(2, 5):
            primaries.have(version(serial))
            run.notify("192.0.2.1")
            await asyncio.sleep(0.2)
            assert run.serial == serial
        file = run.world.server.definitions[ORIGIN].file
        assert not file.exists()
        await asyncio.sleep(640)
        assert Zone.load(ORIGIN.absolute, str(file)).serial == 4

    tell(story)


def test_what_goes_while_it_waits_for_the_disk_leaves_no_copy(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        """A disk that is busy for ten seconds."""

        async def __aenter__(self) -> None:
            await asyncio.sleep(10)

        async def __aexit__(self, *_: object) -> None:
            return

    monkeypatch.setattr("understudy.service.secondary.keeping.asyncio.Semaphore", lambda _count: Slow())

    async def story(run: FetchingServer, _: FakePrimaries) -> None:
        file = run.world.server.definitions[Name.parse("z0.example")].file
        assert await run.world.reload(configured(1)) == ""
        await asyncio.sleep(20)
        assert not file.exists()
        assert run.world.server.definitions[ORIGIN].file.exists()

    tell(story, configured(2))


def test_a_primary_that_is_to_see_an_address_of_another_host_is_not_asked_nor_said_to_be_silent(tell: Tell) -> None:
    via = "{address: 192.0.2.2, via: 203.0.113.1}"

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.has[FIRST] = SILENT
        await asyncio.sleep(2000)
        assert run.address() == "SERVFAIL"
        assert {primary for primary, _ in primaries.fetched} == {FIRST}
        (text,) = (alarm.text for alarm in run.world.server.alarms.active if alarm.key == "zone/example.com")
        assert "192.0.2.2:53 is not asked: this host has no address 203.0.113.1" in text
        assert "192.0.2.2:53 does not answer" not in run.world.log.getvalue()

    tell(story, configured(1, ["192.0.2.1", via]))


def test_a_server_that_is_named_as_its_own_primary_does_not_confirm_its_own_version(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Host, "is_listening", lambda _host, place: place == ServerPlace(SECOND.address, SECOND.port))

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await asyncio.sleep(200)
        assert SECOND not in {primary for primary, _ in primaries.fetched}
        assert await run.world.alarms() == []
        primaries.has[FIRST] = SILENT
        await asyncio.sleep(1100)
        assert run.address() == "SERVFAIL"
        (text,) = (alarm.text for alarm in run.world.server.alarms.active if alarm.key == "zone/example.com")
        assert "192.0.2.2:53 is this server" in text

    tell(story)
