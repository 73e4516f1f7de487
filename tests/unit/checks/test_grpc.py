from __future__ import annotations

from typing import Any

import pytest

from understudy.model.observation import Outcome
from understudy.testing.check_contract import Certificates, see
from understudy.testing.honest_peers import answers, http_response, is_serving, speaks_http2
from understudy.testing.peers import Behaviour, Peer, encrypted

PASS, FAIL = Outcome.PASS, Outcome.FAIL
OK = [("grpc-status", "0")]


def ask(behaviour: Behaviour, **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(behaviour) as peer:
        seen = see("grpc", {"port": peer.port, **settings})
    return seen.outcome, seen.reason, seen.text


@pytest.mark.parametrize(
    ("status", "outcome", "reason", "text"),
    [
        (1, PASS, "", "SERVING"),
        (0, FAIL, "grpc.not-serving", "expected SERVING, seen UNKNOWN"),
        (2, FAIL, "grpc.not-serving", "expected SERVING, seen NOT_SERVING"),
        (3, FAIL, "grpc.not-serving", "expected SERVING, seen SERVICE_UNKNOWN"),
        (9, FAIL, "grpc.not-serving", "expected SERVING, seen 9"),
    ],
)
def test_only_serving_passes(status: int, outcome: Outcome, reason: str, text: str) -> None:
    assert ask(is_serving(status)) == (outcome, reason, text)


def test_an_unknown_service_fails() -> None:
    assert ask(is_serving(grpc_status="5"), service="x") == (
        FAIL,
        "grpc.status",
        "expected gRPC status OK, seen NOT_FOUND",
    )


def test_a_refusal_without_a_body_fails_with_its_message() -> None:
    head = [("content-type", "application/grpc"), ("grpc-status", "12"), ("grpc-message", "no%20health%1B%20here")]
    seen = ask(speaks_http2(b"", headers=head))
    assert seen == (FAIL, "grpc.status", "expected gRPC status OK, seen UNIMPLEMENTED no health here")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\0\0\0\0\x02\x08\x01", ""),
        (b"\0\0\0\0\x06\x12\x02hi\x08\x01", ""),
        (b"\0\0\0\0\x07\x1d\x00\x00\x00\x00\x08\x01", ""),
        (b"\0\0\0\0\x05\x10\xac\x02\x08\x01", ""),
        (b"\x01\0\0\0\x02\x08\x01", "grpc.malformed"),
        (b"\0\0\0\0\x09\x08\x01", "grpc.malformed"),
        (b"\0\0", "grpc.malformed"),
        (b"\0\0\0\0\x02\x08\x80", "grpc.malformed"),
        (b"\0\0\0\0\x02\x0b\x01", "grpc.malformed"),
        (b"\0" * 2000, "grpc.malformed"),
    ],
)
def test_the_message_is_read_as_protobuf_has_it(body: bytes, reason: str) -> None:
    assert ask(speaks_http2(body, trailers=OK))[1] == reason


def test_the_service_is_named_in_the_request() -> None:
    heard: list[bytes] = []

    def hear(connection: Any, stop: Any) -> None:
        heard.append(connection.recv(4096))
        is_serving()(connection, stop)

    with Peer(hear) as peer:
        see("grpc", {"port": peer.port, "service": "shop.Cart"}, timeout_s=0.3)
    assert heard[0].endswith(b"\0\0\0\0\x0b\x0a\x09shop.Cart")


def test_health_is_asked_over_tls_where_asked(certificates: Certificates) -> None:
    settings = {"tls": True, "ca_file": certificates.ca_file, "name": "www.example.com"}
    assert ask(encrypted(certificates.server, is_serving()), **settings)[0] is PASS
    assert ask(encrypted(certificates.other_name, is_serving()), **settings)[1] == "tls.certificate"


def test_a_web_server_is_no_health_service() -> None:
    assert ask(answers(http_response()))[:2] == (FAIL, "http.malformed")
