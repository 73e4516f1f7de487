"""How single values, lists and mappings of a form are read, by what their annotations say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Protocol, TypeAlias, Union, get_args, get_origin, runtime_checkable

from understudy.config.faults import FaultError, FormError, fault
from understudy.config.findings import shown
from understudy.config.source import KeyPath
from understudy.model.errors import InvariantError

Read: TypeAlias = Callable[[Any], Any]
"""From what is written to what it means. Raises FaultError, FormError."""


class Reads:
    """In an annotation: how such a value is read, and what JSON Schema says of it; None: what it says of the type."""

    def __init__(self, read: Read, schema: dict[str, Any] | None = None) -> None:
        self.read = read
        self.schema = schema


class Hidden:
    """In an annotation: JSON Schema has nothing of it."""


@runtime_checkable
class _ReadByItself(Protocol):
    """A class of forms."""

    def read(self, value: Any) -> object:
        """The form of a value. Raises FormError."""
        ...


def reader(hint: Any) -> Read:
    """What reads values of an annotation."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        own = next((each.read for each in parts[1:] if isinstance(each, Reads)), None)
        return own or reader(parts[0])
    if origin in {Union, UnionType}:
        return _optional(reader(_only(parts)))
    known = _GENERIC.get(origin)
    if known is not None:
        return known(parts)
    if hint is bool:
        return _switch
    if hint is Any:
        return _as_it_is
    if isinstance(hint, _ReadByItself):
        return hint.read
    raise InvariantError(f"nothing reads {hint}")


def _only(parts: Sequence[Any]) -> Any:
    """The one that is not None."""
    [part] = (each for each in parts if each is not NoneType)
    return part


def _as_it_is(value: Any) -> Any:
    return value


def _optional(read: Read) -> Read:
    return lambda value: None if value is None else read(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise fault("value.type", f"{shown(value)} is not true or false")
    return value


def _choice(choices: Sequence[Any]) -> Read:
    """One of these texts."""
    *others, last = (repr(each) for each in choices)
    listed = f"{', '.join(others)} or {last}" if others else last

    def choose(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise fault("value.choice", f"{shown(value)} is not one of the choices", f"one of {listed}")
        return value

    return choose


def _listed(parts: Sequence[Any]) -> Read:
    """A list, whose items are read one by one."""
    read_item = reader(parts[0])

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            hint = f"write [{value}]" if isinstance(value, str | int) else ""
            raise fault("value.type", f"{shown(value)} is not a list", hint)
        try:
            return [read_item(item) for item in value]
        except ValueError:  # with all that is wrong
            return list(_read_all(dict(enumerate(value)), _as_it_is, read_item).values())

    return read


def _mapped(parts: Sequence[Any]) -> Read:
    """A mapping, whose keys and values are read one by one."""
    read_key = _as_it_is if parts[0] is str else reader(parts[0])  # keys of a file are text
    read_value = reader(parts[1])

    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise fault("value.type", f"{shown(value)} is not a mapping")
        return _read_all(value, read_key, read_value)

    return read


def _read_all(items: dict[Any, Any], read_key: Read, read_value: Read) -> dict[Any, Any]:
    """Raises FormError with all that is wrong."""
    found, faults = {}, list[tuple[KeyPath, FaultError]]()
    for key, value in items.items():
        try:
            found[read_key(key)] = read_value(value)
        except FaultError as error:
            faults.append(((key,), error))
        except FormError as refusal:
            faults.extend(((key, *path), error) for path, error in refusal.faults)
    if faults:
        raise FormError(faults)
    return found


def at_least_one(read: Read) -> Read:
    """A list that must not be empty, if there is one."""

    def check(value: Any) -> Any:
        found = read(value)
        if found is not None and not found:
            raise fault("value.empty", "nothing is listed here", "list at least one")
        return found

    return check


_GENERIC: dict[Any, Callable[[Sequence[Any]], Read]] = {Literal: _choice, list: _listed, dict: _mapped}
