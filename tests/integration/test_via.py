"""Servers of other makes that know one address of this host, and no other, in both roles."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from understudy.service.reports.views import StatusView
from understudy.testing.other_servers import OtherServer, Place, find_program
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

KNOWN = "127.0.0.3"
COUNT = 10  # as many as come together
ZONE = "$TTL 60\n@ SOA ns1 hostmaster {serial} 86400 3600 604800 60\n@ NS ns1\nns1 A 192.0.2.53\n"
OURS = ZONE.replace("192.0.2.53", "127.0.0.1")
THEIRS = [f"z{number}.theirs.example" for number in range(COUNT)]

CONFIGURATION = """\
listen: ["127.0.0.1:{port}", "127.0.0.3:{port}"]
server: {{via: [{via}]}}
zones:
  ours.example:
    file: ours.zone
    transfer: {{to: [127.0.0.1], notify: [{{address: "127.0.0.1:{other}", via: 127.0.0.3}}]}}
    watch: {{interval: 1s}}
"""
FETCHED = (
    '  {name}: {{source: transfer, primaries: ["127.0.0.1:{other}"], watch: {{interval: 1s, ignore: [192.0.2.53]}}}}\n'
)

BIND = (
    """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; dnssec-validation no;
}};
controls {{ }};
zone "open.example" {{ type primary; file "zone"; }};
zone "ours.example" {{
  type secondary; file "copy"; primaries {{ 127.0.0.3 port {peer}; }}; allow-query {{ 127.0.0.3; }};
}};
{zones}
""",
    'zone "{name}" {{ type primary; file "zone"; allow-query {{ 127.0.0.3; }}; allow-transfer {{ 127.0.0.3; }}; }};\n',
)
KNOT = (
    """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  tcp-workers: 1
  udp-workers: 1
database:
  storage: "{folder}"
remote:
  - id: peer
    address: 127.0.0.3@{peer}
acl:
  - id: peer
    address: 127.0.0.3
    action: [transfer, notify]
template:
  - id: default
    storage: "{folder}"
    file: zone
    acl: peer
zone:
  - domain: open.example
  - domain: ours.example
    file: copy
    master: peer
{zones}
""",
    "  - domain: {name}\n",
)


def other_server(place: Place, peer: int, make: tuple[str, str]) -> OtherServer:
    """One that has our zone as a secondary, and zones of its own, for whoever comes from the address that it knows."""
    template, zone = make
    path = place.write(template, peer=peer, zones="".join(zone.format(name=name) for name in THEIRS))
    named, knotd = ["named", "-g", "-n", "1", "-c", path], ["knotd", "-c", path]
    program, *words = named if make is BIND else knotd
    return OtherServer([find_program(program), *words], place)


def serial(port: int, name: str, source: str = "127.0.0.1") -> int | None:
    """What a server answers to who comes from an address; None: nothing."""
    with suppress(OSError, dns.exception.DNSException):
        query = dns.message.make_query(name, "SOA")
        answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=5.0, source=source).answer
        return int(answer[0][0].serial) if answer else None
    return None


def watched(server: RunningServer, name: str) -> list[str]:
    """How the name servers of a zone stand."""
    with server.api() as api:
        status = StatusView.model_validate(api.get("/status").raise_for_status().json())
    return [str(view.state) for zone in status.zones if zone.name == name for view in zone.name_servers]


def write(server: RunningServer, other: int, via: str, fetched: Sequence[str]) -> None:
    text = CONFIGURATION.format(port=server.port, other=other, via=via)
    text += "".join(FETCHED.format(name=name, other=other) for name in fetched)
    server.write("understudy.yaml", text)


@pytest.mark.parametrize("make", [BIND, KNOT], ids=["bind", "knot"])
def test_a_server_that_knows_one_address_of_this_host_is_spoken_to_from_it(
    server: RunningServer, make: tuple[str, str]
) -> None:
    place = Place(server.folder / "other", free_port(), "open.example")
    place.folder.mkdir()
    (place.folder / "zone").write_text(ZONE.format(serial=7))
    ours = Path(server.write("ours.zone", OURS.format(serial=1)))
    write(server, place.port, KNOWN, THEIRS)
    server.start()
    with other_server(place, server.port, make) as other:
        wait_until(lambda: all(serial(server.port, name) == 7 for name in THEIRS), "its zones are here")
        wait_until(lambda: serial(other.port, "ours.example", KNOWN) == 1, "our zone is there")
        ours.write_text(OURS.format(serial=2))
        wait_until(lambda: (serial(other.port, "ours.example", KNOWN) or 0) > 1, "the other one heeds what it is told")
        wait_until(lambda: watched(server, THEIRS[0]) == ["ok"], "it is looked at from there too")
        fetched = server.run("zone", "retransfer", THEIRS[0])
        assert fetched.returncode == 0, fetched.stdout
        there = f"127.0.0.1:{other.port}"
        words = ("--parent", there, "--resolver", there, "--port", str(other.port))
        for name, number in ((THEIRS[0], 7), ("ours.example", serial(server.port, "ours.example"))):
            document = server.json("zone", "check", name, *words)
            assert isinstance(document, dict)
            servers = (*document["servers"], *document["primaries"])
            assert [each["serial"] for each in servers if each["server"] == there] == [number]


def test_an_address_that_this_host_has_not_is_told_and_nothing_breaks(server: RunningServer) -> None:
    place = Place(server.folder / "other", free_port(), "open.example")
    place.folder.mkdir()
    (place.folder / "zone").write_text(ZONE.format(serial=7))
    server.write("ours.zone", OURS.format(serial=1))
    write(server, place.port, "203.0.113.1", THEIRS)
    checked = server.run("check")
    assert (checked.returncode, "via.absent" in checked.stderr) == (0, True), checked
    with other_server(place, server.port, KNOT):
        server.start()
        refused = server.run("zone", "refresh", THEIRS[0])
        assert refused.returncode == 1
        assert f"127.0.0.1:{place.port} is not asked: this host has no address 203.0.113.1" in refused.stdout
        assert serial(server.port, "ours.example") == 1
        write(server, place.port, KNOWN, THEIRS)
        server.hang_up()
        wait_until(lambda: all(serial(server.port, name) == 7 for name in THEIRS), "its zones are here")
