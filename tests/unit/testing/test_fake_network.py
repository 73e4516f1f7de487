from __future__ import annotations

import pytest

from understudy.model.observation import Observation, Outcome
from understudy.testing.builders import check, endpoint
from understudy.testing.fake_network import ROUND_TRIP_S, Behaviour, Conduct, FakeNetwork
from understudy.testing.virtual_time import VirtualClock, run_virtual

ONE, OTHER = endpoint("192.0.2.10"), endpoint("192.0.2.11")
WEB = check("web", timeout_s=1.0)


@pytest.mark.parametrize(
    ("behaviour", "outcome", "reason", "after_s"),
    [
        ("up", Outcome.PASS, "", ROUND_TRIP_S),
        ("slow 500ms", Outcome.PASS, "", 0.5),
        ("slow 2s", Outcome.FAIL, "connect.timeout", 1.01),
        ("silent", Outcome.FAIL, "connect.timeout", 1.0),
        ("refuses", Outcome.FAIL, "connect.refused", ROUND_TRIP_S),
        ("fails", Outcome.FAIL, "http.status", ROUND_TRIP_S),
        ("unreachable", Outcome.INCONCLUSIVE, "socket.no_route", ROUND_TRIP_S / 2),
    ],
)
def test_an_endpoint_does_as_told(behaviour: str, outcome: Outcome, reason: str, after_s: float) -> None:
    async def main(clock: VirtualClock) -> tuple[Observation, float]:
        network = FakeNetwork(clock)
        network.set(ONE, behaviour)
        return await network.probe(WEB, ONE), clock.now() - clock.start

    observation, took_s = run_virtual(main)
    assert (observation.outcome, observation.reason) == (outcome, reason)
    assert took_s == pytest.approx(after_s, abs=0.02)


def test_what_is_said_holds_from_its_instant_on_and_for_its_check() -> None:
    async def main(clock: VirtualClock) -> list[Conduct]:
        network = FakeNetwork(clock)
        network.set(ONE, "refuses", at=clock.start + 10)
        network.set(ONE, "silent", at=clock.start + 20, check="web")
        seen = []
        for time_s in (9.99, 10, 20, 30):
            await clock.sleep_until(clock.start + time_s)
            seen.append(network.behaviour(ONE, "web").conduct)
        return [*seen, network.behaviour(ONE, "db").conduct, network.behaviour(OTHER, "web").conduct]

    assert run_virtual(main) == ["up", "refuses", "silent", "silent", "refuses", "up"]


def test_a_check_with_a_bug_raises() -> None:
    async def main(clock: VirtualClock) -> None:
        network = FakeNetwork(clock)
        network.set(ONE, "buggy")
        await network.probe(WEB, ONE)

    with pytest.raises(ZeroDivisionError):
        run_virtual(main)


def test_behaviour_is_read_from_words() -> None:
    assert Behaviour.parse("slow 2s") == Behaviour(Conduct.SLOW, 2.0)
    assert Behaviour.parse(" up ") == Behaviour(Conduct.UP)
    with pytest.raises(ValueError, match="there are up, slow"):
        Behaviour.parse("dances")
    with pytest.raises(ValueError, match="no duration"):
        Behaviour.parse("slow soon")


def test_probes_are_recorded_unless_told_not_to() -> None:
    async def main(clock: VirtualClock) -> list[tuple[float, object, str]]:
        network = FakeNetwork(clock)
        await network.probe(WEB, ONE)
        network.is_recording = False
        await network.probe(WEB, OTHER)
        return [(at - clock.start, each, name) for at, each, name in network.probes]

    assert run_virtual(main) == [(0.0, ONE, "web")]
