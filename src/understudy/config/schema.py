"""The JSON Schema of the configuration, for editors: `python -m understudy.config.schema` prints it.

It knows every key, type and bound; what only the whole file can tell, such as whether a pool exists, is left to
`understudy check`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from understudy.checks.registry import KINDS
from understudy.config.check_forms import COMPOSITIONS
from understudy.config.document import DocumentForm, EndpointForm, PoolForm, RecordForm, ZoneForm
from understudy.config.fields import OBJECT_NAME_PATTERN
from understudy.config.form_models import FormModels
from understudy.config.forms import Form
from understudy.config.schedule_form import ScheduleForm
from understudy.config.transfer_form import KeyForm

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FORMS: tuple[type[Form], ...] = (
    DocumentForm,
    EndpointForm,
    KeyForm,
    PoolForm,
    RecordForm,
    ScheduleForm,
    ZoneForm,
)
_SUFFIX = "Form"
_SECTIONS = {"keys": "Key", "zones": "Zone", "checks": "Check", "pools": "Pool", "records": "Record"}
_Schema = dict[str, Any]


def schema() -> _Schema:
    """The schema as a JSON document."""
    kinds = {name: kind.settings for name, kind in KINDS.items()}
    forms = FormModels()
    models: list[type[BaseModel]] = [*map(forms.of, _FORMS), *kinds.values()]
    _, generated = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    parts: dict[str, _Schema] = {_short(name): _renamed(part) for name, part in generated["$defs"].items()}
    document = parts.pop("Document")
    parts.pop("Name", None)  # nothing speaks of it: wherever a name may stand it is written as text
    for name, settings in kinds.items():
        parts[f"{name} check"] = _kind(name, settings.__name__, parts)
    parts |= _checks(list(kinds))
    _link_record(parts["Record"])
    _link_sections(document)
    return {"$schema": DIALECT, **document, "title": "Understudy configuration", "$defs": dict(sorted(parts.items()))}


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _short(name: str) -> str:
    return name.removesuffix(_SUFFIX)


def _renamed(part: Any) -> Any:
    """Without the ends of class names, which say nothing to whoever writes a file, and without titles of keys."""
    if isinstance(part, dict):
        kept = {key: _renamed(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
        return {key: _short(value) if key == "$ref" else value for key, value in kept.items()}
    return [_renamed(item) for item in part] if isinstance(part, list) else part


def _kind(name: str, settings: str, parts: dict[str, _Schema]) -> _Schema:
    """A mapping with the kind as a key; its settings stand under that key or beside it, so neither must have all."""
    parts[settings].pop("required", None)
    short = {"type": ["string", "integer", "null"], "examples": [KINDS[name].example]}
    keys: _Schema = {key: _at("Schedule", key) for key in parts["Schedule"]["properties"]}
    keys |= {key: _at(settings, key) for key in parts[settings]["properties"]}
    keys |= {name: {"anyOf": [short, {"$ref": f"#/$defs/{settings}"}]}}
    return {"type": "object", "required": [name], "properties": keys, "additionalProperties": False}


def _at(part: str, key: str) -> _Schema:
    return {"$ref": f"#/$defs/{part}/properties/{key}"}


def _checks(kinds: list[str]) -> dict[str, _Schema]:
    listed = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Check"}}
    of = [
        {"type": "object", "required": [key], "properties": {key: listed}, "additionalProperties": False}
        for key in COMPOSITIONS
        if key != "at_least"
    ]
    at_least = {
        "type": "object",
        "required": ["at_least", "of"],
        "properties": {"at_least": {"type": "integer", "minimum": 1}, "of": listed},
        "additionalProperties": False,
    }
    text = {
        "type": "string",
        "description": "A check's name, or a shorthand.",
        "examples": [KINDS[kind].example for kind in kinds],
    }
    mappings = [{"$ref": f"#/$defs/{kind} check"} for kind in kinds]
    return {"Check": {"anyOf": [text, *of, at_least, *mappings]}}


def _link_record(record: _Schema) -> None:
    """One policy; one pool's name as good as a list; single endpoints where they may stand; one check or several."""
    keys = record["properties"]
    policies = ("tiers", "all", "weighted")
    record["oneOf"] = [{"required": [policy]} for policy in policies]
    use = keys["fallback"]["anyOf"][0]
    for policy in policies:
        item = use if policy == "tiers" else {"anyOf": [use, {"$ref": "#/$defs/Endpoint/anyOf/1"}]}
        types = ["array"] if policy == "tiers" else ["array", "string"]
        keys[policy] = {"description": keys[policy]["description"], "type": types, "minItems": 1, "items": item}
    check = {"$ref": "#/$defs/Check"}
    listed = {"type": "array", "minItems": 1, "items": check}
    keys["check"] = {"description": keys["check"]["description"], "anyOf": [check, listed, {"type": "null"}]}


def _link_sections(document: _Schema) -> None:
    """The sections as mappings of names to objects, and one address to listen on as good as a list."""
    properties = document["properties"]
    for key, part in _SECTIONS.items():
        section: _Schema = {"type": ["object", "null"], "additionalProperties": {"$ref": f"#/$defs/{part}"}}
        if key in {"checks", "pools"}:
            section["propertyNames"] = {"pattern": f"^{OBJECT_NAME_PATTERN}$"}
        properties[key] = {"description": properties[key]["description"], **section}
    one, listed = properties["listen"]["items"], dict(properties["listen"])
    properties["listen"] = {"description": listed.pop("description"), "anyOf": [one, listed]}


if __name__ == "__main__":
    sys.stdout.write(schema_text())
