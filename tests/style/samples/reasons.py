"""Silenced rules with and without a reason; this noqa is text: # noqa: X100."""

import socket  # noqa: F401  # <- rejected
import ssl  # noqa: F401  # kept so that the fake has the module's shape
import zlib  # noqa  # <- rejected

value: int = "text"  # type: ignore[assignment]  # <- rejected
other: int = "text"  # type: ignore[assignment]  # the checker's plugin reads it as a number
TEXT = "# noqa: E501"


def never() -> None:  # pragma: no cover  # <- rejected
    pass


def rarely() -> None:  # pragma: no cover - reached only where the kernel lacks ping sockets
    pass
