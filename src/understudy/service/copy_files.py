"""Versions of zones as master files in the state folder, each put in the place of the one before."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from understudy.engine import Zone
from understudy.model.instant import Instant
from understudy.service.own_address import error_text

_FRESH = ".new"


def write_copy(file: Path, zone: Zone, modified_at: Instant) -> None:
    """Put a version in the place of the one before; whatever happens, one of them is there. Blocks. Raises OSError."""
    write_whole(file, zone.to_master_file(), modified_at)


def write_whole(file: Path, text: str, modified_at: Instant | None = None) -> None:
    """Put ASCII text in the place of what was there: one of them is, after a loss of power too. Blocks. Raises OSError.

    What could not be written whole takes no room: where the disk is full, others need it more.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(file.name + _FRESH)
    try:
        with fresh.open("w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if modified_at is not None:
            touch_copy(fresh, modified_at)
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep_unfinished(folder: Path) -> None:
    """Delete what a crash left half written, of whatever zone. Blocks; what cannot be deleted stays, unread."""
    with suppress(OSError):
        for file in list(folder.glob(f"*{_FRESH}")):
            file.unlink()


def touch_copy(file: Path, modified_at: Instant) -> None:
    """Say that this was the version at that time too. Blocks. Raises OSError."""
    os.utime(file, (modified_at, modified_at))


def disk_text(error: OSError) -> str:
    """What the system says of a file, with its name where that is known."""
    return error_text(error) if error.filename is None else f"{error.filename}: {error_text(error)}"
