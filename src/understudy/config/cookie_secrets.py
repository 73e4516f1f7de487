"""The file with the secrets of DNS cookies, which all servers of one address share (RFC 9018 section 5)."""

from __future__ import annotations

from pathlib import Path

from understudy.config.secret_files import SecretFileError, read_lines

SECRET_OCTETS = 16  # RFC 9018 4.4: the key of SipHash-2-4
_SECRETS_MAX = 2  # RFC 9018 5: the active one, and the one before or after it


class CookieSecretError(SecretFileError):
    """A file without usable secrets of cookies."""


def read_cookie_secrets(path: Path) -> tuple[bytes, ...]:
    """One secret or two, the first of which makes cookies. Raises CookieSecretError. Blocks on the disk.

    A line has 32 hexadecimal digits; empty ones and what follows a `#` mean nothing. Messages never show a secret.
    """
    try:
        lines = read_lines(path)
    except SecretFileError as error:
        raise CookieSecretError(str(error), is_passing=error.is_passing) from None
    secrets = tuple(_secret(number, text, path) for number, text in lines)
    if not 1 <= len(secrets) <= _SECRETS_MAX:
        raise CookieSecretError(f"{path} has {len(secrets)} secrets, not one or two")
    return secrets


def _secret(number: int, text: str, path: Path) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        raise CookieSecretError(f"line {number} of {path} is no hexadecimal number") from None
    if len(secret) != SECRET_OCTETS:
        raise CookieSecretError(f"line {number} of {path} has {len(secret)} octets, a secret has {SECRET_OCTETS}")
    return secret
