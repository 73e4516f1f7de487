"""Servers that do what they should, small enough to read, for the checks to pass against."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import h2.config
import h2.connection
import h2.events
import h2.exceptions

from understudy.testing.peers import Behaviour, DatagramBehaviour


def answers(response: bytes, *, after: bytes = b"\r\n\r\n") -> Behaviour:
    """Send `response` once the request has come as far as `after`, then close."""
    return answers_each(lambda _: response, after=after)


def answers_each(respond: Callable[[bytes], bytes], *, after: bytes = b"\r\n\r\n") -> Behaviour:
    """The same with a response that depends on the request."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        request = b""
        while after not in request:
            octets = connection.recv(4096)
            if not octets:
                return
            request += octets
        connection.sendall(respond(request))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)  # the client closes first, so nothing unread makes this close a reset

    return answer


def http_response(body: bytes = b"ready\n", *, status: str = "200 OK", headers: Sequence[str] = ()) -> bytes:
    """One HTTP/1.1 response with its length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def speaks_http2(
    body: bytes, *, headers: Sequence[tuple[str, str]] = (), trailers: Sequence[tuple[str, str]] = ()
) -> Behaviour:
    """Answer every HTTP/2 request with status 200 and the same body, and with trailers if there are any."""

    def answer(connection: h2.connection.H2Connection, stream_id: int) -> None:
        connection.send_headers(stream_id, [(":status", "200"), *headers], end_stream=not (body or trailers))
        if body:
            connection.send_data(stream_id, body, end_stream=not trailers)
        if trailers:
            connection.send_headers(stream_id, trailers, end_stream=True)

    def speak(peer: socket.socket, _: threading.Event) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        while octets := peer.recv(4096):
            for stream_id in _asked(connection, octets):
                answer(connection, stream_id)
            peer.sendall(connection.data_to_send())

    return speak


def _asked(connection: h2.connection.H2Connection, octets: bytes) -> list[int]:
    """The streams whose request is complete."""
    try:
        events = connection.receive_data(octets)
    except h2.exceptions.ProtocolError:
        return []
    return [event.stream_id for event in events if isinstance(event, h2.events.StreamEnded)]


def is_serving(status: int = 1, *, grpc_status: str = "0") -> Behaviour:
    """The health service of gRPC."""
    message = bytes((0x08, status)) if status else b""
    body = b"\0" + len(message).to_bytes(4, "big") + message
    head = [("content-type", "application/grpc")]
    return speaks_http2(body if grpc_status == "0" else b"", headers=head, trailers=[("grpc-status", grpc_status)])


def takes_mail(context: ssl.SSLContext | None = None, *, greeting: bytes = b"220 mail.example ready\r\n") -> Behaviour:
    """A mail server that offers STARTTLS when it has a context for it."""

    def converse(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(greeting)
        while command := connection.recv(4096):
            word = command.strip().upper()
            if word == b"STARTTLS" and context is not None:
                connection.sendall(b"220 go ahead\r\n")
                with context.wrap_socket(connection, server_side=True) as inner:
                    takes_mail(greeting=b"")(inner, stop)
                return
            connection.sendall(_reply(word, offers_tls=context is not None))

    return converse


def _reply(word: bytes, *, offers_tls: bool) -> bytes:
    if word.startswith(b"EHLO"):
        return b"250-mail.example\r\n" + (b"250-STARTTLS\r\n" if offers_tls else b"") + b"250 SIZE 1000000\r\n"
    return b"221 bye\r\n" if word == b"QUIT" else b"500 what?\r\n"


def answers_dns(
    *rrsets: str, rcode: str = "NOERROR", flags: str = "AA", is_truncated: bool = False
) -> DatagramBehaviour:
    """Answer every query with the RRsets (`example.com. 60 IN A 192.0.2.1`) of its type."""

    def answer(octets: bytes) -> list[bytes]:
        query = dns.message.from_wire(octets)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.from_text(f"{flags} TC" if is_truncated else flags)
        response.set_rcode(dns.rcode.from_text(rcode))
        for text in () if is_truncated else rrsets:
            owner, ttl, rdclass, rtype, rdata = text.split(" ", 4)
            rrset = dns.rrset.from_text(owner, int(ttl), rdclass, rtype, rdata)
            if rrset.rdtype == query.question[0].rdtype:
                response.answer.append(rrset)
        return [response.to_wire()]

    return answer


def answers_dns_by_tcp(answer: DatagramBehaviour) -> Behaviour:
    """The same over TCP (RFC 7766 8: a length before each message)."""

    def converse(connection: socket.socket, _: threading.Event) -> None:
        with connection.makefile("rb") as incoming:
            while prefix := incoming.read(2):
                for response in answer(incoming.read(int.from_bytes(prefix, "big"))):
                    connection.sendall(len(response).to_bytes(2, "big") + response)

    return converse
