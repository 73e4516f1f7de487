"""What another server says of a key of ours, in words that tell where to look."""

from __future__ import annotations

_BADSIG, _BADKEY, _BADTIME, _BADTRUNC = 16, 17, 18, 22  # RFC 8945 3

_WORDS = {
    _BADSIG: "BADSIG, it has another secret",
    _BADKEY: "BADKEY, it knows no key of this name and algorithm",
    _BADTIME: "BADTIME, its clock and ours differ by more than it allows",
    _BADTRUNC: "BADTRUNC, it asks for a longer signature",
}
_NUMBERS = {
    "PeerBadSignature": _BADSIG,
    "PeerBadKey": _BADKEY,
    "PeerBadTime": _BADTIME,
    "PeerBadTruncation": _BADTRUNC,
}
"""The errors of dnspython, which have no numbers."""


def key_refusal(error: int | Exception) -> str:
    """By the number of the error in the answer's TSIG record, or by what dnspython made of that."""
    number = error if isinstance(error, int) else _NUMBERS.get(type(error).__name__)
    return str(error) if number is None else _WORDS.get(number, str(error))
