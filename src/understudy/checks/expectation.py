"""What a response must be like: the parts of `expect` that several kinds share."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, StringConstraints, TypeAdapter, WithJsonSchema
from pydantic_core import SchemaError

from understudy.checks.complaints import seen
from understudy.checks.transport.faults import plain

_RANGE = re.compile(r"\s*([1-9][0-9]{2})\s*(?:-\s*([1-9][0-9]{2})\s*)?")

_STATUS_ADVICE = "write 200, 200-299 or 200-299,301"

StatusRange: TypeAlias = tuple[int, int]


def _read_statuses(written: object) -> object:
    """`200`, `200-299`, `200-299,301` or a list of such, as pairs of first and last."""
    parts = written if isinstance(written, list | tuple) else [written]
    ranges: list[object] = []
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, str | int | tuple):
            raise ValueError(f"{seen(part)} is no status: {_STATUS_ADVICE}")  # noqa: TRY004  # pydantic takes ValueError only
        ranges.extend([part] if isinstance(part, tuple) else map(_read_range, str(part).split(",")))
    if not ranges:
        raise ValueError(f"no status is expected, so none could pass: {_STATUS_ADVICE}")
    return tuple(ranges)


def _read_range(text: str) -> StatusRange:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text.strip()}' is no status: {_STATUS_ADVICE}")
    first = int(match[1])
    last = int(match[2] or first)
    if last < first:
        raise ValueError(f"'{text.strip()}' ends before it begins")
    return first, last


Statuses = Annotated[
    tuple[StatusRange, ...],
    BeforeValidator(_read_statuses),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 999},
                {"type": "string", "pattern": "^[-0-9, ]+$"},
                {"type": "array", "items": {"type": ["integer", "string"]}},
            ]
        }
    ),
]


def statuses_text(statuses: tuple[StatusRange, ...]) -> str:
    """As configuration files have it."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in statuses)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> TypeAdapter[Any]:
    """The pattern for pydantic's engine, whose time is linear in the text: no response can make it hang."""
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` matches anywhere in `text`."""
    return _matcher(pattern).validator.isinstance_python(text)


def _check_pattern(pattern: str) -> str:
    try:
        _matcher(pattern)
    except SchemaError as error:
        detail = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        raise ValueError(f"'{plain(pattern)}' is no regular expression: {detail}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_check_pattern), WithJsonSchema({"type": "string", "format": "regex"})]
"""A regular expression without look-around and back-references (which cannot be matched in linear time)."""
