"""The events of any YAML, and what is wrong with what is none: slow, and its word counts (ADR 0032)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from understudy.config.findings import on_one_line
from understudy.config.source import Node, Position
from understudy.config.yaml_composer import Composer, YamlEvent
from understudy.model.errors import ConfigError, Problem

_LINE_BREAK = re.compile(r"\r\n|\r|\n")  # YAML 1.2.2 section 5.4
_KINDS = {
    DocumentStartEvent: "document",
    MappingStartEvent: "mapping",
    SequenceStartEvent: "sequence",
    MappingEndEvent: "end",
    SequenceEndEvent: "end",
    AliasEvent: "alias",
}


def read_thoroughly(text: str, file: Path) -> tuple[Node, tuple[Problem, ...]]:
    """The root, and those faults that leave the values whole. Raises ConfigError for others, as those of syntax."""
    composer = Composer(file, _events(text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's advice is for its callers, not for operators
            root = composer.compose()
    except ReaderError as error:
        place = place_after(text[: error.position])
        message = "a control character is not allowed here"
        raise ConfigError([Problem(str(file), *place, "yaml.character", message)]) from None
    except YAMLError as error:
        raise _syntax_refusal(error, composer, file) from None
    return root, tuple(composer.problems)


def place_after(before: str) -> Position:
    """The position that follows `before`."""
    lines = _LINE_BREAK.split(before)
    return Position(len(lines), len(lines[-1]) + 1)


def _events(text: str) -> Iterator[YamlEvent]:
    for event in YAML(typ="safe", pure=True).parse(text):
        place = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, ScalarEvent):
            yield _word(event, *place)
        elif type(event) in _KINDS:
            tag = getattr(event, "tag", None)
            anchor = getattr(event, "anchor", None)
            yield YamlEvent(_KINDS[type(event)], *place, "", anchor, None if tag is None else str(tag))


def _word(event: ScalarEvent, line: int, column: int) -> YamlEvent:
    tag, is_bare = None if event.tag is None else str(event.tag), event.implicit[0]
    kind = "plain" if is_bare and tag is None else "quoted"
    return YamlEvent(kind, line, column, event.value, event.anchor, tag, is_bare)


def _syntax_refusal(error: YAMLError, composer: Composer, file: Path) -> ConfigError:
    """The parser's own complaint, placed, with what it was reading."""
    if not isinstance(error, MarkedYAMLError):
        return ConfigError([Problem(str(file), 1, 1, "yaml.syntax", " ".join(str(error).split())[:200])])
    mark: StringMark | None = error.problem_mark or error.context_mark
    place = Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)
    said = [part for part in (error.context, error.problem) if part]
    problem = Problem(str(file), *place, "yaml.syntax", on_one_line(": ".join(said)), _syntax_hint(error))
    composer.problems.append(problem)
    return composer.refusal()


def _syntax_hint(error: MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "'\\t'" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "quote a value that has ': ' in it, and look at the indentation"
    if "expected ',' or" in problem:
        return "a bracket or brace is not closed"
    return ""
