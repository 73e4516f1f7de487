"""Ports that tests and benchmarks give to their servers."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.testing import ports
from understudy.testing.ports import free_port

ASKS = """
import sys
from understudy.testing import ports
ports._served = lambda: [int(sys.argv[1])] * ports._TRIES
print(ports.free_port())
"""


def given_elsewhere(port: int) -> bool:
    """Whether another process is given that port, if it may have no other."""
    return subprocess.run([sys.executable, "-c", ASKS, str(port)], capture_output=True, check=False).returncode == 0


def test_a_port_that_was_given_is_given_to_nobody_else_while_its_process_lives() -> None:
    port = free_port()
    assert not given_elsewhere(port)
    other = next(at for at in range(port + 1, 32_768) if given_elsewhere(at))
    assert given_elsewhere(other)  # that process has ended


def test_a_port_is_never_one_that_the_system_gives_to_clients() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        assert client.getsockname()[1] >= lowest > max(free_port() for _ in range(20))


def test_a_port_that_somebody_else_uses_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as over_udp, socket.socket() as over_tcp:
        over_udp.bind(("127.0.0.1", free_port()))
        over_tcp.bind(("127.0.0.1", free_port()))
        taken = [over_udp.getsockname()[1], over_tcp.getsockname()[1]]
        monkeypatch.setattr(ports, "_served", lambda: taken * ports._TRIES)
        with pytest.raises(OSError, match="no free port"):
            free_port()


def test_a_port_of_several_addresses_is_free_on_each(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.3", free_port("127.0.0.3")))
        monkeypatch.setattr(ports, "_served", lambda: [server.getsockname()[1]] * ports._TRIES)
        with pytest.raises(OSError, match="no free port"):
            free_port("127.0.0.2", "127.0.0.3")
