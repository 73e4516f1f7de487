"""A configuration file as a tree of values that know where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeAlias

from understudy.model.errors import Problem
from understudy.model.frozen import frozen

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way from the root to a value: keys of mappings, indexes of lists (from 0)."""

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None
"""A value without its place."""


class Position(NamedTuple):
    """Both count from 1."""

    line: int
    column: int


class Entry(NamedTuple):
    """One key of a mapping: where the key stands, and its value."""

    key: Position
    node: Node


class Node(NamedTuple):
    """A value and where it begins; `size` counts the values in it, those behind aliases again at each use."""

    position: Position
    value: bool | int | float | str | list[Node] | dict[str, Entry] | None
    size: int = 1

    def plain(self) -> Plain:
        """The value without places; aliases are written out."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@frozen
class Source:
    """One file's text and its values. `problems` are those faults of the writing that leave the values whole."""

    file: Path
    text: str
    root: Node
    problems: tuple[Problem, ...] = ()

    def position(self, path: KeyPath) -> Position:
        """Where the value of `path` stands.

        Steps that the file does not have, such as keys left out in a shorthand, are passed over. A value that begins on
        a line below its key is shown by its key, because that is where a reader looks.
        """
        node, shown = self.root, self.root.position
        for step in path:
            found = _child(node, step)
            if found is None:
                continue
            key, node = found
            shown = key if key.line != node.position.line else node.position
        return shown

    def key_position(self, path: KeyPath) -> Position:
        """Where the last key of `path` itself stands; as `position` where the file does not have it."""
        node, key = self.root, None
        for step in path:
            found = _child(node, step)
            key, node = found if found is not None else (None, node)
        return key if key is not None else self.position(path)


def _child(node: Node, step: str | int) -> tuple[Position, Node] | None:
    """A key's or an item's own position, and its value."""
    if isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
        entry = node.value[step]
        return entry.key, entry.node
    if isinstance(node.value, list) and isinstance(step, int) and 0 <= step < len(node.value):
        item = node.value[step]
        return item.position, item
    return None
