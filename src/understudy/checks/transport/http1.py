"""HTTP/1.1 (RFC 9112) over one connection that is closed afterwards."""

from __future__ import annotations

import h11

from understudy.checks.transport.exchange import Body, ChooseBody, Request, Response
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.stream import Stream


async def exchange(stream: Stream, request: Request, choose_body: ChooseBody) -> Response:
    """Send `request`, return the response as soon as its head and the chosen body have come."""
    connection = h11.Connection(h11.CLIENT)
    stream.attempt.enter("send")
    await stream.write(_written(connection, request))
    stream.attempt.enter("first_octet")
    response: Response | None = None
    body: Body | None = None
    while True:
        event = await _next_event(connection, stream)
        if isinstance(event, h11.Response):
            response = Response(event.status_code, event.headers)
            body = choose_body(response)
        if response is None:
            continue  # 1xx
        if body is None or isinstance(event, h11.EndOfMessage):
            return response
        if isinstance(event, h11.Data) and body.feed(bytes(event.data)):
            return response


def _written(connection: h11.Connection, request: Request) -> bytes:
    headers = [("Host", request.authority), ("Connection", "close"), *request.headers]
    if request.body:
        headers.append(("Content-Length", str(len(request.body))))
    octets = connection.send(h11.Request(method=request.method, target=request.target, headers=headers)) or b""
    if request.body:
        octets += connection.send(h11.Data(data=request.body)) or b""
    return octets + (connection.send(h11.EndOfMessage()) or b"")


async def _next_event(connection: h11.Connection, stream: Stream) -> object:
    """The next thing that the endpoint said."""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise EndpointError("http.malformed", f"expected an HTTP/1.1 response: {plain(str(error))}") from None
        if event is not h11.NEED_DATA:
            return event
        octets = await stream.read()
        stream.attempt.enter("read")
        if not octets and connection.their_state is h11.SEND_RESPONSE:
            seen = connection.trailing_data[0]
            if seen:
                raise EndpointError(
                    "http.malformed", f"expected an HTTP/1.1 response, seen '{plain(seen)}' and the end"
                )
            raise EndpointError("read.closed", "the endpoint closed the connection before its response")
        connection.receive_data(octets)
