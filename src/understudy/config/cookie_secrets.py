"""The file with the secrets of DNS cookies, which all servers of one address share (RFC 9018 section 5)."""

from __future__ import annotations

from pathlib import Path

from understudy.checks.files import find_absence

SECRET_OCTETS = 16  # RFC 9018 4.4: the key of SipHash-2-4
_FILE_OCTETS_MAX = 4096  # chosen: two lines and room for comments; a wrong file is not read whole
_SECRETS_MAX = 2  # RFC 9018 5: the active one, and the one before or after it


class CookieSecretError(ValueError):
    """A file without usable secrets."""


def read_cookie_secrets(path: Path) -> tuple[bytes, ...]:
    """One secret or two, the first of which makes cookies. Raises CookieSecretError. Blocks on the disk.

    A line has 32 hexadecimal digits; empty ones and what follows a `#` mean nothing. Messages never show a secret.
    """
    absence = find_absence(path)
    if absence:
        raise CookieSecretError(f"{path} {absence}")
    try:
        with path.open("rb") as file:
            octets = file.read(_FILE_OCTETS_MAX + 1)
    except OSError as error:
        raise CookieSecretError(f"{path} cannot be read: {error.strerror}") from None
    if len(octets) > _FILE_OCTETS_MAX:
        raise CookieSecretError(f"{path} is too long for a file with secrets")
    return _parse(octets, path)


def _parse(octets: bytes, path: Path) -> tuple[bytes, ...]:
    secrets: list[bytes] = []
    for number, line in enumerate(octets.decode("utf-8", errors="replace").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            raise CookieSecretError(f"line {number} of {path} is no hexadecimal number") from None
        if len(secret) != SECRET_OCTETS:
            raise CookieSecretError(f"line {number} of {path} has {len(secret)} octets, a secret has {SECRET_OCTETS}")
        secrets.append(secret)
    if not 1 <= len(secrets) <= _SECRETS_MAX:
        raise CookieSecretError(f"{path} has {len(secrets)} secrets, not one or two")
    return tuple(secrets)
