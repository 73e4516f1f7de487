"""One HTTP request and its response, whichever version carries them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from understudy.checks.transport.faults import EndpointError, plain
from understudy.model.frozen import frozen

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Names in lower case, in the order received."""


@frozen
class Request:
    """`headers` come without Host and Content-Length; `target` is path and query."""

    method: str
    scheme: str
    authority: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Response:
    """What came back, as far as it was wanted."""

    status: int
    headers: Headers
    trailers: Headers = field(default_factory=tuple)

    def header(self, name: str) -> str:
        """All values of a header, joined by commas (RFC 9110 5.3); empty without one."""
        return _joined(self.headers, name)

    def trailer(self, name: str) -> str:
        """The same of the fields after the body."""
        return _joined(self.trailers, name)


def _joined(headers: Headers, name: str) -> str:
    wanted = name.lower().encode("latin-1")
    return ", ".join(value.decode("latin-1") for key, value in headers if key == wanted)


class Body:
    """The octets of a response's body, decoded, at most `limit`; what lies beyond is neither kept nor unpacked.

    `is_enough` looks at what came so far and may end the reading early.
    """

    __slots__ = ("_inflate", "_is_enough", "_limit", "octets")

    def __init__(self, encoding: str, limit: int, is_enough: Callable[[bytes], bool]) -> None:
        self.octets = b""
        self._limit = limit
        self._is_enough = is_enough
        self._inflate = _inflater(encoding)

    def feed(self, octets: bytes) -> bool:
        """Take the next octets; whether enough has been seen."""
        room = self._limit - len(self.octets)
        if self._inflate is None:
            self.octets += octets[:room]
        elif room > 0:
            self.octets += self._unpack(self._inflate, octets, room)
        return len(self.octets) >= self._limit or self._is_enough(self.octets)

    @staticmethod
    def _unpack(inflate: zlib._Decompress, octets: bytes, room: int) -> bytes:
        try:
            return inflate.decompress(octets, room)  # never more than `room`, whatever a bomb would unfold to
        except zlib.error as error:
            raise EndpointError("http.encoding", f"the compressed body is damaged: {plain(str(error))}") from None


def _inflater(encoding: str) -> zlib._Decompress | None:
    """RFC 9110 8.4.1: gzip, x-gzip and deflate (which is zlib's format there)."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: either header
    raise EndpointError("http.encoding", f"expected no encoding, gzip or deflate, seen '{plain(encoding)}'")


ChooseBody: TypeAlias = Callable[[Response], Body | None]
"""Called when the head has come: where the body goes, or None when nothing of it is needed."""
