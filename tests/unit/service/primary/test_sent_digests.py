"""Versions from primaries whose message digest is wrong, in virtual time (RFC 8976)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from understudy.testing.fetching import FIRST, SECOND, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual

CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2], zonemd: verify}
"""


def test_a_version_with_a_wrong_digest_is_not_used_and_the_next_primary_is_asked(tmp_path: Path) -> None:
    wrong = version(2, "192.0.2.66", f"@ 60 ZONEMD 2 1 1 {'00' * 48}\n")
    right = version(2, "192.0.2.20", f"@ 60 ZONEMD 2 1 1 {version(2, '192.0.2.20').zonemd('sha384').hex()}\n")

    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION)
        primaries.has = {FIRST: wrong, SECOND: wrong}
        await asyncio.sleep(101)
        assert (run.serial, run.address()) == (1, "192.0.2.10")
        assert "transfer.zonemd" in run.world.log.getvalue()
        primaries.has = {FIRST: wrong, SECOND: right}
        await asyncio.sleep(11)
        assert (run.serial, run.address()) == (2, "192.0.2.20")
        await run.end()

    run_virtual(main)


def test_differences_that_give_a_wrong_digest_are_followed_by_the_whole_zone_from_the_same_primary(
    tmp_path: Path,
) -> None:
    wrong = version(2, "192.0.2.66", f"@ 60 ZONEMD 2 1 1 {'00' * 48}\n")
    right = version(2, "192.0.2.20", f"@ 60 ZONEMD 2 1 1 {version(2, '192.0.2.20').zonemd('sha384').hex()}\n")

    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION)
        primaries.have(right)
        primaries.differences = {FIRST: wrong}
        run.notify("192.0.2.1")
        await asyncio.sleep(0.5)
        assert (run.serial, run.address()) == (2, "192.0.2.20")
        assert primaries.fetched[1:] == [(FIRST, 1), (FIRST, None)]
        await run.end()

    run_virtual(main)
