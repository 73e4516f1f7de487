"""Primaries that do not answer, remembered over all zones: the second zone does not wait for what the first found dead.

```text
HEARD  -- it does not answer -------------------> SILENT   others are asked first, for a pause
SILENT -- it answers ---------------------------> HEARD
SILENT -- the pause is over, and one zone asks -> TRIED    the other zones still ask others first
TRIED  -- it answers ---------------------------> HEARD
TRIED  -- it does not --------------------------> SILENT   for twice the pause
```

A zone that may expire meanwhile shortens the pause, so that it does not although its primary is back (ADR 0041).
It never keeps a zone from being asked for: where nobody else has what is wanted, the silent are asked too (ADR 0033).
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.model.instant import Instant
from understudy.model.transfer import Primary

PAUSE_FIRST_S = 30.0  # chosen: a server that starts anew is back by then
PAUSE_MAX_S = 600.0  # chosen: as long as BIND's memory of servers that cannot be reached
HASTE = 0.25  # chosen: of what is left until a zone expires, the longest pause that it waits for
TRIAL_S = 10.0  # chosen: longer than a connection and a question take at most


@dataclass(slots=True)
class _Silence:
    """Others are asked first until then."""

    until: Instant
    pause_s: float = PAUSE_FIRST_S
    is_tried: bool = False


class Silences:
    """By address and port, and by our own address: the key that a zone signs with says nothing about who is there."""

    def __init__(self) -> None:
        self._silent: dict[tuple[str, int, str], _Silence] = {}

    def is_silent(self, primary: Primary, now: Instant) -> bool:
        """Whether others are to be asked first."""
        silence = self._silent.get((primary.address, primary.port, primary.via))
        return silence is not None and now < silence.until

    def is_tried(self, primary: Primary, now: Instant) -> bool:
        """Whether to ask it like any other. When its pause is over that is so for one zone only."""
        if self.is_silent(primary, now):
            return False
        silence = self._silent.get((primary.address, primary.port, primary.via))
        if silence is not None:
            silence.until, silence.is_tried = now + TRIAL_S, True
        return True

    def hasten(self, primary: Primary, now: Instant, left_s: float) -> None:
        """A zone that wants it has so long until it expires: there is time for several trials, and some more behind."""
        silence = self._silent.get((primary.address, primary.port, primary.via))
        if silence is not None and not silence.is_tried:
            silence.until = min(silence.until, now + max(TRIAL_S, HASTE * left_s))

    def note_silence(self, primary: Primary, now: Instant) -> bool:
        """It did not answer; whether that is new. Many zones may find the same at once, which counts once."""
        silence = self._silent.get((primary.address, primary.port, primary.via))
        if silence is None:
            self._silent[primary.address, primary.port, primary.via] = _Silence(now + PAUSE_FIRST_S)
            return True
        if silence.is_tried or now >= silence.until:
            silence.pause_s = min(2 * silence.pause_s, PAUSE_MAX_S)
            silence.until, silence.is_tried = now + silence.pause_s, False
        return False

    def note_answer(self, primary: Primary) -> bool:
        """It answered, whatever it said; whether that is new."""
        return self._silent.pop((primary.address, primary.port, primary.via), None) is not None
