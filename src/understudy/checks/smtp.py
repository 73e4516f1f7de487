"""A mail server's greeting (RFC 5321), optionally with TLS."""

from __future__ import annotations

import os
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, SourceAddress, port_shorthand
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.stream import Stream, dial
from understudy.checks.transport.tls_context import TlsOptions, check_server_name, secure

REPLY_OCTETS_MAX = 16384  # chosen: RFC 5321 4.5.3.1.5 allows 512 octets a line; thirty lines are a talkative server


class SmtpTls(StrEnum):
    """When TLS begins."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class SmtpSettings(TlsOptions):
    """Greet the mail server on `port`."""

    port: Port = 25
    tls: SmtpTls = SmtpTls.NONE
    name: Annotated[str, AfterValidator(check_server_name)] = Field("", description="name in the certificate, and SNI")
    hello: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.:\[\]-]{0,255}$",
        examples=["monitor.example.com"],
        description="our name in EHLO; this host's if empty",
    )
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `smtp:25`."""
        return f"smtp:{self.port}" + ("" if self.tls is SmtpTls.NONE else f" {self.tls}")


async def probe(settings: SmtpSettings, attempt: Attempt) -> str:
    """Pass when the server greets, answers EHLO and, where asked, TLS succeeds."""
    name = settings.name or str(attempt.endpoint)
    with await dial(attempt, settings.port, settings.source) as stream:
        tls_text = ""
        if settings.tls is SmtpTls.IMPLICIT:
            tls_text = ", " + await secure(settings, stream, name)
        dialogue = _Dialogue(stream)
        attempt.enter("first_octet")
        banner = await dialogue.reply("220", "greeting")
        attempt.enter("read")
        hello = f"EHLO {settings.hello or os.uname().nodename}"
        offers = await dialogue.ask(hello, "250")
        if settings.tls is SmtpTls.STARTTLS:
            if "STARTTLS" not in {line[4:].strip().upper() for line in offers}:
                raise EndpointError("smtp.starttls", "expected STARTTLS among the extensions, not offered")
            await dialogue.ask("STARTTLS", "220")
            dialogue.forget()
            tls_text = ", " + await secure(settings, stream, name)
            attempt.enter("read")
            await dialogue.ask(hello, "250")
        with suppress(OSError):  # it answered all that was asked; how it takes the farewell is no matter
            await stream.write(b"QUIT\r\n")
    return plain(banner[0]) + tls_text


class _Dialogue:
    """Commands and replies (RFC 5321 4.2)."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._heard = b""

    def forget(self) -> None:
        """Drop what came before TLS, so that nobody in between can slip replies in (RFC 3207 5)."""
        self._heard = b""

    async def ask(self, command: str, expected: str) -> list[str]:
        """Send one command, return the lines of its reply."""
        await self._stream.write(command.encode("ascii", "replace") + b"\r\n")
        return await self.reply(expected, command.partition(" ")[0])

    async def reply(self, expected: str, to: str) -> list[str]:
        """The lines of one reply with the code `expected`; raises EndpointError for another."""
        lines: list[str] = []
        room = REPLY_OCTETS_MAX
        while not lines or lines[-1][3:4] == "-":
            line = await self._line(expected, to)
            room -= len(line)
            if not line.startswith(expected) or room < 0:
                raise EndpointError("smtp.reply", f"expected {expected} to {to}, seen '{plain(line)}'")
            lines.append(line)
        return lines

    async def _line(self, expected: str, to: str) -> str:
        while b"\n" not in self._heard:
            octets = await self._stream.read()
            self._heard += octets
            if not octets or len(self._heard) > REPLY_OCTETS_MAX:
                seen = plain(self._heard)
                end = "more than any server says" if octets else "the end"
                raise EndpointError("smtp.reply", f"expected {expected} to {to}, seen '{seen}' and {end}")
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def _shorthand(text: str) -> dict[str, object]:
    return port_shorthand(text) if text else {}


KIND = Kind("smtp", SmtpSettings, _shorthand, probe, example="smtp:25")
