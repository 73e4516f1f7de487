"""A disk whose power can be cut: what was not yet asked to be kept (fsync) is lost, as it is on a real one.

An ext4 file system in a file, told to go down without writing what it still holds. It keeps nothing by itself for a
minute, and does not help renamed files either, as other file systems do not. Needs root and loop devices.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import struct
import subprocess
from pathlib import Path

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN of linux/ext4.h
_WITHOUT_THE_LOG = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH
_OPTIONS = "loop,commit=60,noauto_da_alloc"
_SIZE_OCTETS = 64 << 20
_numbers = itertools.count(2)


class LosingDisk:
    """Mounted at `folder` from `__init__` to `leave`."""

    def __init__(self, folder: Path, image: Path) -> None:
        """Make the file system in the file `image`."""
        self.folder = folder
        self._image = image
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(_SIZE_OCTETS)
        _run("mkfs.ext4", "-q", "-F", str(image))
        self._mount()

    @staticmethod
    def obstacle() -> str:
        """Why there can be none here; empty if there can."""
        if os.geteuid() != 0:
            return "only root may mount"
        if shutil.which("mkfs.ext4", path=_path()) is None:
            return "mkfs.ext4 is missing"
        return "" if Path("/dev/loop-control").exists() else "there are no loop devices"

    def cut(self) -> None:
        """From now on nothing is written and nothing is read, and what was not synced is lost."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_THE_LOG))
        finally:
            os.close(descriptor)

    def come_back(self) -> None:
        """The power is there again. Nobody may have a file open.

        What was mounted may live on where a program has a view of the file system of its own, and would be mounted
        again as it is, without power: so what the disk has kept is copied to another one.
        """
        _run("umount", str(self.folder))
        kept = self._image.with_suffix(f".{next(_numbers)}")
        _run("cp", "--sparse=always", str(self._image), str(kept))
        self._image.unlink()
        self._image = kept
        self._mount()

    def leave(self) -> None:
        """Unmount it, even if somebody still has a file open."""
        _run("umount", "--lazy", str(self.folder))

    def _mount(self) -> None:
        _run("mount", "-t", "ext4", "-o", _OPTIONS, str(self._image), str(self.folder))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, env={**os.environ, "PATH": _path()})  # noqa: S603  # fixed commands on a file of our own


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
