"""Files that a configuration names: whether they are there and can be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from understudy.model.frozen import frozen


def find_absence(path: Path) -> str:
    """Why there is no file at `path`, or nothing if there is one. Never raises; blocks on the disk."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "is in a folder that this user may not enter"
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return "does not exist"
    return "" if stat.S_ISREG(mode) else "is no file"


@frozen
class NeededFile:
    """A file of the operator's without which a probe says nothing; `key` is the setting that names it."""

    key: str
    path: Path
    is_program: bool = False

    def find_fault(self) -> str:
        """Why it cannot be used now, or nothing. Blocks on the disk."""
        absence = find_absence(self.path)
        if absence:
            return absence
        if not os.access(self.path, os.X_OK if self.is_program else os.R_OK):
            return "is not executable" if self.is_program else "cannot be read by this user"
        return ""
