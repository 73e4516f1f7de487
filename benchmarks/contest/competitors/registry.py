"""Who takes part."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.contest.competitors.bind import Bind
from benchmarks.contest.competitors.competitor import Competitor
from benchmarks.contest.competitors.gdnsd import Gdnsd
from benchmarks.contest.competitors.knot import Knot
from benchmarks.contest.competitors.nsd import Nsd
from benchmarks.contest.competitors.powerdns import PowerDns
from benchmarks.contest.competitors.understudy import BusyUnderstudy, Understudy

COMPETITORS: Mapping[str, Competitor] = {
    each.key: each for each in (Understudy(), Gdnsd(), Knot(), Nsd(), PowerDns(), Bind())
}

ANSWERING: Mapping[str, Competitor] = {**COMPETITORS, BusyUnderstudy.key: BusyUnderstudy()}
"""The same, and settings that only answers tell apart."""
