"""Faults of this host that end without anybody changing the file that could not be read."""

from __future__ import annotations

import errno

_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE}


def is_passing(error: OSError) -> bool:
    """Whether it is worth asking again: want of descriptors or memory, a disk or a network that stumbles."""
    return error.errno in _PASSING
