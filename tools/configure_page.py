"""Writes the tables of docs/configure.md from docs/understudy.schema.json; --check only says whether they are current.

A table stands between `<!-- keys: NAME -->` and `<!-- end -->`. NAME is a definition of the schema, or `file` for the
configuration file as a whole.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from understudy.model.duration import format_duration

Schema: TypeAlias = Mapping[str, Any]

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "configure.md"
SCHEMA = ROOT / "docs" / "understudy.schema.json"
DURATION = "(us|ms|s|m|h|d)"
"""What the patterns of durations have, and no others."""

_PLACE = re.compile(r"(?P<start><!-- keys: (?P<name>[^>]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def mapping_of(definition: Schema) -> Schema:
    """The mapping among the forms in which something may be written."""
    forms = [definition, *definition.get("anyOf", [])]
    return next(form for form in forms if "properties" in form)


def rows(form: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    """One row of the table for each key."""
    required = set(form.get("required", []))
    yield "| key | default | means |"
    yield "|---|---|---|"
    for key, settings in form["properties"].items():
        default = "required" if key in required else default_of(settings)
        yield f"| `{key}` | {default} | {meaning_of(settings, definitions)} |"


def default_of(settings: Schema) -> str:
    """A plain default; what has parts of its own is described where these are."""
    default = settings.get("default")
    if isinstance(default, dict | list | None) or default == "":
        return ""
    if isinstance(default, float) and DURATION in settings.get("pattern", ""):
        return f"`{format_duration(default)}`"
    return f"`{json.dumps(default).strip(chr(34))}`"


def meaning_of(settings: Schema, definitions: Mapping[str, Schema]) -> str:
    """The description, its own or that of what it refers to, and the choices."""
    choices = settings.get("enum", [])
    name = str(settings.get("$ref", "")).removeprefix("#/$defs/")
    text = str(settings.get("description") or _first_line(definitions.get(name, {})))
    text = text[:1].upper() + text[1:]
    if choices and not all(str(choice) in text for choice in choices):
        text = f"{text} One of {', '.join(f'`{choice}`' for choice in choices)}.".strip()
    return text.replace("|", "\\|").replace("\n", " ")


def _first_line(definition: Schema) -> str:
    forms = [definition, *definition.get("anyOf", [])]
    return next((str(form["description"]).split("\n")[0] for form in forms if "description" in form), "")


def render(page: str, schema: Schema) -> str:
    """The page with its tables made anew."""

    def table(found: re.Match[str]) -> str:
        definition = schema if found["name"] == "file" else schema["$defs"][found["name"]]
        return found["start"] + "\n".join(rows(mapping_of(definition), schema["$defs"])) + "\n" + found["end"]

    return _PLACE.sub(table, page)


def main() -> int:
    """0: the page is, or now is, current."""
    page = PAGE.read_text(encoding="utf-8")
    current = render(page, json.loads(SCHEMA.read_text(encoding="utf-8")))
    if "--check" in sys.argv[1:]:
        return int(page != current)
    PAGE.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
