"""Where log lines go."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TextIO


class Sink:
    """Writes whole lines. A reader that went away or a full disk costs lines, never the server."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """One line, at once."""
        with self._lock, suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = msg = write
