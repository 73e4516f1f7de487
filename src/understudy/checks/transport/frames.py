"""HTTP/2 frames (RFC 9113 4.1) before the library sees them."""

from __future__ import annotations

from collections.abc import Iterator

HEAD_OCTETS = 9  # RFC 9113 4.1
FRAME_OCTETS_MAX = 16384  # RFC 9113 6.5.2: the most that we allow a peer

_TYPE = 3
_GOAWAY = 7
_STREAM_ID_MASK = 0x7FFFFFFF


class PatientFrames:
    """Lets everything through but a GOAWAY that allows our one stream to end (RFC 9113 6.8).

    A server that drains its connections says so before its response, and the library gives the connection up at once. A
    frame passes when it is whole; one that is larger than allowed passes as it comes, for the library to refuse.
    """

    def __init__(self) -> None:
        self._rest = b""

    def take(self, octets: bytes) -> bytes:
        """What may be read of `octets` and what was held back before."""
        return b"".join(self._whole(octets))

    def _whole(self, octets: bytes) -> Iterator[bytes]:
        rest = self._rest + octets
        while len(rest) >= HEAD_OCTETS:
            end = HEAD_OCTETS + int.from_bytes(rest[:3])
            if end > HEAD_OCTETS + FRAME_OCTETS_MAX:
                yield rest
                rest = b""
            elif len(rest) < end:
                break
            elif not _is_patient(rest[:end]):
                yield rest[:end]
            rest = rest[end:]
        self._rest = rest


def _is_patient(frame: bytes) -> bool:
    """A GOAWAY without an error whose last stream is ours or a later one."""
    if frame[_TYPE] != _GOAWAY or len(frame) < HEAD_OCTETS + 8:
        return False
    last_stream = int.from_bytes(frame[HEAD_OCTETS : HEAD_OCTETS + 4]) & _STREAM_ID_MASK
    return last_stream >= 1 and not any(frame[HEAD_OCTETS + 4 : HEAD_OCTETS + 8])
