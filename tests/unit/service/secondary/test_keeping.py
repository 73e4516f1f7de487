"""What happens to a zone while its copy is being written, or waits for that."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.model.event import EventKind
from understudy.service.copy_files import Unwritten, write_copies
from understudy.service.reports.zone_report import report_zones
from understudy.service.secondary import keeping
from understudy.testing.fetching import BROKEN, ORIGIN, FakePrimaries, FetchingServer, fetch_virtually, version
from understudy.testing.story import Restart

CONFIGURATION = "listen: 127.0.0.1:5300\nzones:\n  example.com: {source: transfer, primaries: [192.0.2.1]}\n"


def test_a_confirmation_that_comes_while_the_copy_is_written_counts_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        care = run.world.server.fetched[ORIGIN]

        def confirm_and_write(copies: Sequence[Unwritten]) -> list[OSError | None]:
            care.secondary = replace(care.secondary, refreshed_at=copies[0].modified_at + 7)
            return write_copies(copies)

        monkeypatch.setattr(keeping, "write_copies", confirm_and_write)
        primaries.have(version(9))
        await run.world.advance(105)
        assert care.is_saved
        assert care.definition.file.stat().st_mtime == care.secondary.refreshed_at

    fetch_virtually(tmp_path, CONFIGURATION, story, first=7)


def test_a_zone_that_went_while_it_waited_for_the_disk_leaves_no_copy(tmp_path: Path) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        server = run.world.server
        care = server.fetched.pop(ORIGIN)
        care.definition.file.unlink()
        care.is_saved = False
        await keeping.Keeping(server).keep(care)
        assert not care.definition.file.exists()
        server.fetched[ORIGIN] = care
        await keeping.Keeping(server).keep(care)
        assert care.definition.file.exists()

    fetch_virtually(tmp_path, CONFIGURATION, story, first=7)


def test_what_is_wrong_with_one_primary_is_told_once_while_another_one_gives_every_version(tmp_path: Path) -> None:
    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        first, second = tuple(primaries.has)
        primaries.breaks[first] = BROKEN
        for serial, at in ((8, 105), (9, 205), (10, 305)):
            primaries.has = {first: version(serial), second: version(serial)}
            await run.world.advance(at)
            assert run.serial == serial
        assert run.world.log.getvalue().count("passed over: broke off") == 1

    both = CONFIGURATION.replace("[192.0.2.1]", "[192.0.2.1, 192.0.2.2]")
    fetch_virtually(tmp_path, both, story, first=7)


def test_what_a_crash_left_half_written_goes_with_the_next_start_also_of_zones_that_are_gone(tmp_path: Path) -> None:
    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        copies = run.world.server.fetched[ORIGIN].definition.file.parent
        for name in ("example.com.zone.new", "gone.example.zone.new", "kept.example.zone"):
            (copies / name).write_text("half of it")
        await run.restart(Restart(is_kill=True, pause_s=1.0))
        assert sorted(file.name for file in copies.iterdir()) == ["example.com.zone", "kept.example.zone"]

    fetch_virtually(tmp_path, CONFIGURATION, story, first=7)


def test_a_disk_that_takes_no_copy_of_many_zones_is_one_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origins = [f"zone{number}.example" for number in range(30)]
    zones = "".join(f"  {origin}: {{source: transfer, primaries: [192.0.2.1]}}\n" for origin in origins)

    def refuse(copies: Sequence[Unwritten]) -> list[OSError | None]:
        return [OSError(errno.ENOSPC, "", str(copy.file)) for copy in copies]

    async def story(run: FetchingServer, primaries: FakePrimaries) -> None:
        server = run.world.server
        with monkeypatch.context() as patch:
            patch.setattr(keeping, "write_copies", refuse)
            primaries.have(version(9))
            await run.world.advance(105)
            (alarm,) = server.alarms.active
            assert alarm.key == "copies/ENOSPC"
            assert alarm.text.startswith("30 zones not kept on disk as they are answered")
            assert all(part in alarm.text for part in (str(tmp_path), "no space left", "free space"))
            assert {each.upstream.disk_problem for each in report_zones(server) if each.upstream} == {
                "no space left on device"
            }
        await run.world.advance(200)
        assert await run.world.alarms() == []
        assert {each.upstream.disk_problem for each in report_zones(server) if each.upstream} == {""}
        events = [each for each in await server.store.events() if each.kind == EventKind.ALARM]
        assert len(events) == 5, "three zones, the disk, and its end"

    fetch_virtually(tmp_path, f"listen: 127.0.0.1:5300\nzones:\n{zones}", story, first=7)
