"""A DNS name, normalised when it enters the program."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Self

from understudy.model.frozen import frozen

MAX_LABEL_OCTETS = 63  # RFC 1035 2.3.4
MAX_NAME_OCTETS = 255  # RFC 1035 2.3.4, length octets and the root's included

_PLAIN = frozenset((string.ascii_lowercase + string.digits + "-_*/").encode())
_PLAIN_OCTETS = bytes(_PLAIN)
_PLAIN_TEXT = bytes(_PLAIN) + b"."
_PLAIN_NAME = re.compile(r"[a-zA-Z0-9_*/-]{1,63}(?:\.[a-zA-Z0-9_*/-]{1,63})*\.?")
_SPACE, _TILDE = 0x20, 0x7E
_OCTET_MAX = 255
_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())


class NameSyntaxError(ValueError):
    """Text that is no DNS name; the message says what is wrong with it."""


@frozen
class Name:
    """An absolute DNS name in lower case (RFC 4343); `labels` from the leftmost to the one below the root."""

    labels: tuple[bytes, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        r"""Read presentation format (RFC 1035 5.1: `\.` and `\DDD`); a final dot makes no difference.

        Non-ASCII labels become A-labels. Raises NameSyntaxError.
        """
        if len(text) < MAX_NAME_OCTETS - 1 and _PLAIN_NAME.fullmatch(text):  # nearly all are plain
            return cls(tuple(text.lower().rstrip(".").encode().split(b".")))
        if text in {".", ""}:
            if not text:
                raise NameSyntaxError("an empty string is no name (the root is '.')")
            return cls(())
        labels = [_finish_label(label, text) for label in _split(text)]
        name = cls(tuple(labels))
        if sum(len(label) + 1 for label in labels) + 1 > MAX_NAME_OCTETS:
            raise NameSyntaxError(f"'{text[:40]}...' is longer than {MAX_NAME_OCTETS} octets")
        return name

    @classmethod
    def from_wire(cls, octets: bytes) -> Self:
        """Read uncompressed octets, as `to_wire` gives them. Raises NameSyntaxError, also for what has no text."""
        labels: list[bytes] = []
        rest = octets
        while rest and rest[0]:
            labels.append(rest[1 : rest[0] + 1].translate(_LOWER))
            rest = rest[rest[0] + 1 :]
        if rest != b"\0":
            raise NameSyntaxError(f"the octets {octets[:40].hex()} are no name")
        if any(not label.isascii() or b" " in label or b"\x7f" in label for label in labels):
            text = ".".join(map(_label_text, labels))
            raise NameSyntaxError(f"'{text}' has an octet that no name has here: a space, or what is not ASCII")
        return cls(tuple(labels))

    def __str__(self) -> str:
        """Presentation format without the final dot, as configuration files have it; the root is '.'."""
        octets = b".".join(self.labels)
        if octets and not octets.translate(None, _PLAIN_TEXT) and octets.count(b".") == len(self.labels) - 1:
            return octets.decode("ascii")  # nearly all are plain, and no label has a dot in it
        return ".".join(_label_text(label) for label in self.labels) or "."

    @property
    def absolute(self) -> str:
        """Presentation format with the final dot."""
        return str(self) + "." if self.labels else "."

    @property
    def parent(self) -> Name:
        """The name without its leftmost label; the root is its own parent."""
        return Name(self.labels[1:])

    @property
    def is_wildcard(self) -> bool:
        """Whether the leftmost label is `*` (RFC 4592)."""
        return self.labels[:1] == (b"*",)

    def is_below(self, other: Name) -> bool:
        """Whether this is `other` or a name below it."""
        count = len(other.labels)
        return count == 0 or self.labels[-count:] == other.labels

    def to_wire(self) -> bytes:
        """Uncompressed octets (RFC 1035 3.1), as rdata of CNAME has them."""
        return b"".join(bytes((len(label),)) + label for label in self.labels) + b"\0"


def _split(text: str) -> list[bytearray]:
    """Cut at unescaped dots and resolve the escapes."""
    labels: list[bytearray] = [bytearray()]
    rest = iter(text)
    for char in rest:
        if char == ".":
            labels.append(bytearray())
        elif char == "\\":
            labels[-1].append(_escaped(rest, text))
        else:
            labels[-1].extend(char.encode())
    if not labels[-1]:  # the final dot
        labels.pop()
    return labels


def _escaped(rest: Iterator[str], text: str) -> int:
    """The octet that follows a backslash: one character, or three digits."""
    first = next(rest, "")
    if not first:
        raise NameSyntaxError(f"'{text}' ends in a lone backslash")
    if not first.isascii():
        raise NameSyntaxError(f"'\\{first}' in '{text}' escapes what is no ASCII character")
    if not first.isdigit():
        return ord(first)
    digits = first + next(rest, "") + next(rest, "")
    if len(digits) != len("DDD") or not (digits.isascii() and digits.isdigit()) or int(digits) > _OCTET_MAX:
        raise NameSyntaxError(f"'\\{digits}' in '{text}' is not an octet of three digits")
    return int(digits)


def _finish_label(label: bytearray, text: str) -> bytes:
    """Lower the case, turn Unicode into an A-label, and hold the limits."""
    octets = bytes(label)
    if not octets:
        raise NameSyntaxError(f"'{text}' has an empty label (two dots in a row, or a leading dot)")
    if any(octet > _TILDE for octet in octets):
        try:
            octets = octets.decode().encode("idna")
        except UnicodeError:
            raise NameSyntaxError(f"'{text}' has a label that IDNA does not allow") from None
    if len(octets) > MAX_LABEL_OCTETS:
        raise NameSyntaxError(f"'{text[:40]}' has a label of {len(octets)} octets; {MAX_LABEL_OCTETS} is the most")
    if b" " in octets:
        raise NameSyntaxError(f"'{text}' has a space in it")
    return octets.translate(_LOWER)


def _label_text(label: bytes) -> str:
    if not label.translate(None, _PLAIN_OCTETS):
        return label.decode("ascii")
    return "".join(_octet_text(octet) for octet in label)


def _octet_text(octet: int) -> str:
    if octet in _PLAIN:
        return chr(octet)
    if _SPACE < octet <= _TILDE:
        return f"\\{chr(octet)}"
    return f"\\{octet:03d}"
