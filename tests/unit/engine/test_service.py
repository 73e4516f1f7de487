"""The service over real loopback sockets, with dnspython as the client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import pytest

from understudy.engine import BindError, Engine, Zone
from understudy.testing.ports import free_port

Ask = Callable[..., dns.message.Message]

PATIENCE_S = 20.0


def texts(message: dns.message.Message) -> list[str]:
    """The rdata of the answer section, in order."""
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


def free_address() -> str:
    """An address that nobody listens on now."""
    return f"127.0.0.1:{free_port()}"


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE_S)


def test_both_families_and_transports_are_answered(engine: Engine, ask_udp: Ask, ask_tcp: Ask) -> None:
    for address in engine.addresses:
        for ask in (ask_udp, ask_tcp):
            assert texts(ask(address, "www.example.com.", "AAAA")) == ["2001:db8::10"]


def test_no_address_is_kept_no_longer_than_an_address_would_be(engine: Engine, ask_udp: Ask, ask_tcp: Ask) -> None:
    due = time.monotonic() + 20.0
    engine.publish(
        "example.com.",
        [
            ("gone.example.com.", 1, "nodata", 30, None, "one", []),
            ("soon.example.com.", 1, "nodata", 30, due, "one", []),
        ],
    )
    for ask in (ask_udp, ask_tcp):
        gone, soon = (ask(engine.addresses[0], name) for name in ("gone.example.com.", "soon.example.com."))
        assert (gone.rcode(), gone.answer, gone.authority[0].ttl) == (dns.rcode.NOERROR, [], 30)
        assert 0 < soon.authority[0].ttl < 20
        # What nobody steers is the zone's own matter.
        assert ask(engine.addresses[0], "ns1.example.com.", "AAAA").authority[0].ttl == 60


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
def test_a_key_that_is_not_known_is_said_to_be_so(engine: Engine, ask: Callable[..., dns.message.Message]) -> None:
    host, _, port = engine.addresses[0].rpartition(":")
    query = dns.message.make_query("www.example.com.", "A")
    query.use_tsig({dns.name.from_text("key.example.net."): b"a secret of one side only"})
    with pytest.raises(dns.tsig.PeerBadKey):
        ask(query, host, port=int(port), timeout=PATIENCE_S)


def test_port_zero_becomes_one_port_for_udp_and_tcp(engine: Engine) -> None:
    four, six = engine.addresses
    assert four.startswith("127.0.0.1:")
    assert six.startswith("[::1]:")
    assert not four.endswith(":0")


def test_what_is_asked_is_counted(engine: Engine, ask_udp: Ask, ask_tcp: Ask) -> None:
    four, six = engine.addresses
    engine.publish("example.com.", [("steered.example.com.", 1, "answer", 5, None, "one", [(1, [b"\xc0\0\2\1"])])])
    ask_udp(four, "www.example.com.")
    ask_udp(six, "missing.example.com.", "MX")
    ask_tcp(four, "steered.example.com.")
    ask_tcp(six, "www.example.net.", "TYPE65400")
    host, _, port = four.rpartition(":")
    for rtype, version in (("HTTPS", 1), ("CAA", 9)):
        dns.query.udp(
            dns.message.make_query("www.example.com.", rtype, use_edns=version),
            host,
            port=int(port),
            timeout=PATIENCE_S,
        )
    assert engine.stop(PATIENCE_S)
    counted = {name: count for name, count in engine.counters().items() if count}
    assert counted == {
        "queries.udp4": 3,
        "queries.udp6": 1,
        "queries.tcp4": 1,
        "queries.tcp6": 1,
        "responses.BADVERS": 2,
        "responses.NOERROR": 2,
        "responses.NXDOMAIN": 1,
        "responses.REFUSED": 1,
        "qtype.A": 2,
        "qtype.CAA": 1,
        "qtype.HTTPS": 1,
        "qtype.MX": 1,
        "qtype.other": 1,
        "steered": 1,
        "extended.20": 1,
        "tcp.accepted": 2,
    }


def test_every_path_and_reason_is_counted_from_the_start() -> None:
    names = Engine([]).counters()
    assert {"queries.udp4", "truncated", "steered", "tcp.accepted", "tcp.refused", "dropped.short"} <= set(names)
    assert set(names.values()) == {0}


def test_garbage_is_answered_or_dropped_and_the_service_lives(engine: Engine, ask_udp: Ask) -> None:
    address = engine.addresses[0]
    host, _, port = address.rpartition(":")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.settimeout(PATIENCE_S)
        client.connect((host, int(port)))
        for garbage in (b"", b"\0" * 11, b"\x12\x34\x80\0" + b"\0" * 8, b"\xff" * 600):
            client.send(garbage)
        client.send(b"\x12\x34" + b"\0" * 10)
        assert client.recv(512)[:4] == b"\x12\x34\x80\x01"
    assert texts(ask_udp(address, "www.example.com.", "AAAA")) == ["2001:db8::10"]


def test_a_pipeline_is_answered_in_order(engine: Engine) -> None:
    queries = [dns.message.make_query("www.example.com.", "A") for _ in range(100)]
    with closing(connect(engine.addresses[0])) as client:
        for query in queries:
            dns.query.send_tcp(client, query)
        client.shutdown(socket.SHUT_WR)
        for query in queries:
            response, _ = dns.query.receive_tcp(client)
            assert response.id == query.id
        assert client.recv(1) == b""


def test_names_of_the_server_are_told_as_configured(engine: Engine) -> None:
    host, _, port = engine.addresses[0].rpartition(":")
    for name, rcode in (("version.bind.", dns.rcode.NOERROR), ("hostname.bind.", dns.rcode.REFUSED)):
        query = dns.message.make_query(name, "TXT", "CH")
        assert dns.query.udp(query, host, port=int(port), timeout=PATIENCE_S).rcode() == rcode


def test_addresses_change_at_run_time(engine: Engine, ask_udp: Ask) -> None:
    stays, goes = engine.addresses
    engine.rebind([stays, "127.0.0.2:0"])
    assert engine.addresses[0] == stays
    assert engine.addresses[1].startswith("127.0.0.2:")
    assert goes not in engine.addresses
    for address in engine.addresses:
        assert ask_udp(address, "www.example.com.").rcode() == dns.rcode.NOERROR


def test_an_address_that_cannot_be_had_is_named_and_changes_nothing(engine: Engine, ask_udp: Ask) -> None:
    before = engine.addresses
    for try_it in (lambda: engine.rebind(["192.0.2.77:53"]), lambda: Engine(["192.0.2.77:53"])):
        with pytest.raises(BindError) as raised:
            try_it()
        assert raised.value.address == "192.0.2.77:53"
        assert raised.value.errno != 0
        assert "192.0.2.77:53" in str(raised.value)
    assert engine.addresses == before
    assert ask_udp(before[0], "www.example.com.").rcode() == dns.rcode.NOERROR


def test_an_address_in_use_by_another_program_is_a_bind_error() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BindError) as raised:
            Engine([address])
    assert raised.value.address == address


def test_a_restart_binds_beside_the_old_process_if_both_say_so(zone: Zone, ask_udp: Ask) -> None:
    first = Engine(["127.0.0.1:0"], shares_addresses=True)
    first.start()
    address = first.addresses[0]
    with pytest.raises(BindError):
        Engine([address])
    second = Engine([address], shares_addresses=True)
    second.publish_zone(zone, [])
    second.start()
    assert first.stop(PATIENCE_S)
    assert ask_udp(address, "www.example.com.").rcode() == dns.rcode.NOERROR
    assert second.stop(PATIENCE_S)


@pytest.mark.parametrize("text", ["", "127.0.0.1", "localhost:53", "::1:53", "127.0.0.1:70000"])
def test_text_that_is_no_address_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address with a port"):
        Engine([text])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threads": 0}, "threads"),
        ({"udp_size": 511}, "udp_size"),
        ({"busy_poll_s": -1.0}, "busy_poll_s"),
        ({"tcp_idle_s": -1.0}, "tcp_idle_s"),
        ({"tcp_idle_s": float("nan")}, "tcp_idle_s"),
        ({"version_bind": "x" * 256}, "255"),
        ({"udp_size_without_cookie": 511}, "udp_size_without_cookie"),
        ({"cookie_secrets": [b"x" * 15]}, "16 octets"),
        ({"cookie_secrets": [b"x" * 16] * 3}, "at most two"),
    ],
)
def test_impossible_settings_are_value_errors(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Engine([], **options)  # type: ignore[arg-type]  # built loosely; the module itself judges


def test_a_stopped_engine_stays_stopped() -> None:
    engine = Engine([free_address()])
    engine.start()
    engine.start()
    assert engine.stop()
    assert engine.stop(0.0)
    assert engine.addresses == []
    with pytest.raises(RuntimeError, match="stopped"):
        engine.start()
    with pytest.raises(RuntimeError, match="stopped"):
        engine.rebind([])
    with pytest.raises(ValueError, match="timeout_s"):
        engine.stop(-1.0)


def test_at_a_limit_of_tcp_the_longest_idle_connection_makes_room(zone: Zone) -> None:
    engine = Engine(["127.0.0.1:0"], tcp_clients_per_prefix=2)
    engine.publish_zone(zone, [])
    engine.start()
    query = dns.message.make_query("www.example.com.", "A")
    clients = []
    for _ in range(3):
        clients.append(connect(engine.addresses[0]))
        dns.query.send_tcp(clients[-1], query)
        dns.query.receive_tcp(clients[-1])
    assert clients[0].recv(1) == b""
    dns.query.send_tcp(clients[1], query)
    dns.query.receive_tcp(clients[1])
    for client in clients:
        client.close()
    assert engine.stop(PATIENCE_S)
    assert engine.counters()["dropped.crowded"] == 1
    assert engine.counters()["tcp.refused"] == 0


def test_idle_connections_are_closed(zone: Zone) -> None:
    engine = Engine(["127.0.0.1:0"], tcp_idle_s=0.05)
    engine.start()
    with closing(connect(engine.addresses[0])) as client:
        assert client.recv(1) == b""
    assert engine.stop(PATIENCE_S)
    assert engine.counters()["dropped.idle"] == 1


DESCRIPTORS = """
import resource, socket
import dns.message, dns.query
from understudy.engine import Engine, Zone

engine = Engine(["127.0.0.1:0"])
engine.publish_zone(Zone.parse("example.com.", b"@ 60 SOA ns. root. 1 2 3 4 5\\n@ 60 NS ns.\\n"), [])
engine.start()
host, _, port = engine.addresses[0].rpartition(":")
query = dns.message.make_query("example.com.", "SOA")
first = socket.create_connection((host, int(port)))
waiting = socket.socket()
udp = socket.socket(type=socket.SOCK_DGRAM)
dns.query.send_tcp(first, query)
dns.query.receive_tcp(first)
usual = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (udp.fileno() + 1, usual[1]))
waiting.connect((host, int(port)))
dns.query.send_tcp(waiting, query)
while engine.counters()["dropped.descriptors"] == 0:
    pass
udp.sendto(query.to_wire(), (host, int(port)))
assert udp.recv(512)
dns.query.send_tcp(first, query)
assert dns.query.receive_tcp(first)[0].answer
seen = engine.counters()["dropped.descriptors"]
assert seen < 1000, seen
resource.setrlimit(resource.RLIMIT_NOFILE, usual)
assert dns.query.receive_tcp(waiting)[0].answer
assert engine.stop(20.0)
print("served")
"""


def test_without_descriptors_the_rest_goes_on_and_those_who_wait_are_served_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DESCRIPTORS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout.strip(), done.returncode) == ("served", 0), done.stderr


def test_every_steered_set_is_counted_by_itself_through_all_threads(zone: Zone, ask_udp: Ask, ask_tcp: Ask) -> None:
    def steered(owner: str, rtype: int, *rdatas: bytes) -> tuple[object, ...]:
        return (owner, rtype, "answer", 30, None, "one", [(1, list(rdatas))])

    engine = Engine(["127.0.0.1:0"], threads=2)
    sets = [steered(f"r{number}.example.com.", 1, b"\x7f\0\0\1") for number in range(200)]
    six = steered("r7.example.com.", 28, bytes(16))
    alias = steered("Alias2.example.com.", 5, b"\2r9\7example\3com\0")
    engine.publish_zone(zone, sets)  # type: ignore[arg-type]  # built loosely; the module itself judges
    engine.start()
    engine.publish("example.com.", [six, alias])  # type: ignore[list-item]  # built loosely; the module itself judges
    (address,) = engine.addresses
    for name, rtype in (
        ("r7.example.com.", "A"),
        ("R7.example.com.", "A"),
        ("r7.example.com.", "AAAA"),
        ("r7.example.com.", "MX"),
        ("r9.example.com.", "A"),
        ("alias2.example.com.", "A"),  # the alias and where it leads
        ("alias.example.com.", "A"),
    ):
        ask_udp(address, name, rtype)
    ask_tcp(address, "r7.example.com.", "ANY")
    engine.answer(dns.message.make_query("r7.example.com.", "A").to_wire())
    engine.publish("example.com.", [("r9.example.com.", 1, "remove", 0, None, "one", [])])
    ask_udp(address, "r9.example.com.", "A")
    assert engine.stop(PATIENCE_S)
    counts = engine.record_counters()
    assert {key: count for key, count in counts.items() if count} == {
        ("r7.example.com.", 1): 3,
        ("r7.example.com.", 28): 2,
        ("r9.example.com.", 1): 2,
        ("alias2.example.com.", 5): 1,
    }
    assert len(counts) == 202
