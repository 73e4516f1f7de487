"""A datagram, and the answer to it if one is expected."""

from __future__ import annotations

import asyncio

from pydantic import Field

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, SourceAddress, port_shorthand
from understudy.checks.tcp import Words
from understudy.checks.transport.datagram import open_udp
from understudy.checks.transport.faults import EndpointError, plain

GRACE_S = (
    1.0  # chosen: a refusal comes within a round trip; Linux hosts send at most one a second to a peer (icmp_ratelimit)
)
GRACE_SHARE = 0.5  # chosen: the wait for a refusal must end before the deadline does


class UdpSettings(Words):
    """Send a datagram to `port`. Without `expect`, silence passes and only a refusal (port unreachable) fails."""

    expect: str = Field(
        "",
        max_length=4096,
        description="text that the answer must contain; without it silence passes, and only a refusal"
        " (port unreachable) fails",
    )
    port: Port
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `udp:514`."""
        return f"udp:{self.port}"


async def probe(settings: UdpSettings, attempt: Attempt) -> str:
    """Pass when the expected answer came, or, where none is expected, no refusal did."""
    with await open_udp(attempt, settings.port, settings.source) as datagrams:
        datagrams.send(settings.octets)
        attempt.enter("first_octet")
        if settings.expect:
            answer = await datagrams.receive()
            if settings.expect.encode() not in answer:
                text = f"expected '{plain(settings.expect)}', seen '{plain(answer)}'"
                raise EndpointError("udp.answer", text)
            return f"answered '{plain(settings.expect)}'"
        grace_s = min(GRACE_S, attempt.timeout_s * GRACE_SHARE)
        try:
            async with asyncio.timeout(grace_s):
                await datagrams.receive()
        except TimeoutError:
            return f"no refusal within {grace_s:g} s"
    return "answered"


KIND = Kind("udp", UdpSettings, port_shorthand, probe, example="udp:514")
