from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address
from typing import Any

import pytest

from understudy.checks.attempt import Attempt
from understudy.checks.transport.faults import EndpointError
from understudy.checks.transport.stream import OCTETS_MAX, TURNS_BEFORE_YIELD, Stream, dial
from understudy.clock.clock import SystemClock
from understudy.model.endpoint import Endpoint
from understudy.testing.check_contract import LOOPS, make_check, perform
from understudy.testing.honest_peers import answers
from understudy.testing.hostile_peers import floods
from understudy.testing.peers import Peer


async def connect(port: int) -> Stream:
    attempt = Attempt(make_check("tcp", port), Endpoint(IPv4Address("127.0.0.1")), SystemClock())
    return await dial(attempt, port)


class Neighbour:
    """Another task of the loop, and how often it had its turn."""

    def __init__(self) -> None:
        self.turns = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turns += 1


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_takes_only_so_much_and_lets_others_have_their_turn(loop: str) -> None:
    neighbour = Neighbour()
    streaks: list[int] = []

    async def scene() -> None:
        running = asyncio.create_task(neighbour.run())
        with Peer(floods(b"")) as peer, await connect(peer.port) as stream:
            streaks.append(await longest_streak(stream, neighbour))
        running.cancel()
        await asyncio.wait({running})

    perform(scene, loop)
    assert streaks[0] <= TURNS_BEFORE_YIELD + 1


async def longest_streak(stream: Stream, neighbour: Neighbour) -> int:
    """The most reads in a row without a turn for the neighbour, until no more is taken; small ones never wait."""
    received = longest = streak = 0
    while True:
        before = neighbour.turns
        try:
            received += len(await stream.read(64))
        except EndpointError as error:
            assert error.reason == "read.too-long"  # noqa: PT017  # its message is not the point, that it comes is
            return longest
        assert received <= OCTETS_MAX
        streak = streak + 1 if neighbour.turns == before else 0
        longest = max(longest, streak)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_long_request_is_sent_whole(loop: str) -> None:
    request = b"x" * 8_000_000 + b"end"
    heard: list[int] = []

    def read_to_the_end(connection: socket.socket, _: Any) -> None:
        count = 0
        while octets := connection.recv(65536):
            count += len(octets)
            if octets.endswith(b"end"):
                break
        heard.append(count)

    async def scene() -> None:
        with Peer(read_to_the_end) as peer, await connect(peer.port) as stream:
            await stream.write(request)
            assert await stream.read() == b""

    perform(scene, loop)
    assert heard == [len(request)]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_closed_side_reads_as_empty(loop: str) -> None:
    async def scene() -> None:
        with Peer(answers(b"bye", after=b"hello")) as peer, await connect(peer.port) as stream:
            await stream.write(b"hello")
            assert await stream.read() == b"bye"
            assert await stream.read() == b""

    perform(scene, loop)
