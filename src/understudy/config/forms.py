"""How a written form is read: a pydantic model that knows its keys, and its complaints as problems with places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError

from understudy.checks.complaints import complaint
from understudy.config.fields import fault
from understudy.config.findings import Findings, nearest, shown
from understudy.config.source import KeyPath, Plain


class Form(BaseModel):
    """A mapping of the file. Strict: the text `5` is no number. An unknown key is told the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _explain_unknown_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            explained = [cls._explain(details) for details in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, explained) from None

    @classmethod
    def _explain(cls, details: ErrorDetails) -> InitErrorDetails:
        """The same complaint; one about a key of this very form with the nearest of its keys."""
        again = InitErrorDetails(type=_again(details), loc=details["loc"], input=details["input"])
        if details["type"] == "extra_forbidden" and len(details["loc"]) == 1:
            word = str(details["loc"][0])
            again["type"] = fault(
                "key.unknown", f"the key {shown(word)} is not known here", nearest(word, cls.known_keys())
            )
        return again

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The keys as they are written, without those that this release only knows to refuse."""
        return tuple(name for name, field in cls.model_fields.items() if not field.exclude)


class ShortForm(Form, ABC):
    """A mapping that may also be written shorter."""

    @classmethod
    @abstractmethod
    def short_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the shorter writing."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Either writing."""
        return {"anyOf": [cls.short_schema(), handler(core_schema)]}


def fault_at(key: str, value: object, complaint: PydanticCustomError) -> ValidationError:
    """A complaint of a form's validator about one of its keys."""
    return ValidationError.from_exception_data("form", [InitErrorDetails(type=complaint, loc=(key,), input=value)])


F = TypeVar("F", bound=Form)


def read_form(form: type[F], value: Plain, path: KeyPath, *, findings: Findings) -> F | None:
    """The value as `form` reads it, or None after its problems went to `findings`."""
    try:
        return form.model_validate({} if value is None else value)
    except ValidationError as error:
        report(error, path, findings)
    return None


def read_mended(form: type[F], value: Plain, path: KeyPath, *, findings: Findings) -> F | None:
    """As `read_form`, but without the keys that are wrong, so that what the others mean together is judged as well."""
    try:
        return form.model_validate(value)
    except ValidationError as error:
        report(error, path, findings)
        faulty = {str(details["loc"][0]) for details in error.errors(include_url=False) if details["loc"]}
    if not isinstance(value, dict):
        return None
    try:
        return form.model_validate({key: item for key, item in value.items() if key not in faulty})
    except ValidationError:
        return None


def report(error: ValidationError, path: KeyPath, findings: Findings) -> None:
    """Turn pydantic's complaints about the value of `path` into problems."""
    for details in error.errors(include_url=False):
        where = (*path, *details["loc"])
        code, message, hint = _words(details)
        if code == "key.unknown":
            findings.key_error(where, code, message, hint=hint)
        else:
            findings.error(where, code, message, hint=hint)


def _words(details: ErrorDetails) -> tuple[str, str, str]:
    """Code, message and hint of one complaint."""
    kind, context = details["type"], details.get("ctx", {})
    if "hint" in context:
        return kind, context["message"], context["hint"]
    if kind == "missing":
        return "key.missing", f"the key '{details['loc'][-1]}' is missing", "add it"
    if kind == "literal_error":
        return "value.choice", f"{shown(details['input'])} is not one of the choices", f"one of {context['expected']}"
    if kind == "too_short":
        return "value.empty", "nothing is listed here", "list at least one"
    expected = _EXPECTED.get(kind)
    if expected is not None:
        given = details["input"]
        hint = f"write [{given}]" if kind == "list_type" and isinstance(given, str | int) else ""
        return "value.type", f"{shown(given)} is not {expected}", hint
    return "value.bad", *complaint(details)


_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "text",
}


def _again(details: ErrorDetails) -> Any:
    """The type of a complaint so that it can be raised once more."""
    context = details.get("ctx", {})
    if "hint" in context:
        return fault(details["type"], context["message"], context["hint"])
    code, message, hint = _words(details)
    return fault(code, message, hint)
