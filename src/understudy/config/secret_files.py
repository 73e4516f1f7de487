"""Files with secrets: read whole or not at all, and never shown in a message."""

from __future__ import annotations

import base64
import binascii
import stat
from pathlib import Path

from understudy.checks.files import find_absence
from understudy.config.findings import Findings
from understudy.config.source import KeyPath
from understudy.model.passing import is_passing

_FILE_OCTETS_MAX = 4096  # chosen: two lines and room for comments; a wrong file is not read whole
_KEY_OCTETS_MIN = 16  # chosen: 128 bits; a shorter secret is usually a password, or a file of another kind


class SecretFileError(ValueError):
    """A file without usable secrets; `is_passing`: as in a Problem."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


def read_lines(path: Path) -> list[tuple[int, str]]:
    """(number, text) of each line; empty ones and what follows a `#` mean nothing. Raises SecretFileError. Blocks."""
    absence = find_absence(path)
    if absence:
        raise SecretFileError(f"{path} {absence}")
    try:
        with path.open("rb") as file:
            octets = file.read(_FILE_OCTETS_MAX + 1)
    except OSError as error:
        raise SecretFileError(f"{path} cannot be read: {error.strerror}", is_passing=is_passing(error)) from None
    if len(octets) > _FILE_OCTETS_MAX:
        raise SecretFileError(f"{path} is too long for a file with secrets")
    lines = enumerate(octets.decode("utf-8", errors="replace").splitlines(), start=1)
    return [(number, text) for number, line in lines if (text := line.partition("#")[0].strip())]


def read_key_secret(path: Path) -> bytes:
    """The secret of a key: one line of base64, as every name server writes it. Raises SecretFileError. Blocks."""
    lines = read_lines(path)
    if len(lines) != 1:
        raise SecretFileError(f"{path} has {len(lines)} secrets, not one")
    number, text = lines[0]
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SecretFileError(f"line {number} of {path} is no base64") from None
    if len(secret) < _KEY_OCTETS_MIN:
        raise SecretFileError(f"the secret in {path} has {len(secret)} octets, at least {_KEY_OCTETS_MIN} are needed")
    return secret


def warn_of_exposure(path: KeyPath, file: Path, findings: Findings) -> None:
    """A warning for a file that everybody on this host may read or change. Blocks."""
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):
        return
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        verb = "change" if mode & stat.S_IWOTH else "read"
        hint = f"chmod o= {file}; then change the secret if others use this host"
        findings.warn(path, "secret.exposed", f"every user of this host may {verb} {file}", hint=hint)
