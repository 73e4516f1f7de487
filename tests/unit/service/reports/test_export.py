"""What an export of a zone from another server has where a record lies over it."""

from __future__ import annotations

from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest

from understudy.engine import Zone
from understudy.service.reports.export import export_zone
from understudy.testing.fetching import ORIGIN, FakePrimaries, FetchingServer, version
from understudy.testing.virtual_time import VirtualClock, run_virtual

CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1]}
records:
  www.example.com: {tiers: [[198.51.100.1]]}
"""


def test_addresses_that_a_record_hides_are_comments_in_an_export(tmp_path: Path) -> None:
    more = "www 60 A 203.0.113.7\nwww 60 TXT kept\n@ 60 A 203.0.113.8\n"

    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        primaries.have(version(1, more=more))
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION + "  example.com: {tiers: [[198.51.100.2]]}\n")
        for has_records, seen in ((True, ["198.51.100.1"]), (False, [])):
            text = await export_zone(run.world.server, "example.com", has_records=has_records)
            exported = Zone.parse(ORIGIN.absolute, text.encode())
            found = dns.zone.from_text(text, origin="example.com", relativize=False)
            addresses = found.get_rdataset("www.example.com.", "A") or ()
            assert [rdata.to_text() for rdata in addresses] == seen
            assert exported.rrset("www.example.com.", dns.rdatatype.TXT) is not None
            assert exported.rrset("host.example.com.", dns.rdatatype.A) is not None
            assert text.count("; hidden by a record: ") == 2
            assert "203.0.113.7" in text
        await run.end()

    run_virtual(main)


def test_an_export_has_the_serial_that_secondaries_have_seen(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        primaries.have(version(1))
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION.replace("[192.0.2.1]}", "[192.0.2.1], transfer: {to: [192.0.2.9]}}"))
        await run.world.advance(5)
        serial = run.world.server.versions.serial_of(ORIGIN)
        text = await export_zone(run.world.server, "example.com")
        assert serial != 1, "a record lies over it, so the serials are ours"
        assert Zone.parse(ORIGIN.absolute, text.encode()).serial == serial
        await run.end()

    run_virtual(main)


STALE = "@ 60 ZONEMD 1 1 1 " + "ab" * 48 + "\n"
UNKNOWN = "@ 60 ZONEMD 1 1 240 " + "ab" * 48 + "\n"
HANDED_ON = "[192.0.2.1], transfer: {to: [192.0.2.9]HASH}}"


@pytest.mark.parametrize(
    ("more", "handed_on", "hashes"),
    [
        (STALE, "[192.0.2.1]}", [1]),
        (STALE, HANDED_ON, [1]),
        (STALE, HANDED_ON.replace("HASH", ", zonemd: sha512"), [1, 2]),
        ("", HANDED_ON.replace("HASH", ", zonemd: sha384"), [1]),
        (UNKNOWN, HANDED_ON, []),
        ("", HANDED_ON, []),
    ],
)
@pytest.mark.parametrize("has_records", [True, False])
def test_a_message_digest_in_an_export_is_that_of_the_export(
    tmp_path: Path, more: str, handed_on: str, hashes: list[int], *, has_records: bool
) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        primaries.have(version(1, more=more + "www 60 A 203.0.113.7\n"))
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION.replace("[192.0.2.1]}", handed_on.replace("HASH", "")))
        await run.world.advance(5)
        text = await export_zone(run.world.server, "example.com", has_records=has_records)
        found = dns.zone.from_text(text, origin="example.com", relativize=False)
        digests = found.get_rdataset("example.com.", "ZONEMD") or ()
        assert sorted(digest.hash_algorithm for digest in digests) == hashes
        for digest in digests:
            found.verify_digest(digest)
        await run.end()

    run_virtual(main)


def test_an_export_of_what_came_has_the_digest_that_came(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        primaries = FakePrimaries()
        primaries.have(version(1, more=STALE))
        run = FetchingServer(clock, tmp_path, primaries)
        await run.start(CONFIGURATION.partition("records:")[0])
        text = await export_zone(run.world.server, "example.com")
        assert "AB" * 48 in text
        await run.end()

    run_virtual(main)
