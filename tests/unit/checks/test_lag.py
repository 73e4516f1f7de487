import asyncio
import socket
import time
from ipaddress import IPv4Address

import pytest

from understudy.checks.probe import LAG_S, probe
from understudy.checks.registry import parse_text
from understudy.clock.clock import SystemClock
from understudy.model.check import Check, Schedule
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation, Outcome


async def probe_while(blocking_s: float, port: int) -> Observation:
    """A probe of a server that accepts and never answers, while our own loop is busy with something else."""
    kind, settings = parse_text(f"http://www.example.com:{port}/")
    check = Check("web", kind, settings, Schedule(timeout_s=0.2))
    asyncio.get_running_loop().call_later(0.05, lambda: _work(blocking_s))
    return await probe(check, Endpoint(IPv4Address("127.0.0.1")), SystemClock())


def _work(seconds: float) -> None:
    """Hold the loop, as a host without processor time does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_a_deadline_that_our_own_host_missed_is_no_fault_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.checks.probe.LAG_S", LAG_S)  # as it is, unlike in the other tests of checks
    with socket.create_server(("127.0.0.1", 0)) as silent:
        observation = asyncio.run(probe_while(0.8, silent.getsockname()[1]))
    assert (observation.outcome, observation.reason) == (Outcome.INCONCLUSIVE, "local.lag")
