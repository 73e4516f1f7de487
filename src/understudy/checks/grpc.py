"""The health service of gRPC (grpc.health.v1.Health/Check), over HTTP/2 with or without TLS."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field

from understudy import __version__
from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, SourceAddress, read_port
from understudy.checks.transport import http2
from understudy.checks.transport.exchange import Body, Request, Response
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.stream import dial
from understudy.checks.transport.tls_context import TlsOptions, check_server_name, secure

REPLY_OCTETS_MAX = 1024  # chosen: the reply that counts is 7 octets
_PREFIX_OCTETS = 5  # gRPC over HTTP/2: a compressed flag and the length of the message
_HTTP_OK = 200
_VARINT = 0
_LENGTH_DELIMITED = 2
_FIXED_OCTETS = {1: 8, 5: 4}  # wire types I64 and I32

_SERVING = 1
_STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_CODES = {"1": "CANCELLED", "5": "NOT_FOUND", "12": "UNIMPLEMENTED", "14": "UNAVAILABLE", "16": "UNAUTHENTICATED"}


class GrpcSettings(TlsOptions):
    """Ask the health service on `port` for `service`; the empty one is the whole server."""

    port: Port
    service: str = Field("", max_length=1024, description="service to ask for; empty: the whole server")
    tls: bool = Field(default=False, description="whether the connection is encrypted")
    name: Annotated[str, AfterValidator(check_server_name)] = Field("", description="name in the certificate, and SNI")
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `grpc:50051/shop.Cart`."""
        return f"grpc:{self.port}" + (f"/{self.service}" if self.service else "")


async def probe(settings: GrpcSettings, attempt: Attempt) -> str:
    """Pass when the service says SERVING."""
    name = settings.name or str(attempt.endpoint)
    bodies: list[Body] = []

    def choose_body(response: Response) -> Body | None:
        """The message, of which so little is expected that its end is always waited for."""
        if response.status != _HTTP_OK or response.header("grpc-status"):
            return None
        bodies.append(Body("", REPLY_OCTETS_MAX, lambda _: False))
        return bodies[0]

    with await dial(attempt, settings.port, settings.source) as stream:
        if settings.tls:
            await secure(settings, stream, name, alpn="h2")
        response = await http2.exchange(stream, _request(settings, name), choose_body)
    return _judge(response, bodies[0].octets if bodies else b"")


def _request(settings: GrpcSettings, name: str) -> Request:
    service = settings.service.encode()
    message = b"\x0a" + _varint(len(service)) + service if service else b""  # field 1, a string
    host = f"[{name}]" if ":" in name else name
    return Request(
        method="POST",
        scheme="https" if settings.tls else "http",
        authority=f"{host}:{settings.port}",
        target="/grpc.health.v1.Health/Check",
        headers=(("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", f"understudy/{__version__}")),
        body=b"\0" + len(message).to_bytes(4, "big") + message,
    )


def _judge(response: Response, body: bytes) -> str:
    """The text of a pass; raises EndpointError."""
    if response.status != _HTTP_OK:
        raise EndpointError("http.status", f"expected status 200, seen {response.status}")
    if len(body) >= REPLY_OCTETS_MAX:
        raise EndpointError("grpc.malformed", f"expected a short message, seen {len(body)} octets and more")
    code = response.trailer("grpc-status") or response.header("grpc-status")
    if code != "0":
        said = unquote(response.trailer("grpc-message") or response.header("grpc-message"))
        seen = _CODES.get(code, f"code {plain(code)}") if code else "none"
        raise EndpointError("grpc.status", f"expected gRPC status OK, seen {seen} {plain(said)}".rstrip())
    state = _state(body)
    if state != _SERVING:
        raise EndpointError("grpc.not-serving", f"expected SERVING, seen {_STATES.get(state, state)}")
    return "SERVING"


def _state(body: bytes) -> int:
    """The `status` of a HealthCheckResponse: field 1, an enumeration; left out means 0."""
    length = int.from_bytes(body[1:_PREFIX_OCTETS], "big")
    message = body[_PREFIX_OCTETS:]
    if len(body) < _PREFIX_OCTETS or body[0] != 0 or length != len(message):
        raise EndpointError("grpc.malformed", f"expected one uncompressed message, seen {len(body)} octets")
    state = 0
    while message:
        tag, message = _read_varint(message)
        if tag == 1 << 3 | _VARINT:
            state, message = _read_varint(message)
        else:
            message = _skip(message, tag & 7)
    return state


def _skip(message: bytes, wire_type: int) -> bytes:
    """What follows a field that we do not know."""
    if wire_type == _VARINT:
        return _read_varint(message)[1]
    if wire_type == _LENGTH_DELIMITED:
        length, message = _read_varint(message)
        return message[length:]
    if wire_type not in _FIXED_OCTETS:
        raise EndpointError("grpc.malformed", f"expected a protobuf message, seen wire type {wire_type}")
    return message[_FIXED_OCTETS[wire_type] :]


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # seven bits an octet
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*octets, number))


def _read_varint(message: bytes) -> tuple[int, bytes]:
    number = 0
    for index, octet in enumerate(message[:10]):  # a varint has at most 10 octets
        number |= (octet & 0x7F) << 7 * index
        if octet < 0x80:  # noqa: PLR2004  # the last one
            return number, message[index + 1 :]
    raise EndpointError("grpc.malformed", "expected a protobuf message, seen a number without an end")


def _shorthand(text: str) -> dict[str, object]:
    """`50051` or `50051/service`."""
    port, _, service = text.partition("/")
    written: dict[str, object] = {"port": read_port(port)}
    return {**written, "service": service} if service else written


KIND = Kind("grpc", GrpcSettings, _shorthand, probe, example="grpc:50051")
