"""What is wrong now: raised once, cleared once, each an event. Many of one cause are one alarm.

```text
APART     -- no more than FEW of one cause --> APART      each is an alarm of its own
APART     -- one more -----------------------> TOGETHER   one alarm that counts them: an event
TOGETHER  -- GROWTH times as many -----------> TOGETHER   an event with the count
TOGETHER  -- the last of them ends ----------> APART      an event: it is over, with all of them
```
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.plural import plural

FEW = 3  # chosen: so many are read one by one
GROWTH = 10  # chosen: what befalls a thousand zones is told six times, and not a thousand times


@frozen
class Cause:
    """What the alarms of several zones may have in common. `key` is that of the alarm which stands for all of them.

    `what` is wrong with a zone, in words that follow its number, and `why`.
    """

    key: str
    what: str
    why: str


@frozen
class Alarm:
    """`key` is what it is about, stable while it lasts: `zone/example.com`."""

    key: str
    text: str
    since: Instant
    cause: Cause | None = None


@dataclass(slots=True)
class _Group:
    """The alarms of one cause: what is wrong with each, with how many, and why, in the words of the latest.

    `told` is how many they were when that was told; 0: they stand apart.
    """

    since: Instant
    members: OrderedDict[str, str] = field(default_factory=OrderedDict)  # whose first is found at once; a dict's is not
    counts: Counter[str] = field(default_factory=Counter)
    whys: dict[str, str] = field(default_factory=dict)
    told: int = 0
    most: int = 0

    def put(self, key: str, cause: Cause) -> None:
        """It is one of them, or something else is wrong with it now."""
        self.drop(key, is_kept=True)
        self.members[key] = cause.what
        self.counts[cause.what] += 1
        self.whys[cause.what] = cause.why
        self.most = max(self.most, len(self.members))

    def drop(self, key: str, *, is_kept: bool = False) -> None:
        """It is none of them any more; or it keeps its place."""
        what = self.members.get(key)
        if what is not None:
            self.counts[what] -= 1
        if not is_kept:
            del self.members[key]

    def text(self) -> str:
        """What is wrong with how many, and with whom."""
        said = (f"{plural(count, 'zone')} {what}: {self.whys[what]}" for what, count in (+self.counts).most_common())
        names = ", ".join(key.partition("/")[2] for key in islice(self.members, FEW))
        return f"{'; '.join(said)} (such as {names}; `understudy zone list` shows all)"


class Alarms:
    """The alarms in force. `tell` receives an event when one begins and when it ends."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._active: dict[str, Alarm] = {}
        self._groups: dict[str, _Group] = {}

    def raise_alarm(self, key: str, text: str, now: Instant, *, cause: Cause | None = None) -> None:
        """Begin an alarm; one that is in force already only gets another text, or another cause."""
        before = self._active.get(key)
        if before is not None and before.cause is not None and (cause is None or cause.key != before.cause.key):
            self._part(before, before.cause, now)
        self._active[key] = Alarm(key, text, before.since if before else now, cause)
        is_told = cause is not None and self._join(key, cause, now)
        if before is None and not is_told:
            self._tell(Event(now, EventKind.ALARM, key, text, Severity.ALARM))

    def clear(self, key: str, now: Instant) -> None:
        """End an alarm, if it is in force."""
        alarm = self._active.pop(key, None)
        if alarm is not None and not (alarm.cause is not None and self._part(alarm, alarm.cause, now)):
            self._tell(Event(now, EventKind.ALARM, key, f"over: {alarm.text}", Severity.INFO))

    def _join(self, key: str, cause: Cause, now: Instant) -> bool:
        """Whether it is told with the others of its cause, if there is anything to be told."""
        group = self._groups.setdefault(cause.key, _Group(now))
        group.put(key, cause)
        if len(group.members) > FEW and len(group.members) >= GROWTH * group.told:
            group.told = len(group.members)
            self._tell(Event(now, EventKind.ALARM, cause.key, group.text(), Severity.ALARM))
        return group.told > 0

    def _part(self, alarm: Alarm, cause: Cause, now: Instant) -> bool:
        """Whether its end is told with the others of its cause, when the last of them ends."""
        group = self._groups[cause.key]
        group.drop(alarm.key)
        if not group.members:
            del self._groups[cause.key]
            if group.told:
                text = f"over, for {plural(group.most, 'zone')} at the most: {cause.what}: {cause.why}"
                self._tell(Event(now, EventKind.ALARM, cause.key, text, Severity.INFO))
        return group.told > 0

    def text(self, key: str) -> str:
        """What one in force says; empty where it is not. Of each by itself, also where many are one."""
        alarm = self._active.get(key)
        return "" if alarm is None else alarm.text

    def keys(self, prefix: str) -> list[str]:
        """The keys of those in force that begin so, as `text`."""
        return [key for key in self._active if key.startswith(prefix)]

    def set_alarm(self, key: str, text: str, now: Instant) -> None:
        """Raise with a text, or clear with an empty one."""
        if text:
            self.raise_alarm(key, text, now)
        else:
            self.clear(key, now)

    @property
    def active(self) -> list[Alarm]:
        """In force now, the oldest first; many of one cause as one."""
        together = {key: Alarm(key, group.text(), group.since) for key, group in self._groups.items() if group.told}
        apart = (each for each in self._active.values() if each.cause is None or each.cause.key not in together)
        return sorted([*apart, *together.values()], key=lambda alarm: alarm.since)
