from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Any

import pytest
import structlog

from understudy.checks import tcp
from understudy.checks.attempt import Attempt
from understudy.checks.probe import probe
from understudy.checks.transport import resolve
from understudy.clock.clock import SystemClock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Outcome
from understudy.testing.check_contract import make_check, observe, perform, see
from understudy.testing.honest_peers import answers, http_response
from understudy.testing.hostile_peers import stays_silent
from understudy.testing.peers import Peer

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("tcp", 1),
        ("http", "http://127.0.0.1:1/"),
        ("udp", 1),
        ("icmp", None),
        ("dns", "example.com"),
        ("script", "/bin/true"),
    ],
)
def test_a_process_without_descriptors_blames_nobody(kind: str, written: object) -> None:
    async def starve() -> None:
        check = make_check(kind, written)
        clock = SystemClock()
        with no_descriptor_left():
            seen = await probe(check, Endpoint(IPv4Address("127.0.0.1")), clock)
        assert seen.outcome is INCONCLUSIVE, seen
        # A host that forbids this process to ping says that first.
        assert seen.reason in {"local.descriptors", "local.icmp-forbidden" if kind == "icmp" else "local.script"}

    perform(starve)


def test_a_program_that_started_as_the_last_descriptor_went_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    seen = see("script", {"path": "/bin/sleep", "args": ["60"]})
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "local.descriptors")


def test_an_address_that_our_own_routing_refuses_blames_nobody() -> None:
    seen = see("tcp", 1, host="255.255.255.255")
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "local.no-route")


def test_a_bug_in_a_check_is_logged_and_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(_: object, __: Attempt) -> str:
        raise ZeroDivisionError("no \x1b[31mdivisor")

    monkeypatch.setattr("understudy.checks.probe.KINDS", {"tcp": type("Kind", (), {"probe": staticmethod(stumble)})})
    with structlog.testing.capture_logs() as lines:
        seen = see("tcp", 1)
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "local.bug")
    assert seen.text == "a bug in the check: ZeroDivisionError: no [31mdivisor"
    assert [(line["log_level"], line["check"], line["endpoint"]) for line in lines] == [
        ("error", "contract", "127.0.0.1")
    ]
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)


def test_a_kind_that_nobody_knows_blames_nobody() -> None:
    check = Check("odd", "carrier-pigeon", tcp.TcpSettings(port=1))
    with structlog.testing.capture_logs():
        seen = asyncio.run(probe(check, Endpoint(IPv4Address("127.0.0.1")), SystemClock()))
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "local.bug")


def test_a_name_that_a_working_resolver_denies_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver_says(monkeypatch, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    seen = see("tcp", 1, host="gone.example")
    assert (seen.outcome, seen.reason, seen.text) == (FAIL, "resolve.no-address", "gone.example has no address")


@pytest.mark.parametrize("number", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY, socket.EAI_SYSTEM])
def test_a_resolver_that_fails_blames_nobody(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver_says(monkeypatch, socket.gaierror(number, "Temporary failure in name resolution"))
    seen = see("http", "http://www.example.com/", host="www.example.com")
    assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "resolve.failed")
    assert [phase.name for phase in seen.phases] == ["resolve"]


def test_a_resolver_that_is_silent_blames_nobody_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    wake = threading.Event()

    def hang(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        wake.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    async def scene() -> None:
        check = make_check("tcp", 1, timeout_s=0.1)
        for seen in await asyncio.gather(*(observe(check, "www.example.com") for _ in range(5))):
            assert (seen.outcome, seen.reason) == (INCONCLUSIVE, "resolve.timeout")

    perform(scene)
    running = [thread for thread in threading.enumerate() if thread.name == "resolve www.example.com"]
    wake.set()
    for thread in running:
        thread.join(5)
    assert asked == ["www.example.com"]
    assert resolve._running == {}


def test_look_ups_that_hang_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    wake = threading.Event()
    monkeypatch.setattr(resolve, "LOOKUPS_MAX", 2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: wake.wait() and [])

    async def scene() -> None:
        check = make_check("tcp", 1, timeout_s=0.1)
        hosts = ("a.example", "b.example", "c.example")
        seen = await asyncio.gather(*(observe(check, host) for host in hosts))
        assert [each.reason for each in seen] == ["resolve.timeout", "resolve.timeout", "resolve.busy"]
        assert {each.outcome for each in seen} == {INCONCLUSIVE}

    perform(scene)
    wake.set()


def test_a_host_name_is_up_when_one_of_its_addresses_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answers(http_response()), host="127.0.0.3") as peer:
        resolver_says(monkeypatch, ["127.0.0.2", "::1", "127.0.0.3"])
        seen = see("http", f"http://www.example.com:{peer.port}/", host="www.example.com")
    assert seen.outcome is PASS, seen
    assert [phase.name for phase in seen.phases][:2] == ["resolve", "connect"]


def test_a_host_name_whose_addresses_all_fail_is_the_endpoints_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(stays_silent, host="127.0.0.3") as peer:
        port = peer.port
    resolver_says(monkeypatch, ["255.255.255.255", "127.0.0.3"])
    seen = see("tcp", port, host="www.example.com")
    assert (seen.outcome, seen.reason) == (FAIL, "connect.refused")
    resolver_says(monkeypatch, ["255.255.255.255", "255.255.255.255"])
    assert see("tcp", port, host="www.example.com").outcome is INCONCLUSIVE


def resolver_says(monkeypatch: pytest.MonkeyPatch, answer: list[str] | OSError) -> None:
    def look_up(*_: object, **__: object) -> list[Any]:
        if isinstance(answer, OSError):
            raise answer
        return [(0, 0, 0, "", (address, 0)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_an_observation_is_dated_by_the_clock_that_was_given() -> None:
    class Stopped(SystemClock):
        def now(self) -> float:
            return 1_700_000_000.0

    with Peer(stays_silent) as peer:
        seen = asyncio.run(probe(make_check("tcp", peer.port), Endpoint(IPv4Address("127.0.0.1")), Stopped()))
    assert (seen.at, seen.duration_s) == (1_700_000_000.0, 0.0)
