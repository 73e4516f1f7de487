"""What is wrong now: raised once, cleared once, each an event."""

from __future__ import annotations

from collections.abc import Callable

from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant


@frozen
class Alarm:
    """`key` is what it is about, stable while it lasts: `all-down/www.example.com/A`."""

    key: str
    text: str
    since: Instant


class Alarms:
    """The alarms in force. `tell` receives an event when one begins and when it ends."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._active: dict[str, Alarm] = {}

    def raise_alarm(self, key: str, text: str, now: Instant) -> None:
        """Begin an alarm; one that is in force already only gets another text."""
        before = self._active.get(key)
        self._active[key] = Alarm(key, text, before.since if before else now)
        if before is None:
            self._tell(Event(now, EventKind.ALARM, key, text, Severity.ALARM))

    def clear(self, key: str, now: Instant) -> None:
        """End an alarm, if it is in force."""
        alarm = self._active.pop(key, None)
        if alarm is not None:
            self._tell(Event(now, EventKind.ALARM, key, f"over: {alarm.text}", Severity.INFO))

    def text(self, key: str) -> str:
        """What one in force says; empty where it is not."""
        alarm = self._active.get(key)
        return "" if alarm is None else alarm.text

    def keys(self, prefix: str) -> list[str]:
        """The keys of those in force that begin so."""
        return [key for key in self._active if key.startswith(prefix)]

    def set_alarm(self, key: str, text: str, now: Instant) -> None:
        """Raise with a text, or clear with an empty one."""
        if text:
            self.raise_alarm(key, text, now)
        else:
            self.clear(key, now)

    @property
    def active(self) -> list[Alarm]:
        """In force now, the oldest first."""
        return sorted(self._active.values(), key=lambda alarm: alarm.since)
