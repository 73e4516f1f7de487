"""A zone from another server that changes while we are down: its secondaries get the difference all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from understudy.model.name import Name
from understudy.service.copy_files import write_copy
from understudy.service.primary.versions import Versions
from understudy.testing.fetching import ORIGIN, SILENT, FakePrimaries, FetchingServer, Story, fetch_virtually, version
from understudy.testing.story import Restart
from understudy.zones.bursts import Stale

PLAIN = """\
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2], transfer: {to: [192.0.2.0/24]}}
"""
STEERED = PLAIN + "records: {www.example.com: {tiers: [[198.51.100.1]]}}\n"


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    """Two versions have come and been handed on: 7 and 9."""

    def run(story: Story, configuration: str = PLAIN) -> None:
        async def from_the_second_on(server: FetchingServer, primaries: FakePrimaries) -> None:
            primaries.have(version(9, "192.0.2.20"))
            server.notify("192.0.2.1")
            await server.world.advance(30)
            await story(server, primaries)

        fetch_virtually(tmp_path, configuration, from_the_second_on, first=7)

    return run


@pytest.fixture
def slow_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are looked at only after what primaries have was fetched, as where there are many zones."""
    publish = Versions._publish

    async def late(self: Versions, due: Mapping[Name, Stale]) -> None:
        await asyncio.sleep(5)
        await publish(self, due)

    monkeypatch.setattr(Versions, "_publish", late)


async def history(run: FetchingServer) -> list[tuple[int | None, int]]:
    return [(each.before, each.serial) for each in await run.world.server.store.versions(ORIGIN)]


def test_a_change_that_is_fetched_after_a_restart_is_a_difference(tell: Callable[..., None]) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(12, "192.0.2.30"))
        await run.restart(Restart(is_kill=False, pause_s=1.0))
        await run.world.advance(140)
        assert await history(run) == [(None, 7), (7, 9), (9, 12)]

    tell(story)


@pytest.mark.usefixtures("slow_versions")
@pytest.mark.parametrize(("configuration", "serials"), [(PLAIN, [7, 9, 12]), (STEERED, [8, 10, 13])])
def test_a_change_that_is_fetched_before_versions_are_looked_at_is_a_difference(
    tell: Callable[..., None], configuration: str, serials: list[int]
) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        primaries.have(version(12, "192.0.2.30"))
        await run.restart(Restart(is_kill=False, pause_s=1.0))
        await run.world.advance(140)
        assert await history(run) == list(zip([None, *serials], serials, strict=False))

    tell(story, configuration)


@pytest.mark.usefixtures("slow_versions")
def test_a_copy_of_another_content_is_no_beginning_of_a_difference(tell: Callable[..., None]) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        copy = run.world.server.candidate.configuration.zones[ORIGIN].file
        write_copy(copy, version(9, "192.0.2.66"), copy.stat().st_mtime)
        primaries.have(version(12, "192.0.2.30"))
        await run.restart(Restart(is_kill=False, pause_s=1.0))
        await run.world.advance(140)
        assert await history(run) == [(None, 12)]

    tell(story)


def test_a_copy_that_a_crash_left_behind_is_led_on_by_what_is_known(tell: Callable[..., None]) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        copy = run.world.server.candidate.configuration.zones[ORIGIN].file
        write_copy(copy, version(7), copy.stat().st_mtime)
        primaries.have(SILENT)
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        await run.world.advance(120)
        primaries.have(version(12, "192.0.2.30"))
        await run.world.advance(140)
        assert await history(run) == [(None, 7), (7, 9), (9, 12)]

    tell(story)
