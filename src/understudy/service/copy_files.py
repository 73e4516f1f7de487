"""Versions of zones as master files in the state folder, each put in the place of the one before."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from understudy.engine import Zone
from understudy.model.frozen import frozen
from understudy.service.own_address import error_text

_FRESH = ".new"
SYNCS = 8  # chosen: more at a time save nothing where it was measured, and leave no descriptors to others


@frozen
class Unwritten:
    """A version that is to stand in a file, modified at a time of the civil clock."""

    file: Path
    zone: Zone
    modified_at: float


def write_copy(file: Path, zone: Zone, modified_at: float) -> None:
    """Put a version in the place of the one before; whatever happens, one of them is there. Blocks. Raises OSError."""
    _put(file, lambda fresh: zone.write_sealed(str(fresh)), modified_at)


def write_copies(copies: Sequence[Unwritten]) -> list[OSError | None]:
    """As `write_copy` for each, with what the disk said of it. Blocks.

    The disk is asked to keep several at a time, and their folders once for all: a thousand zones that came together
    would wait for it two thousand times (ADR 0040). No file takes its place before the disk has it.
    """
    if len(copies) == 1:
        return [_refusal(lambda: write_copy(copies[0].file, copies[0].zone, copies[0].modified_at))]
    refusals = [_refusal(partial(_write_fresh, copy)) for copy in copies]
    with ThreadPoolExecutor(SYNCS, thread_name_prefix="copies") as threads:
        synced = [
            threads.submit(_refusal, partial(_sync, _fresh(copy.file)))
            for copy, refusal in zip(copies, refusals, strict=True)
            if refusal is None
        ]
    outcomes = iter(synced)
    refusals = [next(outcomes).result() if refusal is None else refusal for refusal in refusals]
    refusals = [
        refusal or _refusal(partial(_put_in_place, copy)) for copy, refusal in zip(copies, refusals, strict=True)
    ]
    folders = {folder: _refusal(partial(_sync, folder)) for folder in {copy.file.parent for copy in copies}}
    for copy, refusal in zip(copies, refusals, strict=True):
        if refusal is not None:
            _forget(_fresh(copy.file))
    return [refusal or folders[copy.file.parent] for copy, refusal in zip(copies, refusals, strict=True)]


def _refusal(act: Callable[[], None]) -> OSError | None:
    """What the system refuses with; None: it was done."""
    try:
        act()
    except OSError as error:
        return error
    return None


def _write_fresh(copy: Unwritten) -> None:
    copy.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy.zone.write_sealed(str(_fresh(copy.file)))
    touch_copy(_fresh(copy.file), copy.modified_at)


def _put_in_place(copy: Unwritten) -> None:
    _fresh(copy.file).replace(copy.file)


def _sync(path: Path) -> None:
    """Have the disk keep a file or a folder. What failed since it was written fails here, also if it was closed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fresh(file: Path) -> Path:
    return file.with_name(file.name + _FRESH)


def _forget(fresh: Path) -> None:
    with suppress(OSError):
        fresh.unlink(missing_ok=True)


def write_whole(file: Path, text: str) -> None:
    """Put ASCII text in the place of what was there: one of them is, after a loss of power too. Blocks. Raises OSError.

    What could not be written whole takes no room: where the disk is full, others need it more.
    """
    _put(file, lambda fresh: fresh.write_text(text, encoding="ascii"))


def _put(file: Path, write: Callable[[Path], object], modified_at: float | None = None) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _fresh(file)
    try:
        write(fresh)
        _sync(fresh)
        if modified_at is not None:
            touch_copy(fresh, modified_at)
        fresh.replace(file)
    except OSError:
        _forget(fresh)
        raise
    _sync(file.parent)


def sweep_unfinished(folder: Path) -> None:
    """Delete what a crash left half written, of whatever zone. Blocks; what cannot be deleted stays, unread."""
    with suppress(OSError):
        for file in list(folder.glob(f"*{_FRESH}")):
            file.unlink()


def touch_copy(file: Path, modified_at: float) -> None:
    """Say that this was the version at that time too. Blocks. Raises OSError."""
    os.utime(file, (modified_at, modified_at))


def disk_text(error: OSError) -> str:
    """What the system says of a file, with its name where that is known."""
    return error_text(error) if error.filename is None else f"{error.filename}: {error_text(error)}"
