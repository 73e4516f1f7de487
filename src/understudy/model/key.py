"""A key that two servers share to sign what they say to each other (RFC 8945), as the configuration names it."""

from __future__ import annotations

from pathlib import Path

from understudy.model.frozen import frozen
from understudy.model.name import Name


@frozen
class Key:
    """`algorithm` as operators write it: `hmac-sha256`. The secret stands in a file and is in no configuration."""

    name: Name
    algorithm: str
    secret_file: Path
