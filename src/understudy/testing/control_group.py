"""A control group with bounded memory, as containers and services of systemd have one."""

from __future__ import annotations

import os
from pathlib import Path

_VERSION_1 = Path("/sys/fs/cgroup/memory")
_VERSION_2 = Path("/sys/fs/cgroup")


class ControlGroup:
    """Of one process, until `end`. What that had before is counted where it was before."""

    def __init__(self, process: int, room_octets: int) -> None:
        mount, limit = (_VERSION_1, "memory.limit_in_bytes") if _VERSION_1.is_dir() else (_VERSION_2, "memory.max")
        self._mount, self._process = mount, process
        self._folder = mount / f"understudy-test-{process}"
        self._folder.mkdir()
        (self._folder / limit).write_text(str(room_octets), encoding="ascii")
        (self._folder / "cgroup.procs").write_text(str(process), encoding="ascii")

    @staticmethod
    def obstacle() -> str:
        """Why this machine lets nobody make one; empty: it does."""
        if os.access(_VERSION_1 / "cgroup.procs", os.W_OK):
            return ""
        try:
            controllers = (_VERSION_2 / "cgroup.subtree_control").read_text(encoding="ascii").split()
        except OSError as error:
            return f"no control groups: {error}"
        if "memory" not in controllers or not os.access(_VERSION_2 / "cgroup.procs", os.W_OK):
            return "control groups of this machine bound no memory, or belong to somebody else"
        return ""

    def end(self) -> None:
        """The process goes where it may be, and the group away."""
        (self._mount / "cgroup.procs").write_text(str(self._process), encoding="ascii")
        self._folder.rmdir()
