"""HTTP/2 (RFC 9113): one request on a connection of its own. Used by `http` where asked, and by `grpc`."""

from __future__ import annotations

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from understudy.checks.transport.exchange import Body, ChooseBody, Request, Response
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.frames import HEAD_OCTETS, PatientFrames
from understudy.checks.transport.stream import Stream

BODY_OCTETS_MAX = 16384  # RFC 9113 6.5.2: the largest frame that every peer takes, so a request is never split

_FRAME_TYPE = 3
_SETTINGS = 4


async def exchange(stream: Stream, request: Request, choose_body: ChooseBody) -> Response:
    """Send `request`, return the response as soon as its head and the chosen body have come."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
    stream.attempt.enter("send")
    connection.initiate_connection()
    connection.update_settings({h2.settings.SettingCodes.ENABLE_PUSH: 0})
    connection.send_headers(1, _head(request), end_stream=not request.body)
    if request.body:
        connection.send_data(1, request.body, end_stream=True)
    await stream.write(connection.data_to_send())
    stream.attempt.enter("first_octet")
    reading, frames = _Reading(choose_body), PatientFrames()
    octets = await _opening(stream)
    while True:
        try:
            for event in connection.receive_data(frames.take(octets)):
                reading.take(event, connection)
            answer = connection.data_to_send()
        except h2.exceptions.ProtocolError as error:
            raise EndpointError("http.malformed", f"expected an HTTP/2 response: {plain(str(error))}") from None
        if reading.is_done:
            return reading.response
        if answer:
            await stream.write(answer)
        octets = await _more(stream)


async def _opening(stream: Stream) -> bytes:
    """The first octets, which must begin a SETTINGS frame (RFC 9113 3.4).

    So a peer that speaks something else is told from its first words; h2 would wait for a frame as long as these say.
    """
    octets = b""
    while len(octets) < HEAD_OCTETS:
        octets += await _more(stream)
        stream.attempt.enter("read")
    if octets[_FRAME_TYPE] != _SETTINGS:
        raise EndpointError("http.malformed", f"expected an HTTP/2 response, seen '{plain(octets)}'")
    return octets


async def _more(stream: Stream) -> bytes:
    octets = await stream.read()
    if not octets:
        raise EndpointError("read.closed", "the endpoint closed the connection before its response ended")
    return octets


def _head(request: Request) -> list[tuple[str, str]]:
    head = [
        (":method", request.method),
        (":scheme", request.scheme),
        (":authority", request.authority),
        (":path", request.target),
    ]
    return head + [(name.lower(), value) for name, value in request.headers]


class _Reading:
    """The response as its frames come in."""

    def __init__(self, choose_body: ChooseBody) -> None:
        self.is_done = False
        self.response = Response(0, ())
        self._choose_body = choose_body
        self._body: Body | None = None

    def take(self, event: h2.events.Event, connection: h2.connection.H2Connection) -> None:
        """Note what one event says."""
        if self.is_done:
            return
        if isinstance(event, h2.events.ResponseReceived):
            self._take_head(event)
        elif isinstance(event, h2.events.TrailersReceived):
            self.response.trailers = _octets(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
            self.is_done = self._body is not None and self._body.feed(bytes(event.data or b""))
        elif isinstance(event, h2.events.StreamEnded):
            self.is_done = True
        elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
            raise EndpointError("http.reset", f"the endpoint ended the exchange: {_error_name(event.error_code)}")

    def _take_head(self, event: h2.events.ResponseReceived) -> None:
        headers = _octets(event.headers)
        status = next((value for name, value in headers if name == b":status"), b"")
        if not (status.isdigit() and len(status) == len("200")):
            raise EndpointError("http.malformed", f"expected a status, seen '{plain(status)}'")
        self.response = Response(int(status), headers)
        self._body = self._choose_body(self.response)
        self.is_done = self._body is None


def _octets(headers: object) -> list[tuple[bytes, bytes]]:
    """Plain pairs of h2's header tuples."""
    return [(bytes(name), bytes(value)) for name, value in headers or ()]  # type: ignore[attr-defined]  # h2 types them loosely


def _error_name(code: object) -> str:
    return code.name if isinstance(code, h2.errors.ErrorCodes) else f"error {code}"
