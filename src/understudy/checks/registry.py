"""All kinds of check, and how their written form becomes settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from understudy.checks.complaints import advised, complaint
from understudy.checks.transport.faults import plain
from understudy.model.frozen import frozen

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from understudy.checks.settings import Kind, Settings

_NAMES = ("http", "tcp", "tls", "icmp", "dns", "udp", "grpc", "smtp", "script")
"""Of the kinds and of their modules, in the order in which they are told."""


class _Kinds(Mapping[str, "Kind"]):
    """The kinds by name; each is imported when it is asked for.

    What speaks HTTP/2 or reads DNS messages takes a tenth of a second to import, and most servers check by one kind.
    """

    def __getitem__(self, name: str) -> Kind:
        if name not in _NAMES:
            raise KeyError(name)
        kind: Kind = import_module(f"understudy.checks.{name}").KIND
        return kind

    def __contains__(self, name: object) -> bool:
        return name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


KINDS: Mapping[str, Kind] = _Kinds()

Path: TypeAlias = tuple[str | int, ...]


@frozen
class Fault:
    """One thing wrong with a written check. `path` leads to it from the check's mapping: `("expect", "status")`.

    It is empty for a check that is a bare text. A fault of a missing key points to the mapping that lacks it.
    """

    path: Path
    code: str
    message: str
    hint: str = ""


class CheckSyntaxError(ValueError):
    """A written check that is no check: every fault of it, never none."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


def known_keys(kind: str) -> tuple[str, ...]:
    """The keys that a kind's settings have, and that may stand beside it."""
    return tuple(KINDS[kind].settings.model_fields)


def parse(kind: str, value: object, siblings: Mapping[str, object]) -> Settings:
    """Read `{kind: value, **siblings}`: the short form (a text, a number, nothing) or a mapping of settings.

    `siblings` are the other keys of the check except those of its schedule. Raises CheckSyntaxError.
    """
    found = KINDS.get(kind)
    if found is None:
        raise CheckSyntaxError(
            [Fault((kind,), "check.kind", f"'{plain(kind)}' is no kind of check", _nearest(kind, KINDS))]
        )
    is_short = not isinstance(value, Mapping)
    own = value if isinstance(value, Mapping) else _read_short(found, value, (kind,))
    faults = [
        Fault((key,), "key.twice", f"'{plain(key)}' stands both within '{kind}' and beside it", "leave one out")
        for key in siblings
        if key in own
    ]
    if faults:
        raise CheckSyntaxError(faults)
    return _validate(_Written(found, own, (kind,), is_short=is_short, beside=siblings))


def parse_text(text: str) -> tuple[str, Settings]:
    """Read a check that is a bare text, such as `tcp:5432`: its kind's name and settings. Raises CheckSyntaxError."""
    name, _, rest = text.partition(":")
    if name in {"http", "https"}:
        name, rest = "http", text
    found = KINDS.get(name)
    if found is None:
        examples = ", ".join(kind.example for kind in KINDS.values())
        message = f"'{plain(text)}' is no check"
        raise CheckSyntaxError([Fault((), "check.kind", message, _nearest(name, KINDS) or f"write one of {examples}")])
    return name, _validate(_Written(found, _read_short(found, rest, ()), (), is_short=True))


def _read_short(kind: Kind, value: object, path: Path) -> dict[str, object]:
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        message = f"'{kind.name}' is followed by a text, or by a mapping of settings"
        raise CheckSyntaxError([Fault(path, "check.value", message, f"such as {kind.example}")])
    try:
        return kind.shorthand("" if value is None else _without_prefix(str(value).strip(), kind.name))
    except ValueError as error:
        message, hint = advised(str(error))
        raise CheckSyntaxError([Fault(path, "check.value", message, hint or f"such as {kind.example}")]) from None


def _without_prefix(text: str, name: str) -> str:
    """`tcp:5432` under the key `tcp` is as good as `5432`; the `http:` of a URL belongs to it."""
    rest = text.removeprefix(f"{name}:")
    return text if rest.startswith("//") else rest


@frozen
class _Written:
    """A check as it was written: `path` leads to its own part, which `is_short` says to be one text."""

    kind: Kind
    own: Mapping[str, object]
    path: Path
    is_short: bool
    beside: Mapping[str, object] = field(default_factory=dict)

    def locate(self, location: Sequence[str | int]) -> Path:
        """The path in the document of a place in the settings."""
        if location and location[0] in self.beside:
            return _walk(self.beside, location)
        return self.path if self.is_short else self.path + _walk(self.own, location)


def _validate(written: _Written) -> Settings:
    from pydantic import ValidationError  # with the first check, whose kind has imported it

    try:
        return written.kind.settings.model_validate({**written.beside, **written.own})
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise CheckSyntaxError([_fault(written, detail) for detail in details])


def _fault(written: _Written, detail: ErrorDetails) -> Fault:
    """A fault of pydantic's in words of ours."""
    kind, location = written.kind, detail["loc"]
    path = written.locate(location)
    key = plain(str(path[-1] if path else kind.name))
    if detail["type"] == "extra_forbidden":
        known = _known_beside(kind, location)
        return Fault(path, "key.unknown", f"'{key}' is no setting of {kind.name}", _nearest(key, known))
    if detail["type"] == "missing":
        return Fault(path, "key.missing", f"'{location[-1]}' is missing", f"such as {kind.example}")
    message, hint = complaint(detail, examples=_examples(kind, location), keys=_known_at(kind, location))
    if not hint and written.is_short and location and location[0] in written.own:
        hint = f"such as {kind.example}"
    return Fault(path, "check.value", message, hint)


def _examples(kind: Kind, location: Sequence[str | int]) -> Sequence[object]:
    """The examples of a setting of the kind itself."""
    field = kind.settings.model_fields.get(str(location[0])) if len(location) == 1 else None
    return (field.examples or ()) if field is not None else ()


def _known_beside(kind: Kind, location: Sequence[str | int]) -> Iterable[str]:
    """The keys that could have been meant at `location`: the kind's own, or those of a mapping one level below."""
    if len(location) == 1:
        return known_keys(kind.name)
    return _known_at(kind, location)


def _known_at(kind: Kind, location: Sequence[str | int]) -> tuple[str, ...]:
    """The keys of the mapping that the first step of `location` is, if it is to be one."""
    from understudy.checks.settings import Settings  # as above

    field = kind.settings.model_fields.get(str(location[0])) if location else None
    owner: object = field.annotation if field is not None else None
    return tuple(owner.model_fields) if isinstance(owner, type) and issubclass(owner, Settings) else ()


def _walk(written: object, location: Sequence[str | int]) -> Path:
    """The steps of `location` that exist in the document: pydantic adds steps for the branches of its own schema."""
    path: list[str | int] = []
    here = written
    for step in location:
        within = range(len(here)) if isinstance(here, list) else here
        if not isinstance(within, Mapping | range) or step not in within:
            break
        here = here[step]  # type: ignore[index]  # a list and an index in it, or a mapping and its key
        path.append(step)
    return tuple(path)


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else ""
