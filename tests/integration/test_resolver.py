"""Through a real resolver, and with the tools that people use."""

import socket
import struct
import subprocess
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from understudy.testing import other_servers
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until
from understudy.testing.web_servers import WebServers

CONFIGURATION = """\
listen: 127.0.0.1:{port}
server: {hostname: here.example.net}
zones:
  example.com: {file: example.com.zone}
checks:
  web: {http: "http://www.example.com:WEB/healthz", interval: 1s, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[127.0.0.2], [127.0.0.3]], ttl: 2}
  both.example.com: {tiers: [[192.0.2.1, "2001:db8::1"], [192.0.2.2]], ttl: 2}
  forced.example.com: {tiers: [[192.0.2.3, "2001:db8::3"], [192.0.2.4]], ttl: 2}
  example.com: {tiers: [[192.0.2.10, 192.0.2.11]]}
  "*.any.example.com": {tiers: [[192.0.2.20]]}
  moved.example.com: {tiers: [[plain.example.com]]}
"""

LARGE = "\n".join(f'large IN TXT "{index:03} {"x" * 200}"' for index in range(40))
ZONE = f"""\
$TTL 1h
@       IN SOA  ns1 hostmaster 1 1h 15m 1w 60
        IN NS   ns1
        IN MX   10 www
ns1     IN A    127.0.0.1
plain   IN A    192.0.2.1
{LARGE}
"""


@pytest.fixture(scope="module")
def web_servers() -> Iterator[WebServers]:
    """On 127.0.0.2 and 127.0.0.3."""
    servers = WebServers(free_port("127.0.0.2", "127.0.0.3"))
    servers.start("127.0.0.2")
    servers.start("127.0.0.3")
    yield servers
    servers.stop_all()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, web_servers: WebServers) -> Iterator[RunningServer]:
    """Started; a test that changes what it answers has a name of its own for that."""
    running = RunningServer(tmp_path_factory.mktemp("server"), free_port())
    running.write("understudy.yaml", CONFIGURATION.replace("WEB", str(web_servers.port)))
    running.write("example.com.zone", ZONE)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def resolver(server: RunningServer) -> Iterator[int]:
    """The port of an Unbound that finds example.com here."""
    place = other_servers.Place(server.folder / "unbound", free_port(), "example.com")
    with other_servers.unbound(place, server.port) as running:
        yield running.port


def resolve(port: int, name: str, rtype: str = "A") -> dns.message.Message:
    query = dns.message.make_query(name, rtype)
    response, _ = dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=5)
    return response


def texts(response: dns.message.Message, rtype: str) -> list[str]:
    wanted = dns.rdatatype.from_text(rtype)
    return sorted(record.to_text() for rrset in response.answer if rrset.rdtype == wanted for record in rrset)


def ttl(response: dns.message.Message) -> int:
    return min(rrset.ttl for rrset in response.answer or response.authority)


def tool(name: str, port: int, *words: str) -> str:
    """What dig or kdig prints; it must succeed."""
    command = [other_servers.find_program(name), "@127.0.0.1", "-p", str(port), *words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize(
    ("name", "rtype", "expected"),
    [
        ("both.example.com", "A", ["192.0.2.1"]),
        ("both.example.com", "AAAA", ["2001:db8::1"]),
        ("BoTh.ExAmPlE.com", "A", ["192.0.2.1"]),
        ("example.com", "A", ["192.0.2.10", "192.0.2.11"]),
        ("example.com", "NS", ["ns1.example.com."]),
        ("example.com", "MX", ["10 www.example.com."]),
        ("one.any.example.com", "A", ["192.0.2.20"]),
        ("a.b.any.example.com", "A", ["192.0.2.20"]),
        ("moved.example.com", "CNAME", ["plain.example.com."]),
        ("moved.example.com", "A", ["192.0.2.1"]),
    ],
)
def test_a_resolver_finds_steered_records(resolver: int, name: str, rtype: str, expected: list[str]) -> None:
    assert texts(resolve(resolver, name, rtype), rtype) == expected


@pytest.mark.parametrize(
    ("name", "rtype", "rcode"),
    [
        ("both.example.com", "MX", dns.rcode.NOERROR),
        ("example.com", "AAAA", dns.rcode.NOERROR),
        ("one.any.example.com", "AAAA", dns.rcode.NOERROR),
        ("any.example.com", "A", dns.rcode.NOERROR),
        ("nothing.example.com", "A", dns.rcode.NXDOMAIN),
        ("below.both.example.com", "A", dns.rcode.NXDOMAIN),
    ],
)
def test_a_resolver_caches_what_is_not_there_for_the_negative_ttl(
    resolver: int, name: str, rtype: str, rcode: dns.rcode.Rcode
) -> None:
    for _ in range(2):
        response = resolve(resolver, name, rtype)
        assert response.rcode() == rcode
        assert response.answer == []
        assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]
        assert ttl(response) <= 60


def test_a_failover_is_seen_through_the_cache_once_the_ttl_is_over(
    server: RunningServer, resolver: int, web_servers: WebServers
) -> None:
    wait_until(lambda: texts(resolve(resolver, "www.example.com"), "A") == ["127.0.0.2"], "the primary is answered")
    web_servers.stop("127.0.0.2")
    ttls: list[int] = []
    answers: set[str] = set()

    def has_moved() -> bool:
        response = resolve(resolver, "www.example.com")
        ttls.append(ttl(response))
        answers.update(texts(response, "A"))
        return texts(response, "A") == ["127.0.0.3"]

    before = wait_until(lambda: server.addresses("www.example.com") == ["127.0.0.3"], "the name moves here")
    after = wait_until(has_moved, "the name moves behind the resolver")
    assert max(ttls) <= 2
    assert answers <= {"127.0.0.2", "127.0.0.3"}
    assert after <= 2 + 3, f"a cache holds it for two seconds, not {after:.1f}, after {before:.1f}"


def test_an_override_is_seen_through_the_cache_too(server: RunningServer, resolver: int) -> None:
    assert texts(resolve(resolver, "forced.example.com"), "A") == ["192.0.2.3"]
    assert server.run("force", "down", "192.0.2.3", "--reason", "test").returncode == 0
    wait_until(lambda: texts(resolve(resolver, "forced.example.com"), "A") == ["192.0.2.4"], "the name moves")
    assert texts(resolve(resolver, "forced.example.com", "AAAA"), "AAAA") == ["2001:db8::3"]


def test_a_large_answer_reaches_the_resolver_over_tcp(server: RunningServer, resolver: int) -> None:
    query = dns.message.make_query("large.example.com", "TXT", use_edns=0, payload=1232)
    assert dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5).flags & dns.flags.TC
    response = resolve(resolver, "large.example.com", "TXT")
    assert len(texts(response, "TXT")) == 40


def test_kdig_asks_many_times_over_one_connection(server: RunningServer) -> None:
    names = [name for _ in range(50) for name in ("both.example.com", "example.com", "one.any.example.com")]
    said = tool("kdig", server.port, "+tcp", "+keepopen", "+short", *names)
    expected = ["192.0.2.1", "192.0.2.10", "192.0.2.11", "192.0.2.20"] * 50
    assert sorted(said.split()) == sorted(expected)


def test_queries_sent_all_at_once_are_all_answered(server: RunningServer) -> None:
    queries = {query.id: query for query in (dns.message.make_query("both.example.com", "A", id=n) for n in range(200))}
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        wires = [query.to_wire() for query in queries.values()]
        connection.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))
        incoming = connection.makefile("rb")
        for _ in wires:
            (length,) = struct.unpack("!H", incoming.read(2))
            response = dns.message.from_wire(incoming.read(length))
            assert queries.pop(response.id).is_response(response)
            assert texts(response, "A") == ["192.0.2.1"]
    assert queries == {}


def test_dig_sees_who_answers(server: RunningServer) -> None:
    assert '("here.example.net")' in tool("dig", server.port, "+nsid", "both.example.com")
    assert "here.example.net" in tool("dig", server.port, "+short", "CH", "TXT", "id.server")
    assert "NSID" not in tool("dig", server.port, "+nonsid", "both.example.com")


@pytest.mark.parametrize(("size", "is_truncated"), [(512, True), (1232, True), (4096, True)])
def test_dig_gets_no_more_octets_than_it_takes(server: RunningServer, size: int, is_truncated: bool) -> None:
    said = tool("dig", server.port, f"+bufsize={size}", "+ignore", "+nocookie", "large.example.com", "TXT")
    header = next(line for line in said.splitlines() if "flags:" in line)
    assert (" tc" in header) == is_truncated
    received = next(int(line.split()[-1]) for line in said.splitlines() if "MSG SIZE" in line)
    assert received <= size


def test_dig_retries_over_tcp_by_itself(server: RunningServer) -> None:
    said = tool("dig", server.port, "+bufsize=512", "large.example.com", "TXT")
    assert "Truncated, retrying in TCP mode" in said
    assert "ANSWER: 40" in said


def test_cookies_are_ignored(server: RunningServer) -> None:
    said = tool("kdig", server.port, "+cookie=0123456789abcdef", "+edns", "both.example.com")
    assert "status: NOERROR" in said
    assert "192.0.2.1" in said


@pytest.mark.parametrize("words", [["+ednsopt=65001:abcd"], ["+ednsflags=0x1"], ["+subnet=192.0.2.0/24"], ["+noedns"]])
def test_options_that_mean_nothing_here_change_nothing(server: RunningServer, words: list[str]) -> None:
    assert tool("dig", server.port, "+short", *words, "both.example.com").split() == ["192.0.2.1"]


def test_a_newer_version_of_edns_is_refused_politely(server: RunningServer) -> None:
    """RFC 6891 6.1.3."""
    said = tool("dig", server.port, "+edns=1", "+noednsneg", "both.example.com")
    assert "status: BADVERS" in said
    assert "192.0.2.1" not in said


def test_any_is_answered_sparingly(server: RunningServer) -> None:
    """RFC 8482 4.1: one RRset, or 4.2: a HINFO of its own."""
    response = resolve(server.port, "example.com", "ANY")
    assert response.rcode() == dns.rcode.NOERROR
    assert len(response.answer) == 1
