"""A TLS handshake: the certificate, the name in it, and the days that it has left."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from understudy.checks.attempt import Attempt
from understudy.checks.settings import Kind, Port, SourceAddress, read_port
from understudy.checks.transport.stream import dial
from understudy.checks.transport.tls_context import TlsOptions, check_server_name, secure


class TlsSettings(TlsOptions):
    """Shake hands on `port`. The certificate must be for `name`, or else for the endpoint itself."""

    port: Port = 443
    name: Annotated[str, AfterValidator(check_server_name)] = Field("", description="name in the certificate, and SNI")
    alpn: str = Field("", max_length=255, description="application protocol that must be agreed on, such as h2 or dot")
    source: SourceAddress = Field(None, description="address to probe from")

    def summary(self) -> str:
        """Such as `tls:dns.example.com:853`."""
        return f"tls:{self.name}:{self.port}" if self.name else f"tls:{self.port}"


async def probe(settings: TlsSettings, attempt: Attempt) -> str:
    """Pass when the handshake succeeds and the certificate is as expected."""
    with await dial(attempt, settings.port, settings.source) as stream:
        return await secure(settings, stream, settings.name or str(attempt.endpoint), alpn=settings.alpn)


def _shorthand(text: str) -> dict[str, object]:
    """`853`, `dns.example.com:853` or `dns.example.com`."""
    name, colon, port = text.rpartition(":")
    if not colon and not text.isdigit():
        return {"name": text}
    written: dict[str, object] = {"port": read_port(port)}
    return {**written, "name": name} if name else written


KIND = Kind("tls", TlsSettings, _shorthand, probe, example="tls:dns.example.com:853")
