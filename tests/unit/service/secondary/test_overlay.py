"""Zones from other servers that are signed, with records over them, and those that change under one serial."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.service.reports.zone_views import RefreshRequest
from understudy.service.zone_orders import refresh
from understudy.testing.fetching import FIRST, SECOND, FakePrimaries, FetchingServer, Story, fetch_virtually, version
from understudy.testing.story import Restart

PLAIN = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}
"""
STEERED = PLAIN + "records: {host.example.com: {tiers: [[198.51.100.1]]}}\n"
KEY = "@ 60 DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n"
SIGNED = "it is signed (DNSSEC) by its primary, and no signature fits what records answer"
UNANSWERED = "it is signed (DNSSEC) by its primary, and this server answers without signatures"
SILENTLY = "has changed the zone and left its serial"


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    def run(story: Story, configuration: str = PLAIN) -> None:
        fetch_virtually(tmp_path, configuration, story)

    return run


def told(run: FetchingServer, text: str) -> int:
    return run.world.log.getvalue().count(text)


async def changed(run: FetchingServer, primaries: FakePrimaries, serial: int, more: str) -> None:
    primaries.have(version(serial, more=more))
    run.notify("192.0.2.1")
    await asyncio.sleep(1)
    assert run.serial == serial


def test_a_zone_that_begins_to_be_signed_under_a_record_is_told_of_once(tell: Callable[..., None]) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert told(run, SIGNED) == 0
        for serial in (2, 3):
            await changed(run, primaries, serial, KEY)
        assert told(run, SIGNED) == 1
        await changed(run, primaries, 4, "")
        await changed(run, primaries, 5, KEY)
        assert told(run, SIGNED) == 2
        await run.restart(Restart(is_kill=False, pause_s=1.0))
        assert told(run, SIGNED) == 3  # it still is so
        assert told(run, UNANSWERED) == 0

    tell(story, STEERED)


def test_a_signed_zone_is_told_of_also_without_records_because_no_signature_is_answered(
    tell: Callable[..., None],
) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        assert told(run, UNANSWERED) == 0
        for serial in (2, 3):
            await changed(run, primaries, serial, KEY)
        assert (told(run, UNANSWERED), told(run, SIGNED)) == (1, 0)

    tell(story)


def test_a_record_that_comes_over_a_signed_zone_is_told_of(tell: Callable[..., None]) -> None:
    """A DNSKEY (RFC 4034 2) at its top says so; validators refuse what is unsigned there (RFC 4035 5)."""

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        await changed(run, primaries, 2, KEY)
        assert told(run, SIGNED) == 0
        assert await run.world.reload(STEERED) == ""
        await asyncio.sleep(2)
        assert (told(run, SIGNED), told(run, UNANSWERED)) == (1, 1)

    tell(story)


def test_other_content_under_the_same_serial_is_told_of_where_the_zone_is_fetched_whole(
    tell: Callable[..., None],
) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        async def fetch_whole() -> None:
            await refresh(run.world.server, RefreshRequest(name="example.com", is_whole=True))
            await asyncio.sleep(2)

        await fetch_whole()
        assert told(run, SILENTLY) == 0
        primaries.has = {FIRST: version(1, "192.0.2.99"), SECOND: version(1, "192.0.2.99")}
        await fetch_whole()
        assert run.address() == "192.0.2.99"
        assert told(run, SILENTLY) == 1
        assert told(run, "host.example.com. A") == 1
        await fetch_whole()
        assert told(run, SILENTLY) == 1

    tell(story)
