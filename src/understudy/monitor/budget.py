"""How many probes may start, and run at once.

A probe over budget is late, never dropped: the scheduler keeps it queued, counts it, and the watchdog alarms.
"""

from __future__ import annotations

from understudy.model.frozen import frozen
from understudy.model.instant import Instant


@frozen
class Limits:
    """What a monitor may do at most.

    `rate_max`: probes started per second in all (chosen: twice what 10,000 endpoints at 10 s need).
    `endpoint_rate_max`: per second to one endpoint, however many checks it has (chosen: twice the fastest check).
    `running_max`: at once (chosen: 1,000 a second that all run into a timeout of 3 s, and a quarter more).
    """

    rate_max: float = 2000.0
    endpoint_rate_max: float = 20.0
    running_max: int = 4000


class TokenBucket:
    """At most `rate` starts a second in the long run, and at most `rate x burst_s` (at least one) at once.

    The bucket is kept as one number, the instant at which it will be full again (the generic cell rate algorithm of
    ITU-T I.371), so an idle one costs nothing.
    """

    __slots__ = ("__weakref__", "_full_at", "_spacing_s", "_tolerance_s")

    def __init__(self, rate: float, burst_s: float) -> None:
        self._spacing_s = 1.0 / rate
        self._tolerance_s = max(burst_s, self._spacing_s) - self._spacing_s
        self._full_at: Instant = 0.0

    def ready_at(self) -> Instant:
        """From when on one more may start."""
        return self._full_at - self._tolerance_s

    def take(self, now: Instant) -> None:
        """Note that one starts; the caller has asked `ready_at`."""
        self._full_at = max(self._full_at, now) + self._spacing_s
