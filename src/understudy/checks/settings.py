"""What the settings of all kinds are made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyAddress, WithJsonSchema

from understudy.checks.attempt import Attempt
from understudy.checks.complaints import seen
from understudy.checks.files import NeededFile
from understudy.checks.transport.faults import plain
from understudy.model.frozen import frozen


class Settings(BaseModel):
    """One kind's settings: frozen, hashable, without unknown keys. Faults of the written form are pydantic's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def summary(self) -> str:
        """One line for people."""

    def needed_files(self) -> Iterator[NeededFile]:
        """Every file that a probe needs."""
        yield from ()


@frozen
class Kind:
    """One kind of check.

    `shorthand` reads what follows `name:` in the short form and returns the written form of the settings (it raises
    ValueError with a message for people). `probe` returns the text of a pass and raises ProbeError otherwise; its
    caller holds the deadline.
    """

    name: str
    settings: type[Settings]
    shorthand: Callable[[str], dict[str, object]]
    probe: Callable[[Any, Attempt], Awaitable[str]]
    example: str


def port_shorthand(text: str) -> dict[str, object]:
    """`5432`."""
    return {"port": read_port(text)}


def read_port(text: str) -> int:
    """A port number; raises ValueError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise ValueError(f"'{text}' is no port: write a number from 1 to 65535")
    return int(text)


Port = Annotated[int, Field(ge=1, le=65535, strict=True, description="port to connect or send to")]
SourceAddress: TypeAlias = IPvAnyAddress | None


def _read_pairs(written: object) -> object:
    """A mapping as pairs, which hash; names keep their case and order."""
    if isinstance(written, Mapping):
        return tuple((str(name), _read_scalar(str(name), value)) for name, value in written.items())
    if not isinstance(written, tuple):
        raise ValueError(f"{seen(written)} is no mapping of texts: write {{NAME: VALUE}}")  # noqa: TRY004  # pydantic takes ValueError only
    return written


def _read_scalar(name: str, value: object) -> str:
    """A text, number or switch as it is written."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ValueError(f"'{plain(name)}' is {seen(value)} and no text: write it in quotes")  # noqa: TRY004  # pydantic takes ValueError only
    return str(value)


Pairs = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_read_pairs),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
]


def _read_texts(written: object) -> object:
    """One text, or a list of them."""
    if isinstance(written, str):
        return (written,)
    if not isinstance(written, list | tuple) or not all(isinstance(text, str) for text in written):
        raise ValueError(f"{seen(written)} is neither a text nor a list of texts: write them in quotes")
    return written


Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_read_texts),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
