"""Events of YAML to a tree of values with places.

The tree is built from a reader's events and not by a constructor: so every value keeps its line and column, limits
hold while reading, duplicate keys are refused with both places, and ten thousand records load in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from understudy.config.findings import on_one_line, shown
from understudy.config.scalars import resolve
from understudy.config.source import Entry, Node, Position
from understudy.model.errors import ConfigError, Problem

DEPTH_MAX = 32  # chosen: the deepest useful file has about 10
VALUES_MAX = 2_000_000  # chosen: a quarter million records; a bomb of aliases passes it at its second stage

_STR_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"
_WORDS = frozenset(("plain", "quoted"))

# After these the values are still whole: what a duplicate key says stands in its first place.
_HARMLESS = frozenset(("key.duplicate", "yaml.documents"))


class YamlEvent(NamedTuple):
    """`kind`: document, mapping, sequence, end, plain (a word whose value its looks decide), quoted, alias.

    `anchor` is the node's own name, or whom an alias names. `is_bare`: a word that is not quoted, tagged or not.
    """

    kind: str
    line: int
    column: int
    text: str
    anchor: str | None = None
    tag: str | None = None
    is_bare: bool = False


class Composer:
    """Builds the tree. Duplicate keys and their like are collected."""

    def __init__(self, file: Path, events: Iterator[YamlEvent]) -> None:
        self._file = file
        self._events = events
        self._anchors: dict[str, Node] = {}
        self.problems: list[Problem] = []

    def compose(self) -> Node:
        """The root of the only document; an empty file is an empty mapping.

        Raises ConfigError for what leaves holes in the tree; the other `problems` are the caller's to tell.
        """
        root = self._document()
        if any(problem.code not in _HARMLESS for problem in self.problems):
            raise self.refusal()
        return root

    def refusal(self) -> ConfigError:
        """All problems, in file order."""
        return ConfigError(sorted(self.problems, key=lambda problem: (problem.line, problem.column)))

    def _document(self) -> Node:
        root = None
        for event in self._events:
            if event.kind != "document":
                continue
            if root is not None:
                self._refuse(_start(event), "yaml.documents", "a second document begins here; a file holds one")
                break
            root = self._node(next(self._events), 0)
        return root if root is not None and root.value is not None else Node(Position(1, 1), {})

    def _node(self, event: YamlEvent, depth: int) -> Node:
        position = _start(event)
        if event.kind in _WORDS and event.anchor is None and event.tag is None and depth <= DEPTH_MAX:
            return Node(position, resolve(event.text) if event.kind == "plain" else event.text)  # most values are words
        if depth > DEPTH_MAX:
            raise self._refusal_at(position, "yaml.depth", f"nested more than {DEPTH_MAX} deep")
        if event.kind == "alias":
            return self._alias(event, position)
        if event.tag is not None and event.tag not in {_STR_TAG, "!"}:
            self._refuse(position, "yaml.tag", f"the tag {shown(event.tag)} has no meaning here")
        node = self._untagged(event, position, depth)
        if node.size > VALUES_MAX:
            raise self._refusal_at(position, "yaml.too-large", f"more than {VALUES_MAX:,} values with aliases")
        self._remember(event, node)
        return node

    def _remember(self, event: YamlEvent, node: Node) -> None:
        """Keep an anchored node; only now that it is whole, so nothing can hold itself."""
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _untagged(self, event: YamlEvent, position: Position, depth: int) -> Node:
        kind = event.kind
        if kind == "plain":
            return Node(position, resolve(event.text))
        if kind == "mapping":
            return self._mapping(position, depth)
        if kind == "sequence":
            return self._sequence(position, depth)
        return Node(position, event.text)

    def _alias(self, event: YamlEvent, position: Position) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            self._refuse(position, "yaml.alias", f"no anchor '&{event.anchor}' was finished before this alias")
            return Node(position, None)
        return Node(position, node.value, node.size)

    def _sequence(self, position: Position, depth: int) -> Node:
        items = []
        for event in self._events:
            if event.kind == "end":
                break
            items.append(self._node(event, depth + 1))
        return Node(position, items, 1 + sum(item.size for item in items))

    def _mapping(self, position: Position, depth: int) -> Node:
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        for event in self._events:
            if event.kind == "end":
                break
            key = self._key(event, depth)
            node = self._node(next(self._events), depth + 1)
            if key == _MERGE and event.is_bare:
                merged.append(node)
            elif key is not None:
                self._enter(entries, key, Entry(_start(event), node))
        for node in merged:
            self._merge(entries, node)
        return Node(position, entries, 1 + sum(entry.node.size for entry in entries.values()))

    def _key(self, event: YamlEvent, depth: int) -> str | None:
        """A key's text, as it is written: `404` and `NO` are names too. None after a problem."""
        if event.kind in _WORDS:
            if event.anchor is not None:
                self._remember(event, Node(_start(event), event.text))
            return event.text
        node = self._node(event, depth + 1)
        if event.kind == "alias" and isinstance(node.value, str):
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

    def _refusal_at(self, position: Position, code: str, message: str) -> ConfigError:
        return ConfigError([Problem(str(self._file), *position, code, message)])


def _start(event: YamlEvent) -> Position:
    return Position(event.line, event.column)
