"""What a history begins with is written seldom, read back whole, and told where it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from understudy.engine import Engine, Prepared, Zone
from understudy.model.version import ZoneVersion
from understudy.service.alarms import Alarms
from understudy.service.copy_files import write_copy
from understudy.service.primary import bases as bases_module
from understudy.service.primary.bases import FOLDER, RENEW_OCTETS, RETRY_S, Bases
from understudy.testing.builders import name
from understudy.testing.virtual_time import VirtualClock, run_virtual

ORIGIN = name("example.com")
TEXT = b"@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n"


class Handed:
    """Versions as an engine makes them."""

    def __init__(self) -> None:
        self.engine = Engine([])
        zone = Zone.parse(ORIGIN.absolute, TEXT)
        self.engine.publish_zone(zone, [])
        self.kept: list[ZoneVersion] = []
        self.last = self._commit(self.engine.prepare(ORIGIN.absolute, 1, [], zone))

    def change(self, last: int) -> Prepared:
        view = (f"n{last}.example.com.", 1, 60, [bytes((192, 0, 2, last))])
        self.last = self._commit(self.engine.prepare(ORIGIN.absolute, self.last.serial + 1, [view]))
        return self.last

    def _commit(self, prepared: Prepared) -> Prepared:
        before = self.kept[-1].serial if self.kept else None
        self.engine.commit(prepared)
        difference = prepared.difference or b""
        self.kept.append(ZoneVersion(ORIGIN, prepared.serial, 0.0, prepared.digest, before, difference))
        return prepared


def play(folder: Path, story: Callable[[Bases, Handed, Alarms], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        alarms = Alarms(lambda _event: None)
        bases = Bases(clock, alarms, lambda: folder)
        running = asyncio.ensure_future(bases.run())
        await story(bases, Handed(), alarms)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtual(main)


async def written(folder: Path) -> int:
    """The serial of the file."""
    await asyncio.sleep(1.0)
    (file,) = (folder / FOLDER).iterdir()
    return Zone.load(ORIGIN.absolute, str(file)).serial


def test_a_history_that_begins_while_another_is_written_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(bases: Bases, handed: Handed, _alarms: Alarms) -> None:
        first, second = handed.last.zone, handed.change(1).zone

        def write_late(file: Path, zone: Zone, modified_at: float) -> None:
            if zone is first:
                bases.begin(ORIGIN, second)
            write_copy(file, zone, modified_at)

        monkeypatch.setattr(bases_module, "write_copy", write_late)
        bases.begin(ORIGIN, first)
        assert await written(tmp_path) == second.serial

    play(tmp_path, story)


def test_the_last_version_is_the_first_with_all_differences(tmp_path: Path) -> None:
    async def story(bases: Bases, handed: Handed, _alarms: Alarms) -> None:
        bases.begin(ORIGIN, handed.last.zone)
        assert await written(tmp_path) == 1
        for number in range(1, 6):
            prepared = handed.change(number)
            bases.go_on(ORIGIN, prepared.zone, octets=100)
        assert await written(tmp_path) == 1
        found = await bases.last_version(ORIGIN, handed.kept)
        assert found is not None
        assert found.rrsets() == handed.last.zone.rrsets()
        assert await bases.last_version(ORIGIN, handed.kept[3:]) is None
        (gap,) = handed.kept[2:3]
        assert await bases.last_version(ORIGIN, [each for each in handed.kept if each is not gap]) is None
        assert await bases.last_version(name("example.net"), handed.kept) is None
        bases.begin(ORIGIN, handed.last.zone)
        assert list((tmp_path / FOLDER).iterdir()) == [], "that of another history is worth nothing"
        assert await written(tmp_path) == 6

    play(tmp_path, story)


def test_what_is_not_what_was_written_is_set_aside_and_stays(tmp_path: Path) -> None:
    async def story(bases: Bases, handed: Handed, alarms: Alarms) -> None:
        bases.handed_on = lambda: [ORIGIN]
        bases.begin(ORIGIN, handed.last.zone)
        assert await written(tmp_path) == 1
        (file,) = (tmp_path / FOLDER).iterdir()
        damaged = file.read_bytes().replace(b"192.0.2.53", b"192.0.2.52")
        file.write_bytes(damaged)
        assert await bases.last_version(ORIGIN, handed.kept) is None
        (alarm,) = alarms.active
        assert alarm.key == "damaged/handed-on/example.com"
        assert (
            "what the history of example.com begins with cannot be used, secondaries fetch the zone whole" in alarm.text
        )
        (kept,) = (tmp_path / FOLDER).iterdir()
        assert f"set aside as {kept}," in alarm.text
        bases.begin(ORIGIN, handed.last.zone)
        bases.tidy()
        await asyncio.sleep(1.0)
        assert kept.read_bytes() == damaged
        assert file.exists()

    play(tmp_path, story)


def test_it_is_written_anew_long_before_the_oldest_difference_is_forgotten(tmp_path: Path) -> None:
    async def story(bases: Bases, handed: Handed, _alarms: Alarms) -> None:
        bases.begin(ORIGIN, handed.last.zone)
        assert await written(tmp_path) == 1
        bases.go_on(ORIGIN, handed.change(1).zone, octets=RENEW_OCTETS)
        assert await written(tmp_path) == 1
        bases.go_on(ORIGIN, handed.change(2).zone, octets=1)
        assert await written(tmp_path) == 3
        bases.go_on(ORIGIN, handed.change(3).zone, octets=RENEW_OCTETS)
        assert await written(tmp_path) == 3
        found = await bases.last_version(ORIGIN, handed.kept)
        assert found is not None
        assert found.rrsets() == handed.last.zone.rrsets()

    play(tmp_path, story)


def test_a_disk_that_refuses_is_an_alarm_and_is_not_asked_at_every_version(tmp_path: Path) -> None:
    async def story(bases: Bases, handed: Handed, alarms: Alarms) -> None:
        (tmp_path / FOLDER).write_text("in the way")
        bases.go_on(ORIGIN, handed.last.zone, octets=0)
        await asyncio.sleep(1.0)
        (alarm,) = alarms.active
        assert alarm.text.endswith(f"secondaries fetch it whole: {tmp_path / FOLDER}: file exists")
        (tmp_path / FOLDER).unlink()
        bases.go_on(ORIGIN, handed.change(1).zone, octets=10)
        await asyncio.sleep(1.0)
        assert not (tmp_path / FOLDER).exists()
        assert alarms.active == [alarm]
        await asyncio.sleep(RETRY_S)
        assert await written(tmp_path) == 1
        assert alarms.active == []

    play(tmp_path, story)


def test_the_file_of_a_zone_that_is_handed_on_no_more_goes_whoever_wrote_it(tmp_path: Path) -> None:
    async def story(bases: Bases, handed: Handed, _alarms: Alarms) -> None:
        bases.begin(ORIGIN, handed.last.zone)
        assert await written(tmp_path) == 1
        bases.forget(ORIGIN)
        assert not list((tmp_path / FOLDER).iterdir())
        bases.begin(ORIGIN, handed.last.zone)
        assert await written(tmp_path) == 1

    play(tmp_path, story)

    async def later(bases: Bases, _handed: Handed, _alarms: Alarms) -> None:
        bases.forget(name("other.example"))
        assert await written(tmp_path) == 1
        bases.forget(ORIGIN)
        assert not list((tmp_path / FOLDER).iterdir())

    play(tmp_path, later)
