from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation
from understudy.model.verdict import ProbeKey
from understudy.monitor.budget import Limits
from understudy.monitor.monitor import GRAIN_S, Monitor
from understudy.testing.builders import check, endpoint
from understudy.testing.fake_network import Conduct, FakeNetwork
from understudy.testing.virtual_time import VirtualClock, run_virtual

ADDRESSES = [f"192.0.2.{index}" for index in range(1, 5)]
CHECKS = [check("web"), check("web", "another page"), check("fast", interval_s=1.0, timeout_s=0.5)]
TIME = st.floats(0, 120)
ASSIGNMENTS = st.dictionaries(st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(["web", "fast"])), st.booleans())
RELOADS = st.lists(st.tuples(TIME, ASSIGNMENTS), max_size=4)
CONDUCTS = st.sampled_from([each for each in Conduct if each is not Conduct.STUCK])
EVENTS = st.lists(st.tuples(TIME, st.sampled_from(ADDRESSES), CONDUCTS), max_size=12)
END_S = 150.0


def keyed(wanted: dict[tuple[str, str], bool]) -> dict[ProbeKey, Check]:
    """The flag says which of two definitions of `web` is meant."""
    found = {}
    for (address, name), is_other in wanted.items():
        found[ProbeKey(endpoint(address), name)] = CHECKS[2] if name == "fast" else CHECKS[is_other]
    return found


class Recorder:
    """Notes when each probe of a key began and ended."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.network = FakeNetwork(clock)
        self.spans: defaultdict[tuple[Endpoint, str], list[tuple[float, float]]] = defaultdict(list)

    async def probe(self, probed: Check, target: Endpoint) -> Observation:
        began = self.clock.now()
        try:
            return await self.network.probe(probed, target)
        finally:
            self.spans[target, probed.name].append((began, self.clock.now()))


async def live(
    clock: VirtualClock,
    reloads: list[tuple[float, dict[tuple[str, str], bool]]],
    events: list[tuple[float, str, Conduct]],
    limits: Limits,
) -> tuple[Recorder, Monitor]:
    recorder = Recorder(clock)
    monitor = Monitor("local", recorder.probe, clock, on_change=lambda _: None, limits=limits)
    for at, address, conduct in events:
        recorder.network.set(endpoint(address), conduct.value, at=clock.start + at)
    task = asyncio.create_task(monitor.run())
    for at, wanted in sorted(reloads, key=lambda each: each[0]):
        await clock.sleep_until(clock.start + at)
        monitor.assign(keyed(wanted))
        assert set(monitor.table()) == set(keyed(wanted))
    await clock.sleep_until(clock.start + END_S)
    task.cancel()
    await asyncio.wait([task])
    return recorder, monitor


@settings(max_examples=60, deadline=None)
@given(RELOADS, EVENTS)
def test_a_key_is_never_probed_twice_at_once_and_never_forgotten(
    reloads: list[tuple[float, dict[tuple[str, str], bool]]], events: list[tuple[float, str, Conduct]]
) -> None:
    async def main(clock: VirtualClock) -> tuple[Recorder, Monitor, float]:
        return *await live(clock, reloads, events, Limits()), clock.now()

    recorder, monitor, end = run_virtual(main)
    for spans in recorder.spans.values():
        assert all(one[1] <= other[0] for one, other in pairwise(sorted(spans)))
    last_reload = max((at for at, _ in reloads), default=0.0)
    for key in monitor.table():
        each = CHECKS[2] if key.check == "fast" else CHECKS[0]
        longest_s = each.schedule.interval_s * (1 + each.schedule.jitter) + each.schedule.timeout_s + 2 * GRAIN_S
        began = [began for began, _ in recorder.spans[key.endpoint, key.check] if began > end - END_S + last_reload]
        instants = [end - END_S + last_reload, *began, end]
        assert all(later - earlier <= longest_s for earlier, later in pairwise(instants))


@settings(max_examples=30, deadline=None)
@given(EVENTS, st.integers(1, 20), st.integers(1, 6))
def test_the_limits_hold_whatever_happens(events: list[tuple[float, str, Conduct]], rate: int, running: int) -> None:
    everything = {(address, name): False for address in ADDRESSES for name in ("web", "fast")}
    limits = Limits(rate_max=float(rate), endpoint_rate_max=2.0, running_max=running)

    async def main(clock: VirtualClock) -> Recorder:
        return (await live(clock, [(0.0, everything)], events, limits))[0]

    recorder = run_virtual(main)
    spans = sorted(span for each in recorder.spans.values() for span in each)
    for began, _ in spans:
        assert sum(one <= began < other for one, other in spans) <= running
        assert sum(began <= one < began + 10 for one, _ in spans) <= rate * 10 + rate * 0.1 + 1
    for address in ADDRESSES:
        begun = [
            began for (each, _), found in recorder.spans.items() if each == endpoint(address) for began, _ in found
        ]
        assert all(sum(first <= other < first + 10 for other in begun) <= 2 * 10 + 2 for first in begun)
