"""A server that has little of what the system gives: what strangers take must not be what failover needs."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, cast

import pytest

from understudy.testing.other_servers import find_program
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

DESCRIPTORS = 64
CONNECTIONS = 2 * DESCRIPTORS
NAME = "www.example.com"


class PoorServer(RunningServer):
    """One that may have few file descriptors."""

    def command(self, *words: str) -> Sequence[str]:
        limit = [find_program("prlimit"), f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"] if words[0] == "serve" else []
        return [*limit, *super().command(*words)]


@pytest.fixture
def poor(server: RunningServer) -> Iterator[PoorServer]:
    """With the files of the usual one."""
    made = PoorServer(server.folder, server.port)
    yield made
    made.stop()


def test_clients_that_hold_connections_leave_descriptors_for_failover(poor: PoorServer, web: WebServers) -> None:
    poor.start()
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", poor.port), timeout=5))
        web.stop("127.0.0.2")
        wait_until(lambda: poor.addresses(NAME) == ["127.0.0.3"], "the name moves")
        status = cast("dict[str, Any]", poor.json("status"))
        said = {alarm["key"]: alarm["text"] for alarm in status["alarms"]}
        assert said.keys() == {"clients"}
        assert f"{DESCRIPTORS // 2} TCP connections and not 1000" in said["clients"]
