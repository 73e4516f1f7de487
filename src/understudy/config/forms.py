"""How a written form is read: a class that knows its keys, and whose complaints become problems with places.

A form is read in Python, without a library that would be imported for it: a server without checks answers a quarter
sooner (ADR 0038). What JSON Schema says of forms is made in `form_models.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, get_type_hints

from understudy.config.faults import FaultError, FormError, fault
from understudy.config.findings import Findings, nearest, shown
from understudy.config.readers import Read, at_least_one, reader
from understudy.config.source import KeyPath, Plain
from understudy.model.frozen import frozen

_REQUIRED: Any = object()


@frozen
class Key:
    """What is said of one key of a form; `is_excluded`: this release only knows it to refuse it, or not as a key."""

    default: Any
    description: str = ""
    min_length: int = 0
    is_excluded: bool = False

    @property
    def is_required(self) -> bool:
        """Whether it has to be written."""
        return self.default is _REQUIRED


def Field(  # noqa: N802  # as dataclasses and pydantic say it, of which type checkers know what it means
    default: Any = _REQUIRED, *, description: str = "", min_length: int = 0, exclude: bool = False
) -> Any:
    """What is said of one key; without a default it has to be written. A default is never changed."""
    return Key(default, description, min_length, exclude)


@frozen
class _Plan:
    """How a class of forms is read: made when the first one is, because most servers use few."""

    readers: Mapping[str, Read]
    defaults: Mapping[str, Any]
    required: Sequence[str]


class Form:
    """A mapping of the file. Strict: the text `5` is no number. An unknown key is told the nearest known one."""

    _keys: ClassVar[Mapping[str, Key]] = {}
    _plan: ClassVar[_Plan | None] = None

    def __init_subclass__(cls) -> None:
        """Take the keys from what the class names; instances have the values under these names."""
        own = {name: vars(cls).get(name, _REQUIRED) for name in vars(cls).get("__annotations__", {})}
        for name in own.keys() & vars(cls).keys():
            delattr(cls, name)
        told = {name: each if isinstance(each, Key) else Key(each) for name, each in own.items()}
        cls._keys, cls._plan = {**cls._keys, **told}, None

    def __init__(self, **given: Any) -> None:
        """With these values, which are not looked at, and defaults."""
        vars(self).update({name: key.default for name, key in self._keys.items()}, **given, written_keys=given.keys())

    def __setattr__(self, name: str, value: object) -> None:
        """Forms are frozen."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set")

    def is_written(self, key: str) -> bool:
        """Whether the key was written, be it with its default."""
        return key in vars(self)["written_keys"]

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """The mapping that a value means; itself if it is one already. Raises FaultError, FormError."""
        return value

    def judge(self) -> None:
        """What the keys must be to one another. Raises FaultError, FormError."""

    @classmethod
    def all_keys(cls) -> Mapping[str, Key]:
        """In their order, those of the classes above first."""
        return cls._keys

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The keys as they are written, without those that this release only knows to refuse."""
        return tuple(name for name, key in cls._keys.items() if not key.is_excluded)

    @classmethod
    def read(cls, value: Any) -> Self:
        """The form of a value. Raises FormError with all that is wrong."""
        try:
            mapping = cls.prepare(value)
            if not isinstance(mapping, dict):
                raise fault("value.type", f"{shown(mapping)} is not a mapping")
            form = cls._of(mapping)
            form.judge()
        except FaultError as error:
            raise FormError([((), error)]) from None
        return form

    @classmethod
    def _of(cls, mapping: Mapping[str, Any]) -> Self:
        """Raises FormError."""
        plan = cls._plan or cls._planned()
        values, faults = dict(plan.defaults), list[tuple[KeyPath, FaultError]]()
        for key, value in mapping.items():
            read = plan.readers.get(key)
            try:
                values[key] = cls._refuse_unknown(key) if read is None else read(value)
            except FaultError as error:
                faults.append(((key,), error))
            except FormError as refusal:
                faults.extend(((key, *path), error) for path, error in refusal.faults)
        missing = (key for key in plan.required if key not in mapping)
        faults.extend(((key,), fault("key.missing", f"the key '{key}' is missing", "add it")) for key in missing)
        if faults:
            raise FormError(faults)
        form = cls.__new__(cls)
        vars(form).update(values, written_keys=mapping.keys())
        return form

    @classmethod
    def _refuse_unknown(cls, key: str) -> None:
        raise fault("key.unknown", f"the key {shown(key)} is not known here", nearest(key, cls.known_keys()))

    @classmethod
    def _planned(cls) -> _Plan:
        hints = get_type_hints(cls, include_extras=True)
        readers = {name: _key_reader(hints[name], key) for name, key in cls._keys.items()}
        defaults = {name: key.default for name, key in cls._keys.items() if not key.is_required}
        cls._plan = plan = _Plan(readers, defaults, [name for name, key in cls._keys.items() if key.is_required])
        return plan


def _key_reader(hint: object, key: Key) -> Read:
    return at_least_one(reader(hint)) if key.min_length else reader(hint)


class ShortForm(Form):
    """A mapping that may also be written shorter."""

    @classmethod
    def read(cls, value: Any) -> Self:
        """As `Form.read`. A word means the same wherever it stands, and thousands of zones name one primary."""
        if type(value) is str:
            found: Self = _read_word(cls, value)  # type: ignore[arg-type]  # a class can be hashed
            return found
        return super().read(value)

    @classmethod
    @abstractmethod
    def short_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the shorter writing."""

    @classmethod
    def has_longer_schema(cls) -> bool:
        """Whether it may be written as the mapping too; if not, its keys are only how it is kept."""
        return True


@lru_cache(maxsize=256)
def _read_word(form: type[ShortForm], word: str) -> Any:
    """Raises FormError."""
    return super(ShortForm, form).read(word)


F = TypeVar("F", bound=Form)


def read_form(form: type[F], value: Plain, path: KeyPath, *, findings: Findings) -> F | None:
    """The value as `form` reads it, or None after its problems went to `findings`."""
    try:
        return form.read({} if value is None else value)
    except FormError as refusal:
        report(refusal, path, findings)
    return None


def read_mended(form: type[F], value: Plain, path: KeyPath, *, findings: Findings) -> F | None:
    """As `read_form`, but without the keys that are wrong, so that what the others mean together is judged as well."""
    try:
        return form.read(value)
    except FormError as refusal:
        report(refusal, path, findings)
        faulty = {place[0] for place, _ in refusal.faults if place}
    if not isinstance(value, dict):
        return None
    try:
        return form.read({key: item for key, item in value.items() if key not in faulty})
    except FormError:
        return None


def report(refusal: FormError, path: KeyPath, findings: Findings) -> None:
    """Turn complaints about the value of `path` into problems."""
    for place, error in refusal.faults:
        add: Callable[..., None] = findings.key_error if error.code == "key.unknown" else findings.error
        add((*path, *place), error.code, error.message, hint=error.hint)
