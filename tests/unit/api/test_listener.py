"""The Unix socket of the API, and who calls on it."""

import asyncio
import errno
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import uvicorn
import uvloop
from fastapi import FastAPI

from understudy.api.listener import QuietServer, serve_unix
from understudy.api.unix_socket import bind_unix, first_call, opened
from understudy.model.errors import EngineError
from understudy.testing.virtual_time import VirtualClock, run_virtual


def test_only_the_servers_user_and_group_may_speak_to_it(tmp_path: Path) -> None:
    path = tmp_path / "state/api.sock"
    with bind_unix(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_socket_that_a_crash_left_behind_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with bind_unix(path):
        assert path.is_socket()


def test_a_socket_that_a_server_answers_on_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with bind_unix(path), pytest.raises(EngineError) as caught:
        bind_unix(path)
    assert caught.value.code == "api.socket"
    assert path.is_socket()


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    path.write_text("precious")
    with pytest.raises(EngineError):
        bind_unix(path)
    assert path.read_text() == "precious"


def test_a_folder_may_be_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    path = tmp_path / ("deep" * 20) / ("deep" * 20) / "api.sock"
    with bind_unix(path):
        assert path.is_socket()


def test_a_name_that_is_too_long_itself_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        bind_unix(tmp_path / ("x" * 108))
    assert caught.value.code == "api.socket"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(EngineError) as caught:
        bind_unix(tmp_path / "state/api.sock")
    assert caught.value.code == "api.socket"


def greeting() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def hello() -> str:
        return "hello"

    return app


def caller(path: Path) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(path)))


def test_it_serves_until_cancelled_and_removes_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"

    async def main() -> None:
        with opened(path) as listener:
            serving = asyncio.ensure_future(serve_unix(greeting(), listener))
            async with caller(path) as client:
                assert (await client.get("http://understudy/")).json() == "hello"
                serving.cancel()
                await asyncio.wait((serving,), timeout=10)
            assert serving.cancelled()
        assert not path.exists()

    asyncio.run(main())


def test_it_wakes_once_a_second_for_the_date_and_stops_at_once() -> None:
    class Counting(QuietServer):
        ticks = 0

        async def on_tick(self, counter: int) -> bool:
            self.ticks += 1
            return await super().on_tick(counter)

    async def main(clock: VirtualClock) -> None:
        config = uvicorn.Config(greeting(), log_config=None)
        config.load()
        server = Counting(config)
        looping = asyncio.ensure_future(server.main_loop())
        await clock.sleep(9.5)
        assert server.ticks == 10
        assert b"date" in dict(server.server_state.default_headers)
        stopped_at = clock.now()
        server.stop()
        await looping
        assert clock.now() == stopped_at

    run_virtual(main)


def test_a_disk_that_keeps_the_socket_file_is_no_fault_of_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path / "api.sock") as listener:
        monkeypatch.setattr(Path, "unlink", fail)
    assert listener.fileno() == -1


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_whoever_calls_before_the_api_is_made_waits_and_is_answered(
    tmp_path: Path, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    path = tmp_path / "api.sock"

    async def main() -> None:
        with opened(path) as listener:
            waiting = asyncio.ensure_future(first_call(listener, patience_s=3600))
            async with caller(path) as client:
                asking = asyncio.ensure_future(client.get("http://understudy/"))
                await waiting
                assert not asking.done()
                serving = asyncio.ensure_future(serve_unix(greeting(), listener))
                assert (await asking).json() == "hello"
                serving.cancel()
                await asyncio.wait((serving,), timeout=10)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


def test_nobody_is_waited_for_longer_than_patience_has_it(tmp_path: Path) -> None:
    async def main() -> None:
        with opened(tmp_path / "api.sock") as listener:
            await first_call(listener, patience_s=0)

    asyncio.run(main())
