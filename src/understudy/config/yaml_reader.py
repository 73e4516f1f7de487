"""YAML text to a tree of values with places.

The tree is built from the parser's events and not by a constructor: so every value keeps its line and column, limits
hold while reading, duplicate keys are refused with both places, and ten thousand records load in seconds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from understudy.config.findings import on_one_line, shown
from understudy.config.scalars import resolve
from understudy.config.source import Entry, Node, Position, Source
from understudy.model.errors import ConfigError, Problem

SIZE_MAX_OCTETS = 32 * 1024 * 1024  # chosen: a quarter million records, far more than one server steers
DEPTH_MAX = 32  # chosen: the deepest useful file has about 10
VALUES_MAX = 2_000_000  # chosen: a quarter million records; a bomb of aliases passes it at its second stage

_LINE_BREAK = re.compile(r"\r\n|\r|\n")  # YAML 1.2.2 section 5.4
_STR_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"

# After these the values are still whole: what a duplicate key says stands in its first place.
_HARMLESS = frozenset(("key.duplicate", "yaml.documents"))


def read(path: Path) -> Source:
    """Read the file of `path`. Raises ConfigError for a file that is missing, unreadable or no YAML."""
    try:
        with path.open("rb") as stream:
            octets = stream.read(SIZE_MAX_OCTETS + 1)
    except OSError as error:
        hint = "give the right path with -c" if isinstance(error, FileNotFoundError) else ""
        reason = error.strerror or "it cannot be read"
        raise ConfigError([Problem(str(path), 1, 1, "file.unreadable", reason, hint)]) from None
    return read_octets(octets, path)


def read_octets(octets: bytes, file: Path) -> Source:
    """Read a file's content. Raises ConfigError."""
    if len(octets) > SIZE_MAX_OCTETS:
        message = f"the file is larger than {SIZE_MAX_OCTETS // 1024 // 1024} MiB"
        raise ConfigError([Problem(str(file), 1, 1, "file.too-large", message)])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place(octets[: error.start].decode(errors="replace"))
        raise _refusal_at(
            file, place, "yaml.encoding", message=f"octet 0x{octets[error.start]:02x} is not UTF-8"
        ) from None
    composer = _Composer(file, text)
    root = composer.compose()
    return Source(file, text, root, tuple(composer.problems))


def _refusal_at(file: Path, place: Position, code: str, *, message: str) -> ConfigError:
    return ConfigError([Problem(str(file), place.line, place.column, code, message)])


def _place(before: str) -> Position:
    """The position that follows `before`."""
    lines = _LINE_BREAK.split(before)
    return Position(len(lines), len(lines[-1]) + 1)


class _Composer:
    """Builds the tree. Duplicate keys and their like are collected, faults of syntax end the reading."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text
        self.problems: list[Problem] = []
        self._anchors: dict[str, Node] = {}
        self._events: Iterator[Event] = iter(())

    def compose(self) -> Node:
        """The root of the only document; an empty file is an empty mapping.

        Raises ConfigError for what leaves holes in the tree; the other `problems` are the caller's to tell.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the library's advice is for its callers, not for operators
                root = self._document()
        except ReaderError as error:
            place = _place(self._text[: error.position])
            raise _refusal_at(
                self._file, place, "yaml.character", message="a control character is not allowed here"
            ) from None
        except YAMLError as error:
            raise self._syntax_refusal(error) from None
        if any(problem.code not in _HARMLESS for problem in self.problems):
            raise self._refusal()
        return root

    def _document(self) -> Node:
        self._events = _parse_events(self._text)
        root = None
        for event in self._events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if root is not None:
                self._refuse(_start(event), "yaml.documents", "a second document begins here; a file holds one")
                break
            root = self._node(next(self._events), 0)
        return root if root is not None and root.value is not None else Node(Position(1, 1), {})

    def _node(self, event: Event, depth: int) -> Node:
        position = _start(event)
        if depth > DEPTH_MAX:
            raise _refusal_at(self._file, position, "yaml.depth", message=f"nested more than {DEPTH_MAX} deep")
        if isinstance(event, AliasEvent):
            return self._alias(event, position)
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in {_STR_TAG, "!"}:
            self._refuse(position, "yaml.tag", f"the tag {shown(str(tag))} has no meaning here")
        node = self._untagged(event, position, depth)
        if node.size > VALUES_MAX:
            raise _refusal_at(
                self._file, position, "yaml.too-large", message=f"more than {VALUES_MAX:,} values with aliases"
            )
        self._remember(event, node)
        return node

    def _remember(self, event: Event, node: Node) -> None:
        """Keep an anchored node; only now that it is whole, so nothing can hold itself."""
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node

    def _untagged(self, event: Event, position: Position, depth: int) -> Node:
        if isinstance(event, MappingStartEvent):
            return self._mapping(position, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(position, depth)
        word: str = getattr(event, "value", "")
        is_plain = isinstance(event, ScalarEvent) and event.implicit[0] and event.tag is None
        return Node(position, resolve(word) if is_plain else word)

    def _alias(self, event: Any, position: Position) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            self._refuse(position, "yaml.alias", f"no anchor '&{event.anchor}' was finished before this alias")
            return Node(position, None)
        return Node(position, node.value, node.size)

    def _sequence(self, position: Position, depth: int) -> Node:
        items = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, depth + 1))
        return Node(position, items, 1 + sum(item.size for item in items))

    def _mapping(self, position: Position, depth: int) -> Node:
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, depth)
            node = self._node(next(self._events), depth + 1)
            if key == _MERGE and getattr(event, "implicit", (False,))[0]:
                merged.append(node)
            elif key is not None:
                self._enter(entries, key, Entry(_start(event), node))
        for node in merged:
            self._merge(entries, node)
        return Node(position, entries, 1 + sum(entry.node.size for entry in entries.values()))

    def _key(self, event: Event, depth: int) -> str | None:
        """A key's text, as it is written: `404` and `NO` are names too. None after a problem."""
        if isinstance(event, ScalarEvent):
            self._remember(event, Node(_start(event), event.value))
            return str(event.value)
        node = self._node(event, depth + 1)
        if isinstance(event, AliasEvent) and isinstance(node.value, str):
            return node.value
        self._refuse(node.position, "yaml.key", "a key must be a word, not a list or a mapping")
        return None

    def _enter(self, entries: dict[str, Entry], key: str, entry: Entry) -> None:
        if key in entries:
            first = entries[key].key
            self._refuse(entry.key, "key.duplicate", f"the key {shown(key)} stands already in line {first.line}")
        else:
            entries[key] = entry

    def _merge(self, entries: dict[str, Entry], node: Node) -> None:
        """`<<: *anchor`: take what is not given here. Old YAML, but what people reach for with anchors."""
        for source in node.value if isinstance(node.value, list) else [node]:
            if isinstance(source.value, dict):
                for key, entry in source.value.items():
                    entries.setdefault(key, entry)
            else:
                self._refuse(node.position, "yaml.merge", "only a mapping, or a list of them, can be merged")

    def _refuse(self, position: Position, code: str, message: str) -> None:
        self.problems.append(Problem(str(self._file), *position, code, on_one_line(message)))

    def _syntax_refusal(self, error: YAMLError) -> ConfigError:
        """The parser's own complaint, placed, with what it was reading."""
        if not isinstance(error, MarkedYAMLError):
            return _refusal_at(self._file, Position(1, 1), "yaml.syntax", message=" ".join(str(error).split())[:200])
        mark: StringMark | None = error.problem_mark or error.context_mark
        place = Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)
        said = [part for part in (error.context, error.problem) if part]
        problem = Problem(str(self._file), *place, "yaml.syntax", on_one_line(": ".join(said)), _syntax_hint(error))
        self.problems.append(problem)
        return self._refusal()

    def _refusal(self) -> ConfigError:
        return ConfigError(sorted(self.problems, key=lambda problem: (problem.line, problem.column)))


def _parse_events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _start(event: Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1)


def _syntax_hint(error: MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "'\\t'" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "quote a value that has ': ' in it, and look at the indentation"
    if "expected ',' or" in problem:
        return "a bracket or brace is not closed"
    return ""
