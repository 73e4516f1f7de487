"""`understudy zone check` among real servers: the zone above at BIND, the zone at Knot and NSD."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from understudy.testing.other_servers import Peers, Place, bind, find_program, knot, nsd
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer

CONFIGURATION = """\
listen: 127.0.0.1:{port}
zones:
  example.test: {file: example.test.zone}
checks:
  web: {tcp: 80}
records:
  www.example.test: {check: web, tiers: [[192.0.2.1], [192.0.2.2]], ttl: 1h}
"""
ABOVE = """\
$TTL 1h
@   SOA ns.test. hostmaster.test. 1 1h 15m 2w 1h
@   NS  ns
ns  A   127.0.0.1
example     NS  ns1.example
example     NS  ns2.example
ns1.example A   127.0.0.2
ns2.example A   SECOND
"""
ZONE = """\
$TTL 1h
@   SOA ns1 hostmaster SERIAL 1m 30s 2w 1m
@   NS  ns1
@   NS  ns2
ns1 A   127.0.0.2
ns2 A   127.0.0.3
"""


@dataclass
class Scene:
    """The zone above and the zone's servers are there, as the test wants them."""

    server: RunningServer
    stack: ExitStack
    above: int
    port: int

    def begin(
        self,
        *,
        glue: str = "127.0.0.3",
        second_serial: int = 7,
        second: str = ZONE,
        more: str = "",
        above_more: str = "",
    ) -> None:
        folder = self.server.folder
        above = self.server.write("above.zone", ABOVE.replace("SECOND", glue) + above_more)
        first = self.server.write("example.test.zone", ZONE.replace("SERIAL", "7") + more)
        path = self.server.write("second.zone", second.replace("SERIAL", str(second_serial)))
        self.server.write("understudy.yaml", CONFIGURATION)
        self.stack.enter_context(bind(Place(folder / "above", self.above, "test"), above))
        place = Place(folder / "first", self.port, "example.test", address="127.0.0.2")
        self.stack.enter_context(knot(place, first))
        if second_serial:
            place = Place(folder / "second", self.port, "example.test", address="127.0.0.3")
            self.stack.enter_context(nsd(place, path))

    def words(self, name: str) -> tuple[str, ...]:
        return ("zone", "check", name, "--parent", f"127.0.0.1:{self.above}", "--port", str(self.port))

    def check(self, name: str = "example.test") -> dict[str, Any]:
        document = self.server.json(*self.words(name))
        assert isinstance(document, dict)
        return document


def _codes(document: dict[str, Any], weight: str) -> list[str]:
    return [each["code"] for each in document["advice"] if each["weight"] == weight]


@pytest.fixture
def scene(server: RunningServer) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(server, stack, free_port(), free_port("127.0.0.2"))


def test_a_zone_is_checked_without_a_running_server(scene: Scene) -> None:
    scene.begin()
    document = scene.check()
    assert document["is_fine"]
    assert _codes(document, "error") == []
    assert _codes(document, "warning") == ["ns.one-network", "ttl.record"]
    assert document["delegation"] == document["name_servers"] == ["ns1.example.test", "ns2.example.test"]
    assert [(each["server"], each["serial"], each["udp"], each["tcp"]) for each in document["servers"]] == [
        (f"127.0.0.2:{scene.port}", 7, "", ""),
        (f"127.0.0.3:{scene.port}", 7, "", ""),
    ]
    said = scene.server.run(*scene.words("example.test"))
    assert said.returncode == 0
    for words in ("example.test is fine: 2 warnings", "an outage may last 1h22s", "  → lower the record's ttl"):
        assert words in said.stdout
    (scene.server.folder / "example.test.zone").unlink()
    said = scene.server.run(*scene.words("example.test"))
    assert "example.test  as the network has it" in said.stdout
    assert "example.test.zone" in said.stderr


def test_what_is_wrong_is_said_with_what_to_do(scene: Scene) -> None:
    scene.begin(glue="127.0.0.9", second_serial=6)
    document = scene.check()
    assert _codes(document, "error") == ["glue.differs", "server.unreachable", "serial.differs"]
    assert [each["server"].split(":")[0] for each in document["servers"]] == ["127.0.0.2", "127.0.0.3", "127.0.0.9"]
    said = scene.server.run(*scene.words("example.test"))
    assert said.returncode == 1
    assert f"the newest serial is 7, and ns2.example.test (127.0.0.3:{scene.port}) has 6" in said.stdout
    assert "3 errors, 2 warnings" in said.stdout


def test_why_no_server_answers_is_said_as_each_of_them_does(scene: Scene) -> None:
    """One is lame: it has another zone. One knows of the zone, and its primary is dead. Both say so (RFC 8914)."""
    folder = scene.server.folder
    above = scene.server.write("above.zone", ABOVE.replace("SECOND", "127.0.0.3"))
    other = scene.server.write("other.zone", ZONE.replace("SERIAL", "7"))
    scene.server.write("understudy.yaml", "listen: 127.0.0.1\nzones: {}\n")
    scene.stack.enter_context(bind(Place(folder / "above", scene.above, "test"), above))
    scene.stack.enter_context(nsd(Place(folder / "lame", scene.port, "other.test", address="127.0.0.2"), other))
    zones = {"other.test": other, "example.test": folder / "copy"}
    place = Place(folder / "empty", scene.port, "other.test", address="127.0.0.3")
    with nsd(place, zones, Peers(free_port())):
        document = scene.check()
        assert _codes(document, "error") == ["ns.none", "server.lame", "server.failing"]
    assert [each["udp"].split(":")[0] for each in document["servers"]] == [
        "it answers REFUSED, EDE 20 (Not Authoritative)",
        "it answers SERVFAIL, EDE 14 (Not Ready)",
    ]


def test_servers_with_one_serial_and_different_zones_are_told_so(scene: Scene) -> None:
    scene.begin(second=ZONE.replace("1m 30s 2w 1m", "2m 30s 2w 1m"))
    assert _codes(scene.check(), "error") == ["soa.differs"]


def test_a_zone_is_checked_from_the_network_alone(scene: Scene) -> None:
    scene.begin(second_serial=0)
    (scene.server.folder / "understudy.yaml").write_text("listen: 127.0.0.1\nzones: {}\n")
    document = scene.check()
    assert not document["is_configured"]
    zone = f"{{source: transfer, primaries: ['127.0.0.2:{scene.port}']}}"
    (scene.server.folder / "understudy.yaml").write_text(f"listen: 127.0.0.1\nzones: {{example.test: {zone}}}\n")
    assert scene.check()["is_configured"]
    assert document["name_servers"] == ["ns1.example.test", "ns2.example.test"]
    assert _codes(document, "error") == ["server.unreachable"]
    assert _codes(scene.check("nowhere.test"), "error") == ["delegation.none", "ns.none"]


def test_a_zone_that_no_name_server_answers_for_is_asked_for_at_its_primaries(scene: Scene) -> None:
    """Its name servers are the address of the server of the zone above, which answers that it is not theirs."""
    folder, address = scene.server.folder, "127.0.0.1"
    above = scene.server.write("above.zone", ABOVE.replace("127.0.0.2", address).replace("SECOND", address))
    zone = scene.server.write("primary.zone", ZONE.replace("SERIAL", "7").replace("127.0.0.2", address))
    scene.stack.enter_context(bind(Place(folder / "above", scene.above, "test"), above))
    scene.stack.enter_context(knot(Place(folder / "primary", scene.port, "example.test", address="127.0.0.2"), zone))
    fetched = f"{{source: transfer, primaries: ['127.0.0.2:{scene.port}', '{address}:{scene.above}']}}"
    scene.server.write("understudy.yaml", f"listen: 127.0.0.1\nzones: {{example.test: {fetched}}}\n")
    place = f"{address}:{scene.above}"
    words = ("--parent", place, "--resolver", place, "--port", str(scene.above))
    document = scene.server.json("zone", "check", "example.test", *words)
    assert isinstance(document, dict)
    assert _codes(document, "error") == ["ns.only-primary", "ns.same-address", "server.lame", "server.lame"]
    (text, *_) = [each["text"] for each in document["advice"]]
    assert text.endswith(f"but its primary (127.0.0.2:{scene.port}) with serial 7")
    assert document["name_servers"] == ["ns1.example.test", "ns2.example.test"]
    assert [(each["server"], each["serial"]) for each in document["primaries"]] == [
        (f"127.0.0.2:{scene.port}", 7),
        (place, None),
    ]
    said = scene.server.run("zone", "check", "example.test", *words).stdout
    assert f"primary           127.0.0.2:{scene.port}  7" in said


def test_records_over_a_zone_that_its_servers_have_signed_are_warned_of(scene: Scene) -> None:
    scene.begin(more=f"@ DNSKEY 257 3 13 {'mdsswUyr' * 10}mdsswQ==\n")
    fetched = CONFIGURATION.replace("{file: example.test.zone}", "{source: transfer, primaries: [127.0.0.2]}")
    scene.server.write("understudy.yaml", fetched)
    assert "dnssec.overlaid" in _codes(scene.check(), "warning")


OTHER_DS = f"example DS 12345 13 2 {'00' * 32}\n"


def test_a_ds_above_a_zone_that_is_not_signed_is_an_error(scene: Scene) -> None:
    scene.begin(above_more=OTHER_DS)
    document = scene.check()
    assert (_codes(document, "error"), document["ds"]) == (["dnssec.unsigned"], [OTHER_DS.split(" ", 2)[2].strip()])
    said = scene.server.run(*scene.words("example.test"))
    assert said.returncode == 1
    assert "the zone above has a DS of example.test, but the zone is not signed  [dnssec.unsigned]" in said.stdout
    assert "resolvers keep the DS for 1h" in " ".join(said.stdout.split())
    assert "DS         of the key 12345" in said.stdout


def test_a_signed_zone_is_well_where_every_server_has_the_key_that_is_known_above(scene: Scene) -> None:
    signed, ds = _signed(scene.server)
    scene.begin(more=signed, second_serial=0, above_more=ds)
    second = Place(scene.server.folder / "second", scene.port, "example.test", address="127.0.0.3")
    file = scene.server.folder / "example.test.zone"
    with nsd(second, file):
        document = scene.check()
        assert _codes(document, "error") == []
        assert len(document["ds"]) == 1
    unsigned = scene.server.write("second.zone", ZONE.replace("SERIAL", "7"))
    with nsd(second, unsigned):
        (advice,) = [each for each in scene.check()["advice"] if each["weight"] == "error"]
        assert advice["code"] == "dnssec.unsigned"
        assert f"not signed at ns2.example.test (127.0.0.3:{scene.port})" in advice["text"]


def test_a_signed_zone_with_a_key_that_is_not_known_above_is_an_error(scene: Scene) -> None:
    scene.begin(more=_signed(scene.server)[0], above_more=OTHER_DS)
    assert _codes(scene.check(), "error") == ["dnssec.unsigned", "dnssec.other-key"]


def _signed(server: RunningServer) -> tuple[str, str]:
    """What signing adds to the zone, and its DS as it stands in the zone above."""
    folder = server.folder
    zone = server.write("plain.zone", ZONE.replace("SERIAL", "7"))
    keygen = [find_program("dnssec-keygen"), "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "example.test"]
    sign = [find_program("dnssec-signzone"), "-q", "-S", "-z", "-O", "full", "-o", "example.test"]
    for words in (keygen, [*sign, "-f", "signed.zone", str(zone)]):
        subprocess.run(words, cwd=folder, check=True, capture_output=True)  # found by find_program
    lines = (folder / "signed.zone").read_text().splitlines()
    added = [line for line in lines if line.split()[3:4] in (["DNSKEY"], ["RRSIG"], ["NSEC"])]
    return "\n".join((*added, "")), (folder / "dsset-example.test.").read_text()
