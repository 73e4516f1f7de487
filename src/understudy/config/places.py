"""Where a server keeps its state and is spoken to, if its configuration does not say."""

from __future__ import annotations

import os
from pathlib import Path

SOCKET_NAME = "understudy.sock"
SYSTEM_STATE_DIR = Path("/var/lib/understudy")  # FHS 3.0 5.8: variable state information
SYSTEM_CONFIG_DIR = Path("/etc")  # FHS 3.0 3.7: host-specific configuration


def default_state_dir(file: Path) -> Path:
    """The system's folder for a system's configuration run by root, else `state` beside the file (ADR 0009).

    Two configurations that are tried out never share their verdicts, whoever tries them.
    """
    absolute = file.absolute()
    if os.geteuid() == 0 and absolute.is_relative_to(SYSTEM_CONFIG_DIR):
        return SYSTEM_STATE_DIR
    return absolute.parent / "state"
