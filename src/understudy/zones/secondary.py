"""A zone that comes from other servers: when they are asked, whom to fetch it from, how long it is answered without.

```text
EMPTY     -- a version is here ----------> CURRENT
EMPTY     -- nobody has one -------------> EMPTY      asked again after a pause that doubles
CURRENT   -- a primary has the same -----> CURRENT    asked again after SOA refresh
CURRENT   -- a newer version is here ----> CURRENT
CURRENT   -- nobody says so -------------> RETRYING   asked again after SOA retry
RETRYING  -- the same, or a newer one ---> CURRENT
RETRYING  -- nobody says so -------------> RETRYING
CURRENT, RETRYING -- SOA expire since a primary said so --> EXPIRED   answered no more
EXPIRED   -- the same, or a newer one ---> CURRENT    unless it expires there as well
EXPIRED   -- nobody says so -------------> EXPIRED    asked again after SOA retry
CURRENT, RETRYING, EXPIRED -- an operator promotes it --> PROMOTED   nobody is asked, and it never expires
PROMOTED  -- an operator demotes it -----> RETRYING   asked at once; SOA expire counts from then
```

A primary may be a secondary itself, and say for how long its version is still good (RFC 7314). Then the version counts
as refreshed when the true primary was last heard, so that secondaries that name each other do not keep it alive.

Sources: RFC 1034 4.3.5, RFC 1035 3.3.13, RFC 7314; ADR 0022.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Self

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.transfer import Primary
from understudy.zones.serial import is_later

JITTER = 0.1  # chosen: zones that were fetched together are soon asked for at different times, and never late
EARLY = 0.05  # chosen: what spares a conversation of its own costs a twentieth more questions
INTERVAL_MIN_S = 2.0  # chosen: a primary is not asked more often, whatever its SOA says; Knot's bound too
INTERVAL_MAX_S = 28 * 86400.0  # chosen: BIND's bound too; a slip of the pen must not make a zone stay for ever
PAUSE_FIRST_S = 1.0  # chosen: a primary that starts at the same time is ready by then
PAUSE_GROWTH = 1.25  # chosen: a primary that begins is found after a quarter more of the time that it took
PAUSE_MAX_S = 60.0  # chosen: what costs a question a minute

_NUMBERS = struct.Struct(">IIIII")


class Standing(StrEnum):
    """The words of `status`."""

    EMPTY = "empty"
    CURRENT = "current"
    RETRYING = "retrying"
    EXPIRED = "expired"
    PROMOTED = "promoted"


@frozen
class Timers:
    """What the SOA asks of secondaries, within reason: seconds."""

    refresh_s: float
    retry_s: float
    expire_s: float
    stated_expire_s: float = math.inf
    """What the SOA says of it, in reason or not."""

    @classmethod
    def of_soa(cls, rdata: bytes) -> Self:
        """From uncompressed SOA rdata. A zone never expires before it was asked for twice."""
        _, refresh, retry, expire, _ = _NUMBERS.unpack_from(rdata, len(rdata) - _NUMBERS.size)
        refresh_s, retry_s = (min(max(each, INTERVAL_MIN_S), INTERVAL_MAX_S) for each in (refresh, retry))
        return cls(refresh_s, retry_s, max(float(expire), refresh_s + retry_s), float(expire))

    def age_s(self, left_s: float | None) -> float:
        """How long ago a version was confirmed that is good for this long; None: nobody said, so it was just now.

        Who says as much as the SOA does, or more, is the primary (RFC 7314 4).
        """
        return 0.0 if left_s is None or left_s >= self.stated_expire_s else max(0.0, self.expire_s - left_s)

    def pause_s(self, left_s: float) -> float:
        """Until the primaries are asked again about a version that is good for so long.

        What would expire before a question after that one is asked for sooner: the peer that has it may have lost its
        primary, and another one may be back.
        """
        if left_s >= self.refresh_s + self.retry_s:
            return self.refresh_s
        return max(INTERVAL_MIN_S, min(self.refresh_s, self.retry_s, left_s / 2))


@frozen
class Offer:
    """What a primary says that it has, and for how long that is good, if it says so (RFC 7314)."""

    primary: Primary
    serial: int
    expire_s: int | None = None


@frozen
class Secondary:
    """Where a zone stands. `refreshed_at` is when a primary last said that the version here is its own.

    `due` is when the primaries are asked next. An EMPTY zone has no timers yet.
    """

    standing: Standing
    due: Instant
    timers: Timers | None = None
    refreshed_at: Instant | None = None
    failures: int = 0

    @classmethod
    def empty(cls, now: Instant) -> Self:
        """Nothing is here: ask at once."""
        return cls(Standing.EMPTY, now)

    @classmethod
    def restored(cls, timers: Timers, refreshed_at: Instant, now: Instant) -> Self:
        """The copy of an earlier run: ask at once, and answer meanwhile unless it has expired.

        A time that has not come yet, because the clock was wrong, counts as now.
        """
        return cls(Standing.RETRYING, now, timers, min(refreshed_at, now)).at(now)

    @property
    def expires_at(self) -> Instant | None:
        """When the version here is answered no more unless a primary is heard; None: there is no version."""
        if self.timers is None or self.refreshed_at is None or self.standing is Standing.PROMOTED:
            return None
        return self.refreshed_at + self.timers.expire_s

    @property
    def due_with_others(self) -> Instant:
        """When the primaries may be asked, if they are asked about other zones anyway."""
        if self.standing is not Standing.CURRENT or self.timers is None:
            return self.due
        return self.due - EARLY * self.timers.refresh_s

    @property
    def is_served(self) -> bool:
        """Whether the version here may be answered from."""
        return self.standing in {Standing.CURRENT, Standing.RETRYING, Standing.PROMOTED}

    def at(self, now: Instant) -> Self:
        """The same, with what time alone has changed."""
        expires_at = self.expires_at
        if self.is_served and expires_at is not None and now >= expires_at:
            return replace(self, standing=Standing.EXPIRED, due=min(self.due, now + PAUSE_MAX_S))
        return self

    def refreshed(self, timers: Timers, now: Instant, *, chance: float, left_s: float | None = None) -> Self:
        """A primary has the version that is here. `chance`, from 0 to 1, spreads the next question.

        `left_s`: there it is good for so long. It may be good for longer here, and then stays so.
        """
        if self.standing is Standing.PROMOTED:  # while a primary was being asked
            return self
        before = -math.inf if self.refreshed_at is None else self.refreshed_at
        refreshed_at = max(before, now - timers.age_s(left_s))
        due = now + _early(timers.pause_s(refreshed_at + timers.expire_s - now), chance)
        after = replace(self, standing=Standing.CURRENT, due=due, timers=timers, refreshed_at=refreshed_at, failures=0)
        return after.at(now)

    def renewed(self, timers: Timers, now: Instant, *, chance: float, left_s: float | None = None) -> Self:
        """A newer version is here, which is good for so long where it came from, and for no longer here."""
        before = self if self.standing is Standing.PROMOTED else replace(self, refreshed_at=None)
        return before.refreshed(timers, now, chance=chance, left_s=left_s)

    def failed(self, now: Instant, *, chance: float) -> Self:
        """No primary gave a version, or said that the one here is its own.

        While nothing is answered they are asked once a minute at the least, whatever the SOA says.
        """
        if self.standing is Standing.PROMOTED:
            return self
        failures = self.failures + 1
        if self.timers is None:
            pause_s = min(PAUSE_FIRST_S * PAUSE_GROWTH ** min(failures - 1, 100), PAUSE_MAX_S)
            return replace(self, due=now + _early(pause_s, chance), failures=failures)
        after = replace(self, standing=Standing.RETRYING if self.is_served else self.standing).at(now)
        retry_s = self.timers.retry_s if after.is_served else min(self.timers.retry_s, PAUSE_MAX_S)
        return replace(after, due=now + _early(retry_s, chance), failures=failures)

    def promoted(self) -> Self:
        """An operator makes the version here the primary's. Where there is none, one has to be fetched first."""
        if self.timers is None:
            return self
        return replace(self, standing=Standing.PROMOTED, due=math.inf, failures=0)

    def demoted(self, now: Instant) -> Self:
        """Primaries are followed again; they were just heard."""
        if self.standing is not Standing.PROMOTED:
            return self
        return replace(self, standing=Standing.RETRYING, due=now, refreshed_at=now)

    def asked_for(self, now: Instant) -> Self:
        """Somebody says that there is something new: ask at once, unless nobody is followed."""
        return self if self.standing is Standing.PROMOTED else replace(self, due=min(self.due, now))


def _early(interval_s: float, chance: float) -> float:
    return interval_s * (1 - JITTER * chance)


def worth_fetching(offers: Iterable[Offer], held: int | None) -> list[Offer]:
    """The offers of something newer than the serial held (None: nothing is): the newest first, else as written.

    So a primary that lags never hides what another one has.
    """
    newer = [offer for offer in offers if held is None or is_later(offer.serial, held)]
    ordered: list[Offer] = []
    for offer in newer:
        place = next((at for at, other in enumerate(ordered) if is_later(offer.serial, other.serial)), len(ordered))
        ordered.insert(place, offer)
    return ordered
