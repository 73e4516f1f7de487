"""What is wrong with a written setting, in plain words: pydantic finds it, people read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from understudy.checks.transport.faults import plain

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MESSAGE_MAX = 200  # chosen: a message quotes what was written, which may be anything

Words: TypeAlias = tuple[str, str]
"""A message, and a hint or nothing."""

_ADVICE = re.compile(r"[:;] (?=write )")


def advised(message: str) -> Words:
    """A message of ours, whose advice at its end, if there is one, is the hint."""
    said, *advice = _ADVICE.split(message, maxsplit=1)
    return plain(said, MESSAGE_MAX), plain("".join(advice), MESSAGE_MAX)


def complaint(detail: ErrorDetails, *, examples: Sequence[object] = (), keys: Sequence[str] = ()) -> Words:
    """One complaint of pydantic's; `examples` are the setting's, `keys` those of a mapping that it must be."""
    if detail["type"] == "value_error":
        return advised(str(detail["ctx"]["error"]))
    what, hint = _SENTENCES.get(detail["type"], _UNFORESEEN)
    if detail["type"] in _MAPPINGS and keys:
        hint = f"a mapping of {', '.join(keys)}"
    elif examples:
        hint = f"such as {', '.join(map(str, examples))}"
    key = next((f"{step}: " for step in reversed(detail["loc"]) if isinstance(step, str)), "")
    return f"{plain(key)}{' ' if key else ''}{seen(detail['input'])} {what}", _filled(hint, detail)


def seen(value: object) -> str:
    """A wrong value as a message shows it: short, on one line, without a word of any programming language."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{plain(value)}'" if isinstance(value, str) else plain(str(value))


def _filled(hint: str | Callable[[Mapping[str, Any]], str], detail: ErrorDetails) -> str:
    """The hint with the limits that pydantic tells."""
    return hint(detail.get("ctx", {})) if callable(hint) else hint


def _choices(context: Mapping[str, Any]) -> str:
    return f"one of {context.get('expected', 'those that the documents list')}"


_MAPPINGS = frozenset(("model_type", "model_attributes_type", "dict_type"))
_UNFORESEEN: tuple[str, str] = ("is not allowed here", "")
_NO_WHOLE_NUMBER = ("is no whole number", "write digits without quotes")
_NO_SWITCH = ("is neither true nor false", "write true or false")
_NO_ADDRESS = ("is no address", "such as 192.0.2.1 or 2001:db8::1")
_NO_CHOICE = ("is none of the choices", _choices)
_NO_MAPPING = ("is no mapping", "write {KEY: VALUE}")

_SENTENCES: Mapping[str, tuple[str, str | Callable[[Mapping[str, Any]], str]]] = {
    "bool_type": _NO_SWITCH,
    "bool_parsing": _NO_SWITCH,
    "int_type": _NO_WHOLE_NUMBER,
    "int_parsing": _NO_WHOLE_NUMBER,
    "int_parsing_size": _NO_WHOLE_NUMBER,
    "int_from_float": _NO_WHOLE_NUMBER,
    "greater_than_equal": ("is too little", lambda context: f"at least {context['ge']}"),
    "less_than_equal": ("is too much", lambda context: f"at most {context['le']}"),
    "string_type": ("is no text", "put it in quotes"),
    "string_too_long": ("is too long", lambda context: f"at most {context['max_length']} characters"),
    "string_too_short": ("is too short", lambda context: f"characters: {context['min_length']} or more"),
    "string_pattern_mismatch": _UNFORESEEN,
    "tuple_type": ("is no list", "write [A, B]"),
    "enum": _NO_CHOICE,
    "literal_error": _NO_CHOICE,
    "model_type": _NO_MAPPING,
    "model_attributes_type": _NO_MAPPING,
    "dict_type": _NO_MAPPING,
    "ip_any_address": _NO_ADDRESS,
    "path_type": ("is no path", "write it as text"),
}
