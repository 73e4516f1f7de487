"""What the demonstration needs: addresses, files, processes; all of it goes when it ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from understudy.cli.demo.children import Children
from understudy.cli.demo.resolver import Resolver, start_resolver
from understudy.model.errors import EngineError
from understudy.testing.ports import free_port

PRIMARY, BACKUP, NAME_SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.1"
SECOND = "127.0.0.4"
"""The backup name server."""
PLACES = {PRIMARY: "frankfurt", BACKUP: "dublin"}
NAME = "www.example.com"
START_S = 20.0  # chosen: a slow machine compiles nothing here, it only starts three processes

CONFIGURATION = """\
# understudy.yaml
listen: {name_server}:{dns_port}
zones:
  example.com:
    file: example.com.zone
    transfer: {{to: [{name_server}], notify: ["{second}:{dns_port}"]}}
records:
  www.example.com:
    check:
      http: http://www.example.com:{web_port}/healthz
      interval: 1s
      recheck_interval: 250ms
      fall: 2
      rise: 2
    tiers: [[{primary}], [{backup}]]
    failback: {{delay: 3s}}
    ttl: 1
"""

SECOND_CONFIGURATION = """\
# understudy.yaml of the backup name server
listen: {second}:{dns_port}
zones:
  example.com: {{source: transfer, primaries: ["{name_server}:{dns_port}"]}}
"""

ZONE = """\
$TTL 1h
@       IN SOA  ns1.example.com. hostmaster.example.com. ( 2026112201 1h 15m 1w 1 )
        IN NS   ns1.example.com.
        IN NS   ns2.example.com.
        IN MX   10 mail.example.com.
ns1     IN A    {name_server}
ns2     IN A    {second}
mail    IN A    192.0.2.25
"""


@dataclass(slots=True)
class Scenery:
    """`resolver` None: none is installed, so the name server is asked directly."""

    folder: Path
    configuration: str
    second_configuration: str
    web_port: int
    dns_port: int
    servers: Children = field(default_factory=Children)
    resolver: Resolver | None = None

    def start_web_server(self, address: str) -> None:
        """Start one, and wait until it answers."""
        command = [sys.executable, "-m", "understudy.cli.demo.web_server", address, str(self.web_port), PLACES[address]]
        self.servers.start(address, command, self.folder)
        wait_for(lambda: _accepts(address, self.web_port), f"the web server on {address} does not start")

    def start_name_server(self, address: str) -> None:
        """`understudy serve` on its configuration, as anybody would start it."""
        folder = self.folder_of(address)
        command = [sys.executable, "-m", "understudy.cli", "serve", "-c", str(folder / "understudy.yaml")]
        with (folder / "serve.log").open("wb") as log:
            process = self.servers.start(address, command, folder, stdout=subprocess.PIPE, stderr=log)
        if process.stdout is None or not process.stdout.readline():
            text = f"the name server on {address} does not start: {_last_words(folder / 'serve.log')}"
            raise EngineError(text, code="demo.start")

    def folder_of(self, address: str) -> Path:
        """Where a name server has its configuration and its state."""
        return self.folder / "second" if address == SECOND else self.folder


def _last_words(log: Path) -> str:
    """What a server logged last."""
    with suppress(OSError):
        return log.read_text(errors="replace")[-500:].strip()
    return ""


def wait_for(condition: Callable[[], bool], complaint: str) -> None:
    """Poll until it holds. Raises EngineError after START_S."""
    deadline = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > deadline:
            raise EngineError(complaint, code="demo.start")
        time.sleep(0.02)


def _accepts(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


@contextmanager
def set_up() -> Iterator[Scenery]:
    """Files and free ports; whatever was started ends with it."""
    with TemporaryDirectory(prefix="understudy-demo-") as temporary:
        folder = Path(temporary)
        web_port, dns_port = _free_port(PRIMARY, BACKUP), _free_port(NAME_SERVER, SECOND)
        values = {"name_server": NAME_SERVER, "second": SECOND, "primary": PRIMARY, "backup": BACKUP}
        values |= {"dns_port": str(dns_port), "web_port": str(web_port)}
        configuration, second_configuration = CONFIGURATION.format(**values), SECOND_CONFIGURATION.format(**values)
        scenery = Scenery(folder, configuration, second_configuration, web_port, dns_port)
        scenery.folder_of(SECOND).mkdir()
        (folder / "understudy.yaml").write_text(configuration)
        (folder / "example.com.zone").write_text(ZONE.format(**values))
        (scenery.folder_of(SECOND) / "understudy.yaml").write_text(second_configuration)
        try:
            yield scenery
        finally:
            scenery.servers.end()


def _free_port(*addresses: str) -> int:
    """A port that is free on all of them, for UDP and TCP."""
    with suppress(OSError):
        return free_port(*addresses)
    raise EngineError("no free port on the loopback addresses", code="demo.ports")


def add_resolver(scenery: Scenery) -> None:
    """A real resolver between the client and us, where one is installed."""
    servers = [(address, scenery.dns_port) for address in (NAME_SERVER, SECOND)]
    scenery.resolver = start_resolver(scenery.servers, scenery.folder, port=_free_port(NAME_SERVER), servers=servers)
