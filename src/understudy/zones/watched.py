"""One name server that is watched: how it stands, and when it is looked at again.

```text
UNKNOWN     -- well -->                        OK
any         -- a fault, first time -->         as before, in doubt; looked at again soon
in doubt    -- a fault again -->               that fault
any         -- behind beyond its limit -->     BEHIND, at once: the limit was the doubt
a fault     -- well -->                        OK
BEHIND      -- its serial is the newest -->    OK, at once
any         -- it could not be asked -->       as before: that says nothing of the server
DIFFERS     -- behind within its limit -->     DIFFERS: answers of two versions cannot be compared
```

A datagram that was lost, or a server that restarts, is so never told of (ADR 0026).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.watch import ServerState, WatchSettings
from understudy.zones.sighting import Finding

JITTER = 0.1  # chosen: servers that were named together are soon looked at at different times
RECHECK_SHARE = 6  # chosen: what is in doubt is looked at again after a sixth of the interval
RECHECK_MAX_S = 10.0  # chosen: so that a dead server is known within interval + 20 s, time-outs included
LOADED_S = 2.0  # chosen: who has just fetched a zone answers from it by then
LIMIT_S = 0.5  # chosen: who reaches the limit of its lag is looked at half a second later

_BY_TIME = frozenset((ServerState.OK, ServerState.BEHIND))


@frozen
class Watched:
    """`serial` is the last one that was told; `behind_since` is also set while the lag is within its limit.

    `looked_at` is when the last look ended, `heard_at` when it last answered anything.
    `turn` grows with every look but those whose answers are to be compared once more.
    """

    due: Instant
    state: ServerState = ServerState.UNKNOWN
    text: str = ""
    since: Instant | None = None
    serial: int | None = None
    behind_since: Instant | None = None
    looked_at: Instant | None = None
    heard_at: Instant | None = None
    is_in_doubt: bool = False
    turn: int = 0

    @property
    def is_faulty(self) -> bool:
        """Whether somebody should look."""
        return self.state not in {ServerState.OK, ServerState.UNKNOWN}

    def seen(
        self, finding: Finding, serial: int | None, now: Instant, *, settings: WatchSettings, chance: float
    ) -> Self:
        """After one look. `chance`, from 0 to 1, spreads the next one."""
        pause_s = settings.interval_s * (1 - JITTER * chance)
        if finding.state is ServerState.UNKNOWN:
            text = finding.text if self.state is ServerState.UNKNOWN else self.text
            return replace(self, text=text, due=now + pause_s)
        looked = replace(
            self,
            serial=self.serial if serial is None else serial,
            behind_since=finding.behind_since,
            looked_at=now,
            heard_at=self.heard_at if finding.state is ServerState.UNREACHABLE else now,
        )
        if finding.state not in _BY_TIME and not self.is_in_doubt and finding.state is not self.state:
            return replace(looked, is_in_doubt=True, due=now + _recheck_s(settings))
        if self.state is ServerState.DIFFERS and finding.state is ServerState.OK and finding.behind_since is not None:
            finding = replace(finding, state=self.state, text=self.text)
        since = self.since if finding.state is self.state else now
        turn = self.turn + (finding.state is not ServerState.DIFFERS)
        due = now + pause_s
        if finding.state is ServerState.OK:
            due = _limited(due, finding.behind_since, now, settings=settings)
        return replace(
            looked, state=finding.state, text=finding.text, since=since, is_in_doubt=False, due=due, turn=turn
        )

    def glimpsed(self, serial: int, behind_since: Instant | None, now: Instant, *, settings: WatchSettings) -> Self:
        """After it was asked for its serial alone: everything else is left to the next look."""
        after = replace(self, serial=serial, behind_since=behind_since, looked_at=now, heard_at=now)
        if self.state is ServerState.BEHIND and behind_since is None:
            return replace(after, state=ServerState.OK, text="", since=now)
        if self.state is ServerState.OK:
            return replace(after, due=_limited(self.due, behind_since, now, settings=settings))
        return after

    def heard_of(self, now: Instant, *, settings: WatchSettings) -> Self:
        """After the server was heard of otherwise: if it was not well, or not looked at yet, it is looked at soon."""
        if self.state in _BY_TIME and not self.is_in_doubt:
            return self
        pause_s = _recheck_s(settings)
        if self.state is ServerState.UNKNOWN or self.is_in_doubt:
            pause_s = min(pause_s, LOADED_S)
        earliest = now if self.looked_at is None else max(now, self.looked_at + pause_s)
        return replace(self, due=min(self.due, earliest))


def _limited(due: Instant, behind_since: Instant | None, now: Instant, *, settings: WatchSettings) -> Instant:
    """No later than when its lag is at the limit."""
    return due if behind_since is None else min(due, max(now, behind_since + settings.lag_s) + LIMIT_S)


def _recheck_s(settings: WatchSettings) -> float:
    return min(settings.interval_s / RECHECK_SHARE, RECHECK_MAX_S)
