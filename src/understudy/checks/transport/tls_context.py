"""TLS as a client: what is verified, with which files."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from understudy.checks.files import NeededFile
from understudy.checks.settings import Settings
from understudy.checks.transport.faults import EndpointError, LocalError, plain
from understudy.checks.transport.stream import Stream
from understudy.model.name import Name

_DAY_S = 86400.0


class TlsOptions(Settings):
    """The part of the settings that every kind with TLS has."""

    verify: bool = Field(True, description="whether the certificate must be valid for the name")  # noqa: FBT003  # a default
    ca_file: Path | None = Field(None, description="certificates to trust instead of the system's, PEM")
    client_cert_file: Path | None = Field(None, description="our own certificate chain, PEM")
    client_key_file: Path | None = Field(None, description="its key, PEM, if it is not in the same file")
    days_left: int | None = Field(
        None, ge=0, le=3650, strict=True, description="fail when the certificate ends within so many days"
    )

    @model_validator(mode="after")
    def _tls_options_agree(self) -> Self:
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file needs client_cert_file")
        if self.days_left is not None and not self.verify:
            raise ValueError("days_left needs verify: a certificate that is not verified has no date to trust")
        return self

    def needed_files(self) -> Iterator[NeededFile]:
        """Certificates and keys."""
        for key in ("ca_file", "client_cert_file", "client_key_file"):
            file: Path | None = getattr(self, key)
            if file is not None:
                yield NeededFile(key, file)

    def context(self, *alpn: str) -> ssl.SSLContext:
        """The shared context for these options; made again when one of the files changes. Raises LocalError."""
        files = (self.ca_file, self.client_cert_file, self.client_key_file)
        try:
            versions = tuple(file.stat().st_mtime_ns if file else 0 for file in files)
            return _context(verify=self.verify, files=files, versions=versions, alpn=alpn)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            named = ", ".join(str(file) for file in files if file) or "the system's certificates"
            raise LocalError("local.tls-files", f"cannot use {named}: {plain(str(error))}") from None


async def secure(options: TlsOptions, stream: Stream, name: str, *, alpn: str = "") -> str:
    """Shake hands over `stream` and judge the certificate; returns what is to be said of them.

    `alpn`, if given, must be agreed on. Raises EndpointError, LocalError and, like every use of a stream, OSError.
    """
    connection = await stream.start_tls(options.context(*((alpn,) if alpn else ())), name)
    if alpn and connection.selected_alpn_protocol() != alpn:
        raise EndpointError("tls.alpn", f"expected the application protocol {alpn}, which the endpoint does not offer")
    version = connection.version() or "TLS"
    certificate = connection.getpeercert() or {}
    if "notAfter" not in certificate:
        return version
    left = (_end_of(str(certificate["notAfter"])) - stream.attempt.now()) / _DAY_S
    if options.days_left is not None and left < options.days_left:
        text = f"expected a certificate for {options.days_left} more days, seen {left:.1f}"
        raise EndpointError("tls.expires", text)
    return f"{version}, certificate for {left:.0f} more days"


@lru_cache(maxsize=4096)
def _end_of(not_after: str) -> int:
    """The same at every probe until the certificate is another one, and slow to read."""
    return ssl.cert_time_to_seconds(not_after)


def check_server_name(name: str) -> str:
    """The name itself, if a certificate can be for it: a host name or an address; raises ValueError."""
    try:
        ip_address(name)
    except ValueError:
        return str(Name.parse(name)) if name else ""
    return name


@lru_cache(maxsize=1024)
def _context(
    *,
    verify: bool,
    files: tuple[Path | None, ...],
    versions: tuple[int, ...],  # noqa: ARG001  # a key of the cache: a file that changed is read again
    alpn: tuple[str, ...],
) -> ssl.SSLContext:
    """A context costs milliseconds (the system's certificates are read), so it is made once per distinct options."""
    ca_file, cert_file, key_file = files
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _no_password() -> str:
    """Without this, an encrypted key would make OpenSSL ask on the terminal and stop the whole process."""
    raise ValueError("the key is encrypted; probes need one without a password")
