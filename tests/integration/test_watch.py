"""Name servers of other makes are watched: one stops following, one dies, one has no TCP, one is lame, one differs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from understudy.service.reports.views import StatusView
from understudy.testing.other_server_forms import UNBOUND_HEAD
from understudy.testing.other_servers import OtherServer, Peers, Place, bind, find_program, knot, nsd
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

CONFIGURATION = """\
listen: 127.0.0.1:{port}
zones:
  example.com:
    file: example.com.zone
    transfer: {{to: [{admitted}], notify: ["127.0.0.1:{following}"]}}
    watch: {{interval: 1s, lag: 1s, servers: [{others}]}}
checks:
  web: {{http: "http://www.example.com:{web}/healthz", interval: 1s, recheck_interval: 100ms, fall: 2, rise: 2}}
records:
  www.example.com: {{check: web, tiers: [[127.0.0.2], [127.0.0.3]], failback: {{delay: 1s}}}}
"""
ROLES = ("following", "dies", "no tcp", "lame", "differs")

_WITHOUT_TCP = f"""\
{UNBOUND_HEAD}\
  do-tcp: no
  module-config: "iterator"
remote-control:
  control-enable: no
auth-zone:
  name: {{zone}}
  zonefile: "{{file}}"
  for-downstream: yes
  for-upstream: no
"""


def _write_copy(path: Path, serial: int, www: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"$TTL 1h\n@ SOA ns1.example.com. hostmaster.example.com. {serial} 1h 15m 1w 60\n"
        f"@ NS ns1.example.com.\nns1 A 127.0.0.1\nwww 30 A {www}\n"
    )
    return path


class _Scene:
    """The server under test, and the others by what becomes of them."""

    def __init__(self, server: RunningServer, web: WebServers, api: httpx2.Client) -> None:
        self.server = server
        self._api = api
        self.web = web
        self.places = {role: Place(server.folder / role.replace(" ", ""), free_port(), "example.com") for role in ROLES}
        self.places["lame"] = Place(server.folder / "lame", self.places["lame"].port, "example.net")

    def configure(self, admitted: str = "127.0.0.1") -> None:
        """Who may fetch the zone."""
        others = [f'"127.0.0.1:{place.port}"' for role, place in self.places.items() if role != "following"]
        text = CONFIGURATION.format(
            port=self.server.port,
            web=self.web.port,
            admitted=admitted,
            following=self.places["following"].port,
            others=", ".join(others),
        )
        self.server.write("understudy.yaml", text)

    def status(self) -> StatusView:
        """Without a process for each question."""
        return StatusView.model_validate(self._api.get("/status").raise_for_status().json())

    def serial(self) -> int:
        """What the server answers."""
        return self.status().zones[0].serial or 0

    def alarms(self) -> str:
        """Their texts, a line each."""
        return "\n".join(alarm.text for alarm in self.status().alarms)

    def states(self) -> dict[str, str]:
        """By role."""
        by_place = {view.server: view.state for view in self.status().zones[0].name_servers}
        return {role: by_place.get(f"127.0.0.1:{place.port}", "") for role, place in self.places.items()}

    def wait_for(self, **wanted: str) -> None:
        """Until these stand so; a role's space is written as an underscore."""
        roles = {key.replace("_", " "): state for key, state in wanted.items()}
        wait_until(lambda: roles.items() <= self.states().items(), f"{roles}")

    def without_tcp(self, file: Path) -> OtherServer:
        place = self.places["no tcp"]
        return OtherServer([find_program("unbound"), "-d", "-c", place.write(_WITHOUT_TCP, file=file)], place)


@pytest.fixture
def scene(server: RunningServer, web: WebServers) -> Iterator[_Scene]:
    """The server runs; the others are not there yet."""
    with server.api() as api:
        made = _Scene(server, web, api)
        made.configure()
        server.start()
        yield made


def test_what_is_wrong_with_a_name_server_is_seen_told_and_over_when_it_is_mended(scene: _Scene) -> None:
    places, folder, serial = scene.places, scene.server.folder, scene.serial()
    same = _write_copy(folder / "same.zone", serial, "127.0.0.2")
    other = _write_copy(folder / "other.zone", serial, "192.0.2.99")
    dying = nsd(places["dies"], same)
    with (
        knot(places["following"], places["following"].folder / "copy", Peers(scene.server.port)),
        dying,
        scene.without_tcp(same),
        bind(places["lame"], same),
        bind(places["differs"], other),
    ):
        scene.wait_for(dies="ok")
        dying.stop()
        scene.wait_for(following="ok", no_tcp="no tcp", lame="lame", differs="differs")
        for text in (
            "is named for the zone and does not have it: it answers REFUSED",
            "does not answer over TCP: connection refused",
            "www.example.com. A with 192.0.2.99, here it is 127.0.0.2",
        ):
            assert text in scene.alarms()
        scene.configure(admitted="192.0.2.1")
        assert scene.server.run("reload").returncode == 0
        scene.web.stop("127.0.0.2")
        scene.wait_for(following="behind", differs="behind")
        assert f"it has serial {serial}, and {serial + 1} is the newest" in scene.alarms()
        scene.configure()
        assert scene.server.run("reload").returncode == 0
        scene.wait_for(following="ok")
        scene.web.start("127.0.0.2")
        scene.wait_for(following="ok", dies="unreachable")
        assert f":{places['dies'].port} answers neither over UDP nor over TCP: connection refused" in scene.alarms()
    told = scene.server.run("events").stdout
    assert f"127.0.0.1:{places['following'].port} is well again: serial {serial + 1}" in told, (
        "told of it by the reload"
    )
    assert f"→ 127.0.0.1:{places['lame'].port}" in scene.server.run("status").stdout
