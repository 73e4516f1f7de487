"""A server that has little of what the system gives: what strangers take must not be what failover needs."""

import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from understudy.engine import Engine, Zone
from understudy.testing.control_group import ControlGroup
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


ORIGIN = "large.example."
SMALL = "h 60 A 192.0.2.1\n"
LARGE = "".join(f"h{number:08} 60 A 192.0.2.1\n" for number in range(600_000))
ROOM_OCTETS = 96 << 20


def version(serial: int, records: str) -> str:
    return f"@ 60 SOA ns root {serial} 3600 3600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n{records}"


def give(engine: Engine, serial: int, records: str) -> None:
    """Have it give this version to whoever asks."""
    zone = Zone.parse(ORIGIN, version(serial, records).encode())
    engine.publish_zone(zone, [])
    engine.commit(engine.prepare(ORIGIN, serial, [], zone))
    engine.set_access(ORIGIN, ["127.0.0.0/8"], [])


@contextmanager
def bound_by_group(process: int) -> Iterator[None]:
    """Leave it some room beside what it has, as a container does."""
    group = ControlGroup(process, ROOM_OCTETS)
    try:
        yield
    finally:
        group.end()


@contextmanager
def bound_by_address_space(process: int) -> Iterator[None]:
    """Likewise, as `ulimit -v` does."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    used = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmSize"))
    resource.prlimit(process, resource.RLIMIT_AS, (used + ROOM_OCTETS, used + ROOM_OCTETS))
    yield


def has_address(server: RunningServer, name: str) -> bool:
    return server.addresses(name) == ["192.0.2.3"]


OBSTACLE = ControlGroup.obstacle()


@pytest.mark.parametrize(
    ("bound", "says"),
    [
        (bound_by_address_space, "address space"),
        pytest.param(
            bound_by_group, "control group", marks=pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE or "none")
        ),
    ],
)
def test_zones_that_are_too_large_for_the_memory_leave_the_last_good_versions(
    server: RunningServer, bound: Callable[[int], AbstractContextManager[None]], says: str
) -> None:
    engine = Engine(["127.0.0.1:0"])
    give(engine, 1, SMALL)
    engine.start()
    server.write("file.zone", version(1, SMALL))
    server.write(
        "understudy.yaml",
        "listen: 127.0.0.1:{port}\nzones:\n  file.example: {file: file.zone}\n"
        f"  large.example: {{source: transfer, primaries: ['{engine.addresses[0]}']}}\n",
    )
    server.start()
    with ExitStack() as stack:
        stack.callback(engine.stop)
        wait_until(lambda: server.addresses("h.large.example") == ["192.0.2.1"], "the zone comes")
        assert server.process is not None
        stack.enter_context(bound(server.process.pid))
        give(engine, 2, LARGE)
        refused = server.run("zone", "refresh", "large.example")
        assert refused.returncode == 1
        assert all(each in refused.stdout + refused.stderr for each in ("the zone needs at least", says))
        assert server.addresses("h.large.example") == ["192.0.2.1"]
        server.write("file.zone", version(2, LARGE))
        refused = server.run("reload")
        assert refused.returncode == 1
        assert all(each in refused.stdout + refused.stderr for each in ("the zone needs at least", says))
        assert server.addresses("h.file.example") == ["192.0.2.1"]
        give(engine, 3, SMALL.replace("192.0.2.1", "192.0.2.3"))
        server.write("file.zone", version(3, SMALL.replace("192.0.2.1", "192.0.2.3")))
        assert server.run("zone", "refresh", "large.example").returncode == 0
        for name in ("h.large.example", "h.file.example"):
            wait_until(partial(has_address, server, name), "what fits is taken")
