"""Files of the state folder that are not what was written: never answered from, told, kept, and made good."""

from __future__ import annotations

import asyncio
import json
import os
import random
from pathlib import Path

import pytest

from understudy.engine import Zone, ZoneFileError
from understudy.service.copy_files import write_copy
from understudy.service.secondary.catalog_owners import owners_path, read_owners, write_owners
from understudy.testing.builders import name
from understudy.testing.fetching import ORIGIN, SILENT, FakePrimaries, FetchingServer, fetch_virtually, version
from understudy.testing.story import Restart

CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {source: transfer, primaries: [192.0.2.1, 192.0.2.2]}
"""
CRASH = Restart(is_kill=True, pause_s=1.0)
ALARM = "damaged/example.com"


def copy_of(folder: Path) -> Path:
    (found,) = folder.rglob("example.com.zone")
    return found


def flip(file: Path, chance: random.Random, flips: int = 1) -> None:
    """Some bits anywhere in the file are other ones now; when it was modified stays."""
    octets, status = bytearray(file.read_bytes()), file.stat()
    for bit in chance.sample(range(8 * len(octets)), flips):
        octets[bit // 8] ^= 1 << bit % 8
    file.write_bytes(octets)
    os.utime(file, (status.st_mtime, status.st_mtime))


def test_a_copy_whose_address_is_another_one_is_not_answered_and_fetched_anew(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        copy = copy_of(tmp_path)
        damaged = copy.read_text().replace("192.0.2.10", "192.0.2.11")
        copy.write_text(damaged)
        primaries.have(SILENT)
        await run.restart(CRASH)
        await asyncio.sleep(30)
        assert run.address() == "SERVFAIL"
        (text,) = (text for key, text in await alarms(run) if key == ALARM)
        assert "the copy of example.com cannot be used, the zone is fetched anew" in text
        (kept,) = copy.parent.glob("*.damaged-*")
        assert f"it is set aside as {kept}" in text
        assert kept.read_text() == damaged
        primaries.have(version(1))
        await asyncio.sleep(70)
        assert run.address() == "192.0.2.10"
        assert ALARM in dict(await alarms(run)), "what replaces the file does not mend the disk"
        primaries.have(SILENT)
        await run.restart(CRASH)
        assert run.address() == "192.0.2.10"
        assert ALARM not in dict(await alarms(run))

    fetch_virtually(tmp_path, CONFIGURATION, story, first=1)


async def alarms(run: FetchingServer) -> list[tuple[str, str]]:
    return [(alarm.key, alarm.text) for alarm in run.world.server.alarms.active]


def test_whatever_bits_of_a_copy_flip_nothing_but_the_zone_is_answered(tmp_path: Path) -> None:
    chance = random.Random(7)

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        copy = copy_of(tmp_path)
        whole, modified_at = version(1), copy.stat().st_mtime
        primaries.have(SILENT)
        for number in range(12):
            write_copy(copy, whole, modified_at)
            flip(copy, chance, 1 + number % 3)
            await run.restart(CRASH)
            assert run.address() == "SERVFAIL"
            assert ALARM in dict(await alarms(run))

    fetch_virtually(tmp_path, CONFIGURATION, story, first=1)


def test_no_flip_and_no_cut_anywhere_in_a_copy_is_read(tmp_path: Path) -> None:
    chance, copy = random.Random(11), tmp_path / "example.com.zone"
    more = "".join(f"n{number} 60 A 192.0.2.{number}\nn{number} 60 TXT text{number}\n" for number in range(200))
    write_copy(copy, version(1, more=more), 1000.0)
    octets = copy.read_bytes()
    assert Zone.load_sealed(ORIGIN.absolute, str(copy)).record_count == 404
    for number in range(1000):
        flip(copy, chance, 1 + number % 8)
        with pytest.raises(ZoneFileError, match=r"zone\.checksum"):
            Zone.load_sealed(ORIGIN.absolute, str(copy))
        copy.write_bytes(octets)
    for _ in range(200):
        copy.write_bytes(octets[: chance.randrange(len(octets))])
        with pytest.raises(ZoneFileError, match=r"zone\.checksum"):
            Zone.load_sealed(ORIGIN.absolute, str(copy))


def test_a_copy_of_an_earlier_version_is_answered_and_written_anew_with_its_age(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        copy = copy_of(tmp_path)
        modified_at = copy.stat().st_mtime
        copy.write_text(version(1).to_master_file())
        os.utime(copy, (modified_at, modified_at))
        primaries.have(SILENT)
        await run.restart(CRASH)
        assert run.address() == "192.0.2.10"
        await asyncio.sleep(5)
        assert Zone.load_sealed(ORIGIN.absolute, str(copy)).warnings == []
        assert version(1).to_master_file() in copy.read_text()
        assert copy.stat().st_mtime == modified_at

    fetch_virtually(tmp_path, CONFIGURATION, story, first=1)


def test_owners_are_read_as_they_were_written_or_not_at_all(tmp_path: Path) -> None:
    chance, owners = random.Random(13), {name(f"z{number}.example"): name("one.catalog") for number in range(20)}
    write_owners(tmp_path, owners)
    file = owners_path(tmp_path)
    octets = file.read_bytes()
    assert read_owners(tmp_path) == owners
    for number in range(1000):
        flip(file, chance, 1 + number % 3)
        with pytest.raises(ValueError, match=r"owners|JSON|ascii|Expecting|Invalid|Unterminated|Extra|control"):
            read_owners(tmp_path)
        file.write_bytes(octets)


def test_owners_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    file = owners_path(tmp_path)
    file.parent.mkdir()
    file.write_text(json.dumps({"a.example": "one.catalog"}))
    assert read_owners(tmp_path) == {name("a.example"): name("one.catalog")}
