"""Copies that are written together: each is the old one or the new one, whatever happens to the others or the disk."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from understudy.engine import Zone
from understudy.service.copy_files import Unwritten, write_copies, write_copy
from understudy.service.secondary import keeping
from understudy.testing.fetching import FakePrimaries, FetchingServer, fetch_virtually, version

COUNT = 20


def files(folder: Path) -> list[Path]:
    return [folder / "zones" / f"z{number}.zone" for number in range(COUNT)]


def written(folder: Path, serial: int) -> list[Unwritten]:
    return [Unwritten(file, version(serial), 1000.0 * serial) for file in files(folder)]


def serial_of(file: Path) -> int:
    """That of the version that it is, whole."""
    zone = Zone.load_sealed(version(1).origin, str(file))
    assert zone.to_master_file() == version(zone.serial).to_master_file()
    return zone.serial


def refuse(fails: Callable[[Path], bool]) -> Callable[[int], None]:
    """A disk that does not keep some files."""

    def fsync(descriptor: int) -> None:
        if fails(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return fsync


@pytest.mark.parametrize("seed", range(5))
def test_what_the_disk_does_not_keep_leaves_the_old_version_and_keeps_no_other_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    assert write_copies(written(tmp_path, 1)) == [None] * COUNT
    lost = set(chance.sample(files(tmp_path), 7))
    full = next(file for file in files(tmp_path) if file not in lost)
    full.with_name(f"{full.name}.new").mkdir()
    monkeypatch.setattr("os.fsync", refuse(lambda path: path.with_suffix("") in lost))
    refusals = write_copies(written(tmp_path, 2))
    for file, refusal in zip(files(tmp_path), refusals, strict=True):
        is_refused = file in lost or file == full
        assert (refusal is not None) == is_refused
        assert serial_of(file) == (1 if is_refused else 2)
        assert file.stat().st_mtime == (1000.0 if is_refused else 2000.0)
    assert [file for file in (tmp_path / "zones").glob("*.new") if file.is_file()] == []


def test_no_file_takes_its_place_before_the_disk_has_it_and_the_folder_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, Path]] = []
    replace = Path.replace

    def note_replace(path: Path, target: Path) -> Any:
        done.append(("replaced", target))
        return replace(path, target)

    def note_sync(descriptor: int) -> None:
        done.append(("kept", Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr("os.fsync", note_sync)
    write_copies(written(tmp_path, 1))
    for file in files(tmp_path):
        assert done.index(("kept", file.with_name(f"{file.name}.new"))) < done.index(("replaced", file))
    assert done.count(("kept", tmp_path / "zones")) == 1
    assert done[-1] == ("kept", tmp_path / "zones")


def test_a_folder_that_is_not_kept_is_told_of_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", refuse(lambda path: path.name == "zones"))
    assert [refusal is not None for refusal in write_copies(written(tmp_path, 1))] == [True] * COUNT


def test_a_copy_that_is_written_alone_is_the_same(tmp_path: Path) -> None:
    copies = written(tmp_path, 1)
    assert write_copies(copies[:1]) == [None]
    write_copy(copies[1].file, copies[1].zone, copies[1].modified_at)
    write_copies(copies[2:])
    assert len({(file.read_text(), file.stat().st_mtime) for file in files(tmp_path)}) == 1
    (tmp_path / "file").write_text("in the way")
    (refusal,) = write_copies([Unwritten(tmp_path / "file" / "z.zone", version(1), 1.0)])
    assert refusal is not None


NAMES = [f"z{number}.example" for number in range(200)]
CONFIGURATION = "listen: 127.0.0.1:5300\nzones:\n" + "".join(
    f"  {name}: {{source: transfer, primaries: [192.0.2.1]}}\n" for name in NAMES
)


def test_zones_that_wait_for_the_disk_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def note(copies: Sequence[Unwritten]) -> list[OSError | None]:
        batches.append(len(copies))
        return write_copies(copies)

    monkeypatch.setattr(keeping, "write_copies", note)

    async def story(run: FetchingServer, _primaries: FakePrimaries) -> None:
        await run.world.advance(30)
        assert sum(batches) == len(NAMES)
        assert max(batches) <= keeping.TOGETHER
        assert len(batches) < len(NAMES) / 4
        assert len(list((tmp_path / "state" / "zones").glob("*.zone"))) == len(NAMES)
        assert all(care.is_saved and not care.is_saving for care in run.world.server.fetched.values())

    fetch_virtually(tmp_path, CONFIGURATION, story)
