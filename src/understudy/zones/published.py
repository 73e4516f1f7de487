"""Which versions of a zone there were and since when, so that a server's serial can be told as a lag."""

from __future__ import annotations

from collections import deque

from understudy.model.instant import Instant
from understudy.zones.serial import is_later

KEPT = 1000  # chosen: a version each second for a quarter of an hour; what is older counts from the oldest that is kept


class Published:
    """The last serials, oldest first, each with the instant at which it was first seen."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, Instant]] = deque(maxlen=KEPT)

    @property
    def newest(self) -> int | None:
        """The last serial; None: none is known yet."""
        return self._kept[-1][0] if self._kept else None

    def note(self, serial: int, now: Instant) -> None:
        """This is the zone's serial now. One that is not later than the last begins the list anew."""
        newest = self.newest
        if serial == newest:
            return
        if newest is not None and not is_later(serial, newest):
            self._kept.clear()
        self._kept.append((serial, now))

    def behind_since(self, serial: int) -> Instant | None:
        """When the first version later than `serial` was there; None: `serial` is not behind."""
        return next((at for each, at in self._kept if is_later(each, serial)), None)
