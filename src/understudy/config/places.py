"""Where a server keeps its state and is spoken to, if its configuration does not say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_NAME = "understudy.sock"
SYSTEM_STATE_DIR = Path("/var/lib/understudy")  # FHS 3.0 5.8: variable state information
SYSTEM_CONFIG_DIR = Path("/etc")  # FHS 3.0 3.7: host-specific configuration
SOCKET_PATH_MAX_OCTETS = 107  # sun_path of unix(7), without its final zero


def default_state_dir(file: Path) -> Path:
    """The system's folder for a system's configuration run by root, else `state` beside the file (ADR 0009).

    Two configurations that are tried out never share their verdicts, whoever tries them.
    """
    absolute = file.absolute()
    if os.geteuid() == 0 and absolute.is_relative_to(SYSTEM_CONFIG_DIR):
        return SYSTEM_STATE_DIR
    return absolute.parent / "state"


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """What to bind or connect to for a socket file: its path or, if that is too long, its folder's descriptor.

    Raises OSError where the folder is not there.
    """
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX_OCTETS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
