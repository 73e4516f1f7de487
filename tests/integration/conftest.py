"""What every integration test stands on: a server of its own, on ports of its own, ended with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer
from understudy.testing.web_servers import WebServers

CONFIGURATION = """\
listen: 127.0.0.1:{port}
zones:
  example.com: {file: example.com.zone}
checks:
  web: {http: "http://www.example.com:WEB/healthz", interval: 1s, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com:
    check: web
    tiers: [[127.0.0.2], [127.0.0.3]]
    failback: {delay: 2s}
"""

ZONE = """\
$TTL 1h
@       IN SOA  ns1 hostmaster 1 1h 15m 1w 60
        IN NS   ns1
        IN MX   10 www
ns1     IN A    127.0.0.1
plain   IN A    192.0.2.1
"""


@pytest.fixture
def web() -> Iterator[WebServers]:
    """Web servers on 127.0.0.2 and 127.0.0.3."""
    servers = WebServers(free_port("127.0.0.2", "127.0.0.3"))
    servers.start("127.0.0.2")
    servers.start("127.0.0.3")
    yield servers
    servers.stop_all()


@pytest.fixture
def server(tmp_path: Path, web: WebServers) -> Iterator[RunningServer]:
    """Not started yet; its configuration and zone are written."""
    running = RunningServer(tmp_path, free_port())
    running.write("understudy.yaml", CONFIGURATION.replace("WEB", str(web.port)))
    running.write("example.com.zone", ZONE)
    yield running
    running.stop()
