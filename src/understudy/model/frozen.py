"""Frozen values, whose classes are made in a third of the time that a frozen dataclass takes (ADR 0037)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, TypeAlias, TypeVar, dataclass_transform

T = TypeVar("T")

Method: TypeAlias = Callable[..., Any]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """As `dataclass(frozen=True, slots=True)`, which compiles six methods for every class, one by one.

    Here those that are called often are compiled when they are called first: of two hundred classes that a start
    imports, it uses some. The others are made of what they have in common. Of what a dataclass can have, `InitVar`,
    `kw_only` and `hash` of a field are not known.
    """
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    listed = fields(made)
    names = [each.name for each in listed]
    compared = [each.name for each in listed if each.compare]
    methods = {
        "__init__": _compiled_late(made, "__init__", lambda: _initializer(made, listed)),
        "__eq__": _compiled_late(made, "__eq__", lambda: _equality(compared)),
        "__hash__": _compiled_late(made, "__hash__", lambda: _hashing(compared)),
        "__repr__": _representation([each.name for each in listed if each.repr]),
        "__setattr__": _refuse_setting,
        "__delattr__": _refuse_deleting,
        "__getstate__": _state(names),
        "__setstate__": _restoring(names),
    }
    written = vars(cls)
    for name, method in methods.items():
        if name not in written:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]  # with slots it is another class of the same name


def _compiled_late(cls: type, name: str, compile_it: Callable[[], Method]) -> Method:
    """Puts the method in its own place when it is called. Threads that do so at once put the same there."""

    def call_first(self: object, *given: object, **named: object) -> Any:
        method = compile_it()
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(self, *given, **named)

    return call_first


def _compile(name: str, parameters: Sequence[str], lines: Sequence[str], *, known: dict[str, Any]) -> Method:
    """Of nothing but the names of fields."""
    exec(f"def {name}({', '.join(parameters)}):\n " + "\n ".join(lines), known)  # noqa: S102  # see above
    made: Method = known[name]
    return made


def _initializer(cls: type, listed: Sequence[Field[Any]]) -> Method:
    """Sets the fields in their order, by the descriptors of their slots, because `__setattr__` refuses."""
    known: dict[str, Any] = {"_missing": MISSING}
    parameters, lines = ["self"], ["pass"]
    for each in listed:
        if each.init:
            known[f"_set_{each.name}"] = getattr(cls, each.name).__set__
            parameters.append(_parameter(each, known))
            lines.append(f"_set_{each.name}(self, {_given(each)})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    return _compile("__init__", parameters, lines, known=known)


def _parameter(each: Field[Any], known: dict[str, Any]) -> str:
    """What is called by the parameter goes to `known`."""
    if each.default is not MISSING:
        known[f"_default_{each.name}"] = each.default
        return f"{each.name}=_default_{each.name}"
    if each.default_factory is not MISSING:
        known[f"_make_{each.name}"] = each.default_factory
        return f"{each.name}=_missing"
    return each.name


def _given(each: Field[Any]) -> str:
    if each.default_factory is MISSING:
        return each.name
    return f"_make_{each.name}() if {each.name} is _missing else {each.name}"


def _equality(names: Sequence[str]) -> Method:
    lines = (
        "if other.__class__ is not self.__class__:",
        " return NotImplemented",
        f"return {_tuple('self', names)} == {_tuple('other', names)}",
    )
    return _compile("__eq__", ("self", "other"), lines, known={})


def _hashing(names: Sequence[str]) -> Method:
    return _compile("__hash__", ("self",), (f"return hash({_tuple('self', names)})",), known={})


def _tuple(owner: str, names: Sequence[str]) -> str:
    return f"({''.join(f'{owner}.{name}, ' for name in names)})"


def _representation(names: Sequence[str]) -> Method:
    def represent(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return represent


def _state(names: Sequence[str]) -> Method:
    def state(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    return state


def _restoring(names: Sequence[str]) -> Method:
    def restore(self: object, state: list[object]) -> None:
        for name, each in zip(names, state, strict=True):
            object.__setattr__(self, name, each)

    return restore


def _refuse_setting(_self: object, name: str, _value: object) -> None:
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _refuse_deleting(_self: object, name: str) -> None:
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)
