"""What an unquoted word of YAML 1.2 means (core schema, YAML 1.2.2 section 10.3.2)."""

from __future__ import annotations

import re

_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL")) | {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT = re.compile(r"[-+]?[0-9]{1,30}")  # chosen: longer than any number that a key takes, too short to cost time
_INT_BASE = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolve(word: str) -> bool | int | float | str | None:
    """The value of a plain scalar: `NO` stays Norway, `12:30` and `192.0.2.1` stay text."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "-+.0123456789":
        return word
    return _number(word)


def _number(word: str) -> int | float | str:
    if _INT.fullmatch(word):
        return int(word)
    if _INT_BASE.fullmatch(word):
        return int(word, 0)
    if _FLOAT.fullmatch(word):
        return float(word)
    return float(word.replace(".", "", 1)) if _SPECIAL.fullmatch(word) else word
