"""A TCP connection, and optionally a few words over it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, Settings, SourceAddress, port_shorthand
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.stream import Stream, dial

ANSWER_OCTETS_MAX = 65536  # chosen: as for HTTP; an expected text stands at the beginning of what a service says


def _check_hex(text: str) -> str:
    """The text itself, if it is whole octets in hexadecimal; blanks between them do no harm."""
    try:
        bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"'{plain(text)}' is not hexadecimal: write two digits an octet, such as 0d0a") from None
    return text


class Words(Settings):
    """What is sent and what must come back; shared by `tcp` and `udp`."""

    send: str = Field("", max_length=4096, description="text to send, in UTF-8")
    send_hex: Annotated[str, AfterValidator(_check_hex)] = Field(
        "", max_length=8192, description="octets to send, in hexadecimal; instead of `send`"
    )
    expect: str = Field("", max_length=4096, description="text that the answer must contain")

    @model_validator(mode="after")
    def _words_agree(self) -> Self:
        if self.send and self.send_hex:
            raise ValueError("write either send or send_hex")
        return self

    @property
    def octets(self) -> bytes:
        """What goes out."""
        return bytes.fromhex(self.send_hex) if self.send_hex else self.send.encode()


class TcpSettings(Words):
    """Connect to `port`; with `send` and `expect`, talk."""

    port: Port
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `tcp:5432`."""
        return f"tcp:{self.port}"


async def probe(settings: TcpSettings, attempt: Attempt) -> str:
    """Pass when the connection stands and, where asked, the answer has the expected text."""
    with await dial(attempt, settings.port, settings.source) as stream:
        if settings.octets:
            attempt.enter("send")
            await stream.write(settings.octets)
        if settings.expect:
            await _listen(stream, settings.expect, attempt)
    return "connected" if not settings.expect else f"answered '{plain(settings.expect)}'"


async def _listen(stream: Stream, expect: str, attempt: Attempt) -> None:
    """Read until the expected text has come; nothing is read beyond it."""
    wanted = expect.encode()
    heard = b""
    attempt.enter("first_octet")
    while wanted not in heard:
        octets = await stream.read()
        attempt.enter("read")
        heard += octets
        attempt.missed = f"expected '{plain(expect)}', seen '{plain(heard)}' and no end"
        if not octets:
            raise EndpointError("tcp.closed", f"expected '{plain(expect)}', seen '{plain(heard)}' and the end")
        if len(heard) > ANSWER_OCTETS_MAX:
            raise EndpointError("tcp.answer", f"expected '{plain(expect)}', not in the first {len(heard)} octets")


KIND = Kind("tcp", TcpSettings, port_shorthand, probe, example="tcp:5432")
