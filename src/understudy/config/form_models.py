"""The forms as models of pydantic, which says in JSON Schema what they take."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema

from understudy.config.forms import Form, Key, ShortForm
from understudy.config.readers import Hidden, Reads


class FormModels:
    """One model for each form; nothing is read with them."""

    def __init__(self) -> None:
        self._made: dict[type[Form], type[BaseModel]] = {}

    def of(self, form: type[Form]) -> type[BaseModel]:
        """The model of a form, and of those that it is made of."""
        if form not in self._made:
            hints = get_type_hints(form, include_extras=True)
            keys: dict[str, Any] = {name: self._key(hints[name], key) for name, key in form.all_keys().items()}
            base = _short(form) if issubclass(form, ShortForm) else _Mapping
            self._made[form] = create_model(form.__name__, __base__=base, __doc__=form.__doc__, **keys)
        return self._made[form]

    def _key(self, hint: Any, key: Key) -> tuple[Any, Any]:
        said: dict[str, Any] = {"description": key.description or None, "min_length": key.min_length or None}
        if not key.is_required:
            said["default"] = self.of(type(key.default))() if isinstance(key.default, Form) else key.default
        return self._hint(hint), Field(exclude=key.is_excluded or None, **said)

    def _hint(self, hint: Any) -> Any:
        """The annotation that pydantic understands, of one that our readers do."""
        parts = get_args(hint)
        if get_origin(hint) is Annotated:
            return self._annotated(parts[0], parts[1:])
        if get_origin(hint) in {Union, UnionType}:
            [part] = (each for each in parts if each is not NoneType)
            return self._hint(part) | None
        if get_origin(hint) is list:
            return list[self._hint(parts[0])]  # type: ignore[misc]  # known when it runs
        if get_origin(hint) is dict:
            return dict[_key_hint(parts[0]), self._hint(parts[1])]  # type: ignore[misc]  # as above
        return self.of(hint) if isinstance(hint, type) and issubclass(hint, Form) else hint

    def _annotated(self, inner: Any, marks: tuple[Any, ...]) -> Any:
        if any(isinstance(mark, Hidden) for mark in marks):
            return SkipJsonSchema[inner]  # type: ignore[misc]  # as above
        schema = _schema(marks)
        return self._hint(inner) if schema is None else Annotated[Any, schema]


def _schema(marks: tuple[Any, ...]) -> WithJsonSchema | None:
    return next((WithJsonSchema(mark.schema) for mark in marks if isinstance(mark, Reads) and mark.schema), None)


def _key_hint(hint: Any) -> Any:
    """Keys are text whatever is made of them, and JSON Schema says of no others what they are like."""
    return str if hint is str else Annotated[str, _schema(get_args(hint))]


class _Mapping(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _short(form: type[ShortForm]) -> type[BaseModel]:
    """What a model of a form inherits that may be written shorter."""

    class Short(_Mapping):
        @classmethod
        def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
            """Either writing."""
            short = form.short_schema()
            return {"anyOf": [short, handler(schema)]} if form.has_longer_schema() else short

    return Short
