"""TLS as a client: what is verified, with which files."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from understudy.checks.settings import Settings
from understudy.checks.transport.faults import EndpointError, LocalError, plain

_DAY_S = 86400.0


class TlsOptions(Settings):
    """The part of the settings that every kind with TLS has."""

    verify: bool = Field(True, description="whether the certificate must be valid for the name")  # noqa: FBT003  # a default
    ca_file: Path | None = Field(None, description="certificates to trust instead of the system's, PEM")
    client_cert_file: Path | None = Field(None, description="our own certificate chain, PEM")
    client_key_file: Path | None = Field(None, description="its key, PEM, if it is not in the same file")
    days_left: int | None = Field(None, ge=0, le=3650, description="fail when the certificate ends within so many days")

    @model_validator(mode="after")
    def _tls_options_agree(self) -> Self:
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file needs client_cert_file")
        if self.days_left is not None and not self.verify:
            raise ValueError("days_left needs verify: a certificate that is not verified has no date to trust")
        return self

    def context(self, *alpn: str) -> ssl.SSLContext:
        """The shared context for these options; made again when one of the files changes. Raises LocalError."""
        files = (self.ca_file, self.client_cert_file, self.client_key_file)
        try:
            versions = tuple(file.stat().st_mtime_ns if file else 0 for file in files)
            return _context(self.verify, files, versions, alpn)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            named = ", ".join(str(file) for file in files if file) or "the system's certificates"
            raise LocalError("local.tls-files", f"cannot use {named}: {plain(str(error))}") from None

    def judge_dates(self, certificate: dict[str, Any], now: float) -> str:
        """How long the certificate still lasts, for people; raises EndpointError when that is too short."""
        if "notAfter" not in certificate:
            return ""
        left = (ssl.cert_time_to_seconds(certificate["notAfter"]) - now) / _DAY_S
        if self.days_left is not None and left < self.days_left:
            text = f"expected a certificate for {self.days_left} more days, seen {left:.1f}"
            raise EndpointError("tls.expires", text)
        return f"certificate for {left:.0f} more days"


@lru_cache(maxsize=1024)
def _context(
    verify: bool,  # noqa: FBT001  # a key of the cache, passed on as it was configured
    files: tuple[Path | None, ...],
    _versions: tuple[int, ...],
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
