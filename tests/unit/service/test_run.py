"""A name server's life with a real loop, store and sockets, on loopback."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import pytest

from understudy.clock.clock import SystemClock
from understudy.model.errors import EngineError, StoreError
from understudy.service.candidate import read_candidate
from understudy.service.name_server import NameServer
from understudy.service.run import run
from understudy.service.surroundings import Surroundings
from understudy.store.sqlite_store import open_store
from understudy.store.store import EventFilter
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.ports import free_port

CONFIGURATION = """\
listen: 127.0.0.1:{port}
state_dir: state
zones: {{example.com: {{file: example.com.zone}}}}
records:
  www.example.com: {{tiers: [[192.0.2.10], [192.0.2.11]]}}
"""
ZONE = "$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., None]:
    """Serve until told to leave by what `on_ready` does."""

    def start(on_ready: Callable[[NameServer], None], port: int = 0) -> None:
        (tmp_path / "understudy.yaml").write_text(CONFIGURATION.format(port=port))
        (tmp_path / "example.com.zone").write_text(ZONE)
        clock = SystemClock()
        candidate = read_candidate(tmp_path / "understudy.yaml", clock.now())
        with (tmp_path / "log").open("w") as stream:
            log = make_log(LogLevel.DEBUG, LogStyle.JSON, stream)
            asyncio.run(run(candidate, Surroundings(clock, log, no_sides, on_ready)))

    return start


def told(folder: Path) -> list[str]:
    """The history that the server left."""

    async def read() -> list[str]:
        store = open_store(folder / "state", SystemClock())
        try:
            return [event.text for event in await store.events(EventFilter())]
        finally:
            store.close()

    return asyncio.run(read())


async def no_sides(_: NameServer) -> Mapping[str, Callable[[], Awaitable[None]]]:
    return {}


def leave(_: NameServer) -> None:
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)


def test_it_serves_until_told_to_leave_and_remembers(serve: Callable[..., None], tmp_path: Path) -> None:
    serve(leave)
    texts = told(tmp_path)
    assert "serving" in texts
    assert texts[-1] == "stopping"
    serve(leave)  # nothing is left open or locked
    assert told(tmp_path).count("serving") == 2


def test_a_stage_that_fails_ends_it_and_what_is_known_is_kept(
    serve: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("a stage failed")

    monkeypatch.setattr(NameServer, "_save", fail)
    with pytest.raises(ExceptionGroup) as caught:
        serve(lambda _server: None)
    assert caught.group_contains(RuntimeError, match="a stage failed")
    assert told(tmp_path)[-1] == "stopping"


def test_an_address_that_another_server_has_is_refused_before_anything_is_served(
    serve: Callable[..., None],
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", free_port()))
        with pytest.raises(EngineError) as caught:
            serve(leave, port=other.getsockname()[1])
    assert "another program listens there" in caught.value.hint


def test_a_state_folder_in_use_is_refused(serve: Callable[..., None], tmp_path: Path) -> None:
    store = open_store(tmp_path / "state", SystemClock())
    try:
        with pytest.raises(StoreError):
            serve(leave)
    finally:
        store.close()


def test_many_hang_ups_at_once_are_one_reload(serve: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    reloads: list[str] = []

    async def note(_server: object, author: str) -> None:
        reloads.append(author)

    monkeypatch.setattr("understudy.service.serving.reload_quietly", note)

    def hang_up(server: NameServer) -> None:
        def storm() -> None:
            for _ in range(100):
                os.kill(os.getpid(), signal.SIGHUP)

        asyncio.get_running_loop().call_later(0.05, storm)
        asyncio.get_running_loop().call_later(0.1, leave, server)

    serve(hang_up)
    assert 1 <= len(reloads) < 10
    assert set(reloads) == {"SIGHUP"}


def test_no_signal_handler_is_left_behind(serve: Callable[..., None]) -> None:
    before: dict[signal.Signals, Any] = {each: signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGTERM)}
    serve(leave)
    assert {each: signal.getsignal(each) for each in before} == before


def test_every_start_makes_cookies_with_a_secret_of_its_own(serve: Callable[..., None]) -> None:
    query = dns.message.make_query(".", "NS", use_edns=0)
    query.use_edns(options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")])
    given: list[bytes] = []

    def ask(server: NameServer) -> None:
        answer = dns.message.from_wire(server.engine.answer(query.to_wire()) or b"")
        given.extend(each.to_wire() or b"" for each in answer.options if each.otype == dns.edns.OptionType.COOKIE)
        leave(server)

    serve(ask)
    serve(ask)
    first, second = given
    assert len(first) == 24
    assert first[16:] != second[16:]
