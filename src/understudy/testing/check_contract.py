"""What every kind of check is held to, whatever it meets."""

from __future__ import annotations

import asyncio
import gc
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

import trustme
import uvloop

from understudy.checks.probe import probe
from understudy.checks.registry import parse
from understudy.checks.transport.faults import TEXT_MAX
from understudy.clock.clock import SystemClock
from understudy.model.check import Check, Schedule
from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.observation import Observation, Outcome

SLACK_S = 5.0  # chosen: a machine that is busy with other work; a probe that ignores its deadline takes for ever
DESCRIPTORS_MAX = 512  # chosen: far more than a scene opens
LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}

_REASON = re.compile(r"[a-z0-9_]+(\.[a-z0-9_-]+)+")

Scene: TypeAlias = Callable[[], Awaitable[None]]


@frozen
class Certificates:
    """An authority's certificate and what it has issued: for www.example.com and loopback, and for another name."""

    authority: trustme.CA
    ca_file: Path
    server: ssl.SSLContext
    other_name: ssl.SSLContext

    @classmethod
    def issue(cls, folder: Path) -> Certificates:
        """Make them in `folder`."""
        authority = trustme.CA()
        ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        contexts = []
        for names in (("www.example.com", "127.0.0.1", "::1"), ("other.example",)):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(*names).configure_cert(context)
            context.set_alpn_protocols(["h2", "http/1.1"])
            contexts.append(context)
        return cls(authority, ca_file, *contexts)


def make_check(kind: str, written: object, *, timeout_s: float = 3.0) -> Check:
    """A check from the written form of its settings."""
    return Check("contract", kind, parse(kind, written, {}), Schedule(timeout_s=timeout_s))


async def observe(check: Check, host: str = "127.0.0.1") -> Observation:
    """One probe, held to everything that is promised of an observation."""
    clock = SystemClock()
    began = clock.now()
    endpoint = Endpoint(Name.parse(host) if host[-1].isalpha() else ip_address(host))
    observation = await probe(check, endpoint, clock)
    took_s = clock.now() - began
    _demand(took_s < check.schedule.timeout_s + SLACK_S, f"the deadline was not kept: {took_s:.3f} s")
    _demand(began <= observation.at <= clock.now(), "it was not observed while the probe ran")
    _demand(observation.duration_s <= took_s + 0.001, "the phases are longer than the probe")
    _demand(all(phase.name and phase.duration_s >= 0 for phase in observation.phases), f"{observation.phases}")
    _demand(len(observation.text) <= TEXT_MAX and observation.text.isprintable(), f"text: {observation.text!r}")
    if observation.outcome is Outcome.PASS:
        _demand(not observation.reason, f"a pass with the reason {observation.reason}")
    else:
        _demand(bool(_REASON.fullmatch(observation.reason)), f"reason: {observation.reason!r}")
        _demand(bool(observation.text), "no text for people")
    return observation


def see(kind: str, written: object, *, host: str = "127.0.0.1", timeout_s: float = 5.0) -> Observation:
    """The observation of one probe on a loop of its own. Descriptors are not counted: the peer's are among them."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(observe(make_check(kind, written, timeout_s=timeout_s), host))


def perform(scene: Scene, loop: str = "uvloop") -> None:
    """Run a scene on a loop, and hold it to leaving neither descriptor nor callback nor task."""

    async def watch() -> None:
        await asyncio.sleep(0)
        before = descriptors()
        await scene()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        _demand(not left, f"tasks were left: {left}")
        after = descriptors()
        watched = [number for number in range(DESCRIPTORS_MAX) if str(number) not in before and _is_watched(number)]
        _demand(not watched, f"the loop still watches descriptors that are gone: {watched}")
        _demand(after == before, f"descriptors were left: {after.items() ^ before.items()}")

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(watch())


def _is_watched(descriptor: int) -> bool:
    loop = asyncio.get_running_loop()
    return bool(loop.remove_reader(descriptor)) or bool(loop.remove_writer(descriptor))


def descriptors() -> dict[str, str]:
    """What is open in this process."""
    gc.collect()
    opened = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            opened[entry.name] = str(entry.readlink())
        except FileNotFoundError:  # the listing's own descriptor
            continue
    return opened


def _demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # as assert, which a library's optimised run would drop
    if not holds:
        raise AssertionError(otherwise)
