"""Who sits at the terminal."""

from __future__ import annotations

import getpass
import os
import socket as hosts


def author() -> str:
    """`user@host`, seen through sudo; a user without a name is its number."""
    return f"{os.environ.get('SUDO_USER') or _user()}@{hosts.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that /etc/passwd does not know
        return str(os.getuid())
