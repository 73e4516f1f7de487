from __future__ import annotations

import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from understudy import __version__
from understudy.checks.transport.exchange import Body
from understudy.model.observation import Outcome
from understudy.testing.check_contract import Certificates, see
from understudy.testing.honest_peers import answers, answers_each, http_response, speaks_http2
from understudy.testing.peers import Behaviour, Peer, encrypted

PASS, FAIL = Outcome.PASS, Outcome.FAIL


def ask(behaviour: Behaviour, path: str = "/healthz", **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(behaviour) as peer:
        seen = see("http", {"url": f"http://www.example.com:{peer.port}{path}", **settings})
    return seen.outcome, seen.reason, seen.text


EXPECTATIONS: list[tuple[bytes, dict[str, Any], Outcome, str, str]] = [
    (http_response(), {}, PASS, "", "status 200"),
    (http_response(status="302 Found"), {}, PASS, "", "status 302"),
    (http_response(status="404 Not Found"), {}, FAIL, "http.status", "expected status 200-399, seen 404"),
    (http_response(status="503 Busy"), {"status": "200,500-599"}, PASS, "", "status 503"),
    (http_response(status="204 Nothing"), {"status": "200"}, FAIL, "http.status", "expected status 200, seen 204"),
    (http_response(b"we are ready"), {"body": "ready"}, PASS, "", "status 200"),
    (http_response(b"starting\x1b[2J"), {"body": "ready"}, FAIL, "http.body", "with 'ready', seen 'starting [2J'"),
    (http_response(b"gr\xc3\xbcn"), {"body": "grün"}, PASS, "", "status 200"),
    (http_response(b"load: 0.42"), {"body_regex": r"load: 0\.\d+"}, PASS, "", "status 200"),
    (http_response(b"load: 1.42"), {"body_regex": r"load: 0\.\d+"}, FAIL, "http.body", r"matching 'load: 0\.\d+'"),
    (http_response(b"a" * 60000), {"body_regex": "(a+)+b"}, FAIL, "http.body", "matching '(a+)+b'"),
    (http_response(b"one two"), {"body": "two", "body_regex": "^one"}, PASS, "", "status 200"),
    (http_response(b"", headers=["X-State: active"]), {"header": {"x-state": "active"}}, PASS, "", "status 200"),
    (
        http_response(b"", headers=["X-State: idle"]),
        {"header": {"X-State": "active"}},
        FAIL,
        "http.header",
        "seen 'idle'",
    ),
    (
        http_response(b"", headers=["X-State: idle", "X-Other: no", "X-State: active"]),
        {"header": {"X-State": "idle, active"}},
        PASS,
        "",
        "status 200",
    ),
    (http_response(b""), {"header": {"X-State": ""}}, FAIL, "http.header", "expected header X-State"),
    (http_response(b"", headers=["X-State:"]), {"header": {"X-State": ""}}, PASS, "", "status 200"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + http_response(), {}, PASS, "", "status 200"),
    (b"HTTP/1.0 200 OK\r\n\r\nready", {"body": "ready"}, PASS, "", "status 200"),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n",
        {"body": "ready"},
        PASS,
        "",
        "status 200",
    ),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {"body": "x"}, FAIL, "http.malformed", ""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", {"body": "x"}, FAIL, "http.malformed", "closed"),
    (b"SSH-2.0-OpenSSH\r\n", {}, FAIL, "http.malformed", "HTTP/1.1"),
    (b"", {}, FAIL, "read.closed", "before its response"),
]


@pytest.mark.parametrize("row", EXPECTATIONS)
def test_a_response_is_held_to_its_expectation(row: tuple[bytes, dict[str, Any], Outcome, str, str]) -> None:
    """A header that comes in several fields is one list (RFC 9110 5.3)."""
    response, expect, outcome, reason, text = row
    seen = ask(answers(response), expect=expect)
    assert seen[:2] == (outcome, reason)
    assert text in seen[2]


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", raw_deflate)]
)
def test_a_compressed_body_is_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """RFC 9110 8.4.1."""
    response = http_response(pack(b"we are ready"), headers=[f"Content-Encoding: {encoding}"])
    assert ask(answers(response), expect={"body": "ready"})[0] is PASS


def test_a_compression_bomb_is_unpacked_no_further_than_the_bound() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000 + b"ready")
    response = http_response(bomb, headers=["Content-Encoding: gzip"])
    assert ask(answers(response), expect={"body": "ready"})[:2] == (FAIL, "http.body")


def test_what_lies_beyond_the_bound_is_never_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    body = Body("gzip", 1024, lambda _: False)
    tracemalloc.start()
    try:
        assert body.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert body.octets == bytes(1024)


@pytest.mark.parametrize(("encoding", "body"), [("gzip", b"no gzip at all"), ("br", b"ready")])
def test_a_body_that_cannot_be_unpacked_fails(encoding: str, body: bytes) -> None:
    response = http_response(body, headers=[f"Content-Encoding: {encoding}"])
    assert ask(answers(response), expect={"body": "ready"})[:2] == (FAIL, "http.encoding")


def test_only_the_bounded_beginning_of_a_body_is_looked_at() -> None:
    late = http_response(b"x" * 2048 + b"ready")
    assert ask(answers(late), expect={"body": "ready"}, read_max=1024)[:2] == (FAIL, "http.body")
    assert ask(answers(late), expect={"body": "ready"}, read_max=4096)[0] is PASS


def test_reading_ends_as_soon_as_the_expectation_is_met() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nready"

    def answer_and_wait(connection: Any, stop: Any) -> None:
        connection.recv(4096)
        connection.sendall(endless)
        stop.wait()

    assert ask(answer_and_wait, expect={"body": "ready"})[0] is PASS
    assert ask(answer_and_wait)[0] is PASS


def request_of(**settings: Any) -> bytes:
    heard: list[bytes] = []

    def hear(request: bytes) -> bytes:
        heard.append(request)
        return http_response()

    assert ask(answers_each(hear, after=settings.pop("after", b"\r\n\r\n")), **settings)[0] is PASS
    return heard[0]


def test_the_request_names_the_host_of_the_url_and_ourselves() -> None:
    """RFC 9110 7.2."""
    lines = request_of(path="/healthz?full=1").decode().split("\r\n")
    assert lines[0] == "GET /healthz?full=1 HTTP/1.1"
    assert lines[1].startswith("Host: www.example.com:")
    assert {"Connection: close", f"User-Agent: understudy/{__version__}", "Accept: */*"} <= set(lines)


def test_method_headers_and_body_are_sent_as_written() -> None:
    request = request_of(
        method="POST", headers={"User-Agent": "me", "X-Token": "secret"}, body="grün", after="grün".encode()
    )
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /healthz HTTP/1.1"
    assert {"User-Agent: me", "X-Token: secret", "Content-Length: 5"} <= set(lines)
    assert body == "grün".encode()


def test_a_response_to_head_has_no_body_to_wait_for() -> None:
    assert ask(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), method="HEAD")[0] is PASS


def redirecting(location: str, *, status: str = "302 Found") -> Behaviour:
    def respond(request: bytes) -> bytes:
        if request.startswith((b"GET /old", b"POST /old")):
            return http_response(b"", status=status, headers=[f"Location: {location}"])
        return http_response(b"arrived by " + request.split(b" ")[0])

    return answers_each(respond)


def test_a_redirect_is_not_followed_unless_asked() -> None:
    assert ask(redirecting("/new"), "/old") == (PASS, "", "status 302")


def test_a_redirect_within_the_host_is_followed_at_the_endpoint() -> None:
    seen = ask(redirecting("/new"), "/old", follow_redirects=1, expect={"status": 200, "body": "arrived"})
    assert seen == (PASS, "", "status 200")


@pytest.mark.parametrize(("status", "method"), [("303 See Other", "GET"), ("307 Temporary Redirect", "POST")])
def test_the_method_after_a_redirect_is_the_rfcs(status: str, method: str) -> None:
    """RFC 9110 15.4."""
    seen = ask(
        redirecting("/new", status=status), "/old", method="POST", follow_redirects=1, expect={"body": f"by {method}"}
    )
    assert seen[0] is PASS, seen


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("http://169.254.169.254/latest", "another host"),
        ("//evil.example/", "another host"),
        ("ftp://www.example.com/", "to a URL"),
        ("http://www.example.com:99999/", "to a URL"),
        ("/old", "at most 2 redirects"),
    ],
)
def test_a_redirect_that_leads_away_or_in_circles_fails(location: str, text: str) -> None:
    outcome, reason, seen = ask(redirecting(location), "/old", follow_redirects=2)
    assert (outcome, reason) == (FAIL, "http.redirect")
    assert text in seen


def test_a_redirect_out_of_encryption_fails(certificates: Certificates) -> None:
    with Peer(encrypted(certificates.server, redirecting("http://www.example.com/"))) as peer:
        url = f"https://www.example.com:{peer.port}/old"
        seen = see("http", {"url": url, "ca_file": certificates.ca_file, "follow_redirects": 1})
    assert (seen.outcome, seen.reason) == (FAIL, "http.redirect")


def ask_encrypted(context: ssl.SSLContext, behaviour: Behaviour, **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(encrypted(context, behaviour)) as peer:
        seen = see("http", {"url": f"https://www.example.com:{peer.port}/", **settings})
    return seen.outcome, seen.reason, seen.text


def test_https_is_verified_against_the_urls_host(certificates: Certificates) -> None:
    response = answers(http_response())
    trusted = {"ca_file": certificates.ca_file}
    assert ask_encrypted(certificates.server, response, **trusted)[0] is PASS
    assert ask_encrypted(certificates.other_name, response, **trusted)[1] == "tls.certificate"
    assert ask_encrypted(certificates.server, response)[1] == "tls.certificate"
    assert ask_encrypted(certificates.other_name, response, verify=False)[0] is PASS


def test_the_host_of_the_url_is_sent_as_server_name(certificates: Certificates) -> None:
    names: list[str | None] = []
    certificates.server.sni_callback = lambda _, name, __: names.append(name)
    try:
        ask_encrypted(certificates.server, answers(http_response()), ca_file=certificates.ca_file)
    finally:
        certificates.server.sni_callback = None
    assert names == ["www.example.com"]


def test_a_certificate_that_ends_soon_fails_where_asked(certificates: Certificates) -> None:
    soon = datetime.now(UTC) + timedelta(days=10)
    trusted = {"ca_file": certificates.ca_file}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.authority.issue_cert("www.example.com", not_after=soon).configure_cert(context)
    assert ask_encrypted(context, answers(http_response()), days_left=9, **trusted)[0] is PASS
    seen = ask_encrypted(context, answers(http_response()), days_left=14, **trusted)
    assert seen == (FAIL, "tls.expires", "expected a certificate for 14 more days, seen 10.0")


def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    authority = trustme.CA()
    mine = authority.issue_cert("probe@example.com")
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert("www.example.com").configure_cert(context)
    trusted = {"ca_file": tmp_path / "ca.pem"}
    shown = {**trusted, "client_cert_file": tmp_path / "client.pem"}
    assert ask_encrypted(context, answers(http_response()), **shown)[0] is PASS
    assert ask_encrypted(context, answers(http_response()), **trusted)[0] is FAIL


def test_files_of_ours_that_cannot_be_used_blame_nobody(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for written in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        seen = ask_encrypted(certificates.server, answers(http_response()), ca_file=written)
        assert seen[:2] == (Outcome.INCONCLUSIVE, "local.tls-files")


def test_a_renewed_ca_file_is_read_again(certificates: Certificates, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    assert ask_encrypted(certificates.server, answers(http_response()), ca_file=file)[1] == "tls.certificate"
    file.write_bytes(certificates.ca_file.read_bytes())
    assert ask_encrypted(certificates.server, answers(http_response()), ca_file=file)[0] is PASS


def test_http2_is_spoken_where_asked(certificates: Certificates) -> None:
    body = b"x" * 40000 + b"ready"
    expect = {"body": "ready"}
    assert ask(speaks_http2(body[-16384:]), http2="always", expect=expect)[0] is PASS
    assert ask(speaks_http2(b""), http2="always", expect=expect)[1] == "http.body"
    assert ask(speaks_http2(b"hello"), http2="always", method="POST", body="question")[0] is PASS
    encrypted_seen = ask_encrypted(
        certificates.server, speaks_http2(b"ready"), http2="always", ca_file=certificates.ca_file, expect=expect
    )
    assert encrypted_seen[0] is PASS


def test_an_endpoint_without_http2_fails_where_it_is_asked_for(certificates: Certificates) -> None:
    """Its first octets are no SETTINGS frame (RFC 9113 3.4)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("www.example.com").configure_cert(context)
    assert ask_encrypted(context, answers(http_response()), http2="always", verify=False)[1] == "tls.alpn"
    assert ask(answers(http_response()), http2="always")[1] == "http.malformed"


def test_ipv6_endpoints_are_asked_by_their_address() -> None:
    with Peer(answers(http_response()), host="::1") as peer:
        assert see("http", {"url": f"http://www.example.com:{peer.port}/"}, host="::1").outcome is PASS


def test_the_phases_are_timed_one_by_one(certificates: Certificates) -> None:
    with Peer(encrypted(certificates.server, answers(http_response()))) as peer:
        url = f"https://www.example.com:{peer.port}/"
        seen = see("http", {"url": url, "ca_file": certificates.ca_file, "expect": {"body": "ready"}})
    assert [phase.name for phase in seen.phases] == ["connect", "tls", "send", "first_octet", "read"]
