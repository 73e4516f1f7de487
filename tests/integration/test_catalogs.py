"""Catalog zones (RFC 9432): secondaries of other makes learn from ours which zones there are."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

from understudy.testing.other_servers import OtherServer, Peers, Place, find_program, knot_beside, powerdns
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

ZONE = "$TTL 60\n@ SOA ns1 hostmaster 7 60 10 604800 60\n@ NS ns1\nns1 A 192.0.2.53\nwww A {address}\n"
ADDRESSES = {"a.example": "192.0.2.1", "b.example": "192.0.2.2", "c.example": "192.0.2.3"}
HEAD = """\
listen: 127.0.0.1:{port}
zones:
  catalog.example:
    source: catalog
    transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}
"""
MEMBER = '  {name}: {{file: {name}.zone, transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}}}\n'

BIND = """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; dnssec-validation no; min-refresh-time 1; min-retry-time 1;
  catalog-zones {{
    zone "catalog.example" default-primaries {{ 127.0.0.1 port {primary}; }}
      zone-directory "{folder}" min-update-interval 1;
  }};
}};
controls {{ }};
zone "catalog.example" {{
  type secondary; file "catalog"; primaries {{ 127.0.0.1 port {primary}; }}; allow-notify {{ 127.0.0.1; }};
}};
"""
CATALOG = "  - domain: catalog.example\n    master: peer\n    catalog-role: interpret\n    catalog-template: member\n"


def bind(place: Place, primary: int) -> OtherServer:
    """BIND, which fetches what the catalog lists."""
    path = place.write(BIND, primary=primary)
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", path], place)


def knot(place: Place, primary: int) -> OtherServer:
    """Knot, which fetches what the catalog lists."""
    return knot_beside(place, primary, CATALOG)


def powerdns_consumer(place: Place, primary: int) -> OtherServer:
    """PowerDNS, which fetches what the catalog lists; the catalog itself (4.7) as a whole only."""
    server = powerdns(place, {"catalog.example": place.folder / "none"}, Peers(primary))
    with closing(sqlite3.connect(place.folder / "zones.sqlite3")) as database:
        database.execute("UPDATE domains SET type = 'CONSUMER'")
        database.execute("DELETE FROM domainmetadata WHERE kind = 'IXFR'")
        database.commit()
    return server


def address(port: int, zone: str) -> str:
    """What the server says of www in the zone, or the rcode."""
    with suppress(OSError, dns.exception.DNSException):
        response = dns.query.udp(dns.message.make_query(f"www.{zone}", "A"), "127.0.0.1", port=port, timeout=5.0)
        found = [rdata.to_text() for rrset in response.answer for rdata in rrset]
        return found[0] if found else dns.rcode.to_text(response.rcode())
    return ""


def has_serial(port: int, zone: str, wanted: int) -> bool:
    response = dns.query.udp(dns.message.make_query(zone, "SOA"), "127.0.0.1", port=port, timeout=5.0)
    return bool(response.answer) and response.answer[0][0].serial == wanted


def has_address(port: int, zone: str, wanted: str) -> bool:
    return address(port, zone) == wanted


@pytest.mark.parametrize("make", [bind, knot, powerdns_consumer])
def test_a_secondary_of_another_make_takes_up_and_drops_the_zones_of_a_catalog(
    server: RunningServer, make: Callable[[Place, int], OtherServer]
) -> None:
    place = Place(server.folder / "secondary", free_port(), "a.example")

    def write(*names: str) -> None:
        for name in names:
            server.write(f"{name}.zone", ZONE.format(address=ADDRESSES[name]))
        members = "".join(MEMBER.format(name=name, secondary=place.port) for name in names)
        server.write("understudy.yaml", HEAD.format(port=server.port, secondary=place.port) + members)

    write("a.example", "b.example")
    server.start()
    with make(place, server.port):
        wait_until(lambda: address(place.port, "a.example") == "192.0.2.1", "the first zone is there")
        wait_until(lambda: address(place.port, "b.example") == "192.0.2.2", "the second zone is there")
        write("a.example", "b.example", "c.example")
        wait_until(lambda: address(place.port, "c.example") == "192.0.2.3", "a zone that came is there")
        write("a.example", "c.example")
        wait_until(lambda: address(place.port, "b.example") == "REFUSED", "a zone that went is not there")
        assert address(place.port, "a.example") == "192.0.2.1"


FOLLOWING = """\
listen: 127.0.0.1:{port}
zones:
  catalog.example: {{source: transfer, primaries: ["127.0.0.1:{primary}"], catalog: true}}
"""
BIND_PRIMARY = """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify explicit; notify-delay 0; also-notify {{ 127.0.0.1 port {secondary}; }};
  dnssec-validation no; allow-transfer {{ 127.0.0.1; }};
}};
controls {{ }};
zone "catalog.example" {{ type primary; file "catalog"; allow-update {{ 127.0.0.1; }}; }};
zone "other.example" {{ type primary; file "other"; allow-update {{ 127.0.0.1; }}; }};
zone "a.example" {{ type primary; file "a.example.zone"; allow-update {{ 127.0.0.1; }}; }};
zone "b.example" {{ type primary; file "b.example.zone"; }};
"""
BIND_CATALOG = """\
$TTL 1
@ SOA invalid. invalid. 1 60 10 2147483646 0
@ NS invalid.
version TXT "2"
one.zones PTR a.example.
"""
KNOT_CATALOG = "  - domain: catalog.example\n    catalog-role: generate\n    notify: peer\n"
KNOT_MEMBER = """\
  - domain: {zone}
    catalog-role: member
    catalog-zone: catalog.example
    notify: peer
"""


def write_zones(place: Place) -> None:
    place.folder.mkdir(parents=True, exist_ok=True)
    for name, host in ADDRESSES.items():
        (place.folder / f"{name}.zone").write_text(ZONE.format(address=host))


def follow(server: RunningServer, primary: int) -> None:
    server.write("understudy.yaml", FOLLOWING.format(port=server.port, primary=primary))
    server.start()


def bind_primary(server: RunningServer, secondary: int) -> OtherServer:
    """BIND with a catalog that lists a.example, and another one that lists b.example."""
    place = Place(server.folder / "primary", free_port(), "catalog.example")
    write_zones(place)
    (place.folder / "catalog").write_text(BIND_CATALOG)
    (place.folder / "other").write_text(BIND_CATALOG.replace("one.zones PTR a.example.", "two.zones PTR b.example."))
    path = place.write(BIND_PRIMARY, secondary=secondary)
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", path], place)


def send(update: dns.update.UpdateMessage, port: int) -> None:
    assert dns.query.tcp(update, "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.NOERROR


def replace_member(port: int) -> None:
    """The catalog lists b.example in place of a.example."""
    update = dns.update.UpdateMessage("catalog.example")
    update.add("two.zones", 1, "PTR", "b.example.")
    update.delete("one.zones")
    send(update, port)


def test_the_catalog_of_bind_is_followed(server: RunningServer) -> None:
    with bind_primary(server, server.port) as primary:
        follow(server, primary.port)
        wait_until(lambda: address(server.port, "a.example") == "192.0.2.1", "the zone is there")
        replace_member(primary.port)
        wait_until(lambda: address(server.port, "b.example") == "192.0.2.2", "a zone that came is there")
        wait_until(lambda: address(server.port, "a.example") == "REFUSED", "a zone that went is not there")
        assert address(server.port, "zones.catalog.example") == "NXDOMAIN"


def test_a_zone_goes_from_one_catalog_of_bind_to_another_as_it_is(server: RunningServer) -> None:
    """RFC 9432 4.3.1."""

    def change(catalog: str, *records: tuple[str, str], gone: str = "") -> None:
        update = dns.update.UpdateMessage(catalog)
        for owner, target in records:
            update.add(owner, 1, "PTR", target)
        if gone:
            update.delete(gone)
        send(update, primary.port)

    def says(text: str) -> bool:
        return text in (server.folder / "serve.log").read_text()

    with bind_primary(server, server.port) as primary:
        both = FOLLOWING + FOLLOWING.splitlines()[-1].replace("catalog.example", "other.example") + "\n"
        server.write("understudy.yaml", both.format(port=server.port, primary=primary.port))
        server.start()
        for zone, host in list(ADDRESSES.items())[:2]:
            wait_until(partial(has_address, server.port, zone, host), f"{zone} is there")
        change("other.example", ("one.zones", "a.example."))
        wait_until(lambda: says("a.example of the catalog other.example is not taken"), "nobody gave it away")
        change("catalog.example", ("coo.one.zones", "other.example."))
        wait_until(lambda: has_serial(server.port, "catalog.example", 2), "it is given away")
        change("other.example", ("three.zones", "c.example."))
        wait_until(lambda: says("a.example came from another catalog"), "it has changed hands")
        change("catalog.example", gone="one.zones")
        wait_until(lambda: has_serial(server.port, "catalog.example", 3), "the first one lists it no more")
        assert address(server.port, "a.example") == "192.0.2.1"


PASSING_ON = FOLLOWING.replace(
    "catalog: true", 'catalog: true, transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{last}"]}}'
)


@pytest.mark.parametrize("make", [bind, knot])
def test_what_a_catalog_lists_is_passed_on_to_a_further_secondary(
    server: RunningServer, make: Callable[[Place, int], OtherServer]
) -> None:
    last = Place(server.folder / "last", free_port(), "a.example")
    with bind_primary(server, server.port) as primary:
        text = PASSING_ON.format(port=server.port, primary=primary.port, last=last.port)
        server.write("understudy.yaml", text)
        server.start()
        # BIND heeds no NOTIFY while it waits for a primary that had nothing when it asked
        wait_until(lambda: address(server.port, "a.example") == "192.0.2.1", "the zone is there to be passed on")
        with make(last, server.port):
            change = dns.update.UpdateMessage("a.example")
            change.replace("www", 60, "A", "192.0.2.9")
            send(change, primary.port)
            wait_until(lambda: address(last.port, "a.example") == "192.0.2.9", "a zone's change has come through")
            replace_member(primary.port)
            wait_until(lambda: address(last.port, "b.example") == "192.0.2.2", "a zone that came has come through")
            wait_until(lambda: address(last.port, "a.example") == "REFUSED", "a zone that went is gone at the end")


def test_the_catalog_of_knot_is_followed(server: RunningServer) -> None:
    place = Place(server.folder / "primary", free_port(), "b.example")
    write_zones(place)

    def knot_with(*names: str) -> OtherServer:
        return knot_beside(place, server.port, KNOT_CATALOG + "".join(KNOT_MEMBER.format(zone=name) for name in names))

    with knot_with("a.example", "b.example"):
        follow(server, place.port)
        wait_until(lambda: address(server.port, "a.example") == "192.0.2.1", "the first zone is there")
        wait_until(lambda: address(server.port, "b.example") == "192.0.2.2", "the second zone is there")
    server.stop()
    with knot_with("b.example", "c.example"):
        server.start()
        wait_until(lambda: address(server.port, "c.example") == "192.0.2.3", "a zone that came is there")
        wait_until(lambda: address(server.port, "a.example") == "REFUSED", "a zone that went is not there")
        assert address(server.port, "b.example") == "192.0.2.2"


def test_the_catalog_of_powerdns_is_followed(server: RunningServer) -> None:
    place = Place(server.folder / "primary", free_port(), "b.example")
    write_zones(place)

    def order(*words: str) -> None:
        command = [find_program("pdnsutil"), f"--config-dir={place.folder}", *words]
        subprocess.run(command, check=True, capture_output=True)

    primary = powerdns(
        place, {name: place.folder / f"{name}.zone" for name in ADDRESSES}, Peers(secondaries=(server.port,))
    )
    order("create-zone", "catalog.example")
    order("set-kind", "catalog.example", "producer")
    for name in ("a.example", "b.example"):
        order("set-catalog", name, "catalog.example")
    with primary:
        follow(server, place.port)
        wait_until(lambda: address(server.port, "a.example") == "192.0.2.1", "the first zone is there")
        wait_until(lambda: address(server.port, "b.example") == "192.0.2.2", "the second zone is there")
        order("set-catalog", "c.example", "catalog.example")
        order("set-catalog", "a.example", "")
        wait_until(lambda: address(server.port, "c.example") == "192.0.2.3", "a zone that came is there")
        wait_until(lambda: address(server.port, "a.example") == "REFUSED", "a zone that went is not there")
        assert address(server.port, "b.example") == "192.0.2.2"


GIVING = """\
listen: 127.0.0.1:{port}
zones:
  catalog.example: {{source: catalog, transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}}}
  other.example: {{source: catalog, transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"]}}}}
  a.example: {{file: a.example.zone, transfer: {{to: [127.0.0.1], notify: ["127.0.0.1:{secondary}"], {step}}}}}
"""


def bind_of_two(place: Place, primary: int) -> OtherServer:
    """BIND, which follows both catalogs."""
    lines = BIND.splitlines(keepends=True)
    entry, zone = "".join(lines[5:7]), "".join(lines[10:])
    both = BIND.replace(entry, entry + entry.replace("catalog.example", "other.example"))
    both += zone.replace("catalog.example", "other.example").replace('"catalog"', '"other"')
    path = place.write(both, primary=primary)
    return OtherServer([find_program("named"), "-g", "-n", "1", "-c", path], place)


def test_a_zone_that_is_given_to_another_catalog_of_ours_is_taken_from_it_by_bind(server: RunningServer) -> None:
    """RFC 9432 4.3.1: the old catalog gives it away first, then the new one lists it, then the old one drops it."""
    place = Place(server.folder / "secondary", free_port(), "a.example")
    places = {"port": server.port, "secondary": place.port}
    server.write("a.example.zone", ZONE.format(address=ADDRESSES["a.example"]))

    def says(text: str) -> bool:
        return text in (place.folder / "log").read_text()

    def serial(catalog: str) -> int:
        return int(server.ask(catalog, "SOA").answer[0][0].serial)

    def write(step: str, catalog: str) -> None:
        before = serial(catalog)
        server.write("understudy.yaml", GIVING.format(**places, step=step))
        wait_until(lambda: serial(catalog) != before, "the catalog has another version")
        done = f"updating catalog zone '{catalog}' with serial {serial(catalog)}"
        wait_until(lambda: says(done), "the secondary has been through it")

    server.write("understudy.yaml", GIVING.format(**places, step="catalogs: [catalog.example]"))
    server.start()
    with bind_of_two(place, server.port):
        wait_until(lambda: address(place.port, "a.example") == "192.0.2.1", "the zone is there")
        write("catalogs: [catalog.example], given_to: other.example", "catalog.example")
        write("given_to: other.example", "other.example")
        write("catalogs: [other.example]", "catalog.example")
        server.write("a.example.zone", ZONE.format(address="192.0.2.9").replace(" 7 ", " 8 "))
        wait_until(lambda: address(place.port, "a.example") == "192.0.2.9", "it is followed still")
        assert not says("another catalog zone already contains")
