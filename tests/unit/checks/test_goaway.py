"""A server that drains its HTTP/2 connections is healthy."""

import asyncio
from ipaddress import IPv4Address

import h2.config
import h2.connection
import h2.events
import pytest

from understudy.checks.probe import probe
from understudy.checks.registry import parse
from understudy.checks.transport.frames import PatientFrames
from understudy.clock.clock import SystemClock
from understudy.model.check import Check
from understudy.model.endpoint import Endpoint
from understudy.model.observation import Observation, Outcome


def goaway(last_stream: int, error: int) -> bytes:
    return b"\0\0\x08\x07\0\0\0\0\0" + last_stream.to_bytes(4) + error.to_bytes(4)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: bytes) -> None:
    """Say `before`, then 200."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    try:
        while octets := await reader.read(65536):
            events = connection.receive_data(octets)
            if any(isinstance(event, h2.events.RequestReceived) for event in events):
                connection.send_headers(1, [(":status", "200")], end_stream=True)
                writer.write(before + connection.data_to_send())
    finally:
        writer.close()


async def probe_one_that_says(before: bytes) -> Observation:
    server = await asyncio.start_server(lambda reader, writer: answer(reader, writer, before), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        check = Check("web", "http", parse("http", f"http://www.example.com:{port}/", {"http2": "always"}))
        return await probe(check, Endpoint(IPv4Address("127.0.0.1")), SystemClock())


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (b"", Outcome.PASS),
        (goaway(1, 0), Outcome.PASS),
        (goaway(0x7FFFFFFF, 0) + goaway(1, 0), Outcome.PASS),
        (goaway(0, 0), Outcome.FAIL),
        (goaway(1, 2), Outcome.FAIL),
    ],
)
def test_a_farewell_that_lets_our_request_end_is_no_failure(before: bytes, expected: Outcome) -> None:
    """RFC 9113 6.8."""
    assert asyncio.run(probe_one_that_says(before)).outcome is expected


def test_frames_pass_whole_however_they_are_cut() -> None:
    """RFC 9113 4.1."""
    settings = b"\0\0\0\x04\0\0\0\0\0"
    octets = settings + goaway(1, 0) + settings + goaway(0, 0)
    for size in (1, 5, 9, 17, 100):
        frames = PatientFrames()
        pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
        assert b"".join(frames.take(piece) for piece in pieces) == settings + settings + goaway(0, 0)


def test_a_frame_that_is_too_large_is_not_held_back() -> None:
    """RFC 9113 6.5.2."""
    octets = b"\xff\xff\xff\x00\0\0\0\0\x01" + b"x" * 100
    assert PatientFrames().take(octets) == octets
