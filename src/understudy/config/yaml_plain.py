"""The tree of a text that is written plainly, by the events of the engine's reader: no anchors, tags or merges.

It does what `yaml_composer.py` does for any text, faster. Whatever is wrong is a doubt here, and is found and told
by the thorough reader (ADR 0032).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from understudy.config import yaml_composer
from understudy.config.scalars import resolve
from understudy.config.source import Entry, Node, Position
from understudy.engine import PlainYaml

_Event: TypeAlias = tuple[str, int, int, str]
"""Kind, line, column, text."""
_NextEvent: TypeAlias = Callable[[], _Event | None]

_END = ("end", 0, 0, "")


def compose_plain(text: str) -> Node:
    """The root. Raises ValueError where there is a doubt or a fault."""
    next_event = PlainYaml(text).next_event
    first = next_event()
    root = None if first is None else _node(next_event() or _END, next_event, 0)
    for event in iter(next_event, None):
        if event[0] == "document":
            raise ValueError("a second document")
    if root is None or root.value is None:
        return Node(Position(1, 1), {})
    if root.size > yaml_composer.VALUES_MAX:
        raise ValueError("too many values")
    return root


def _node(event: _Event, next_event: _NextEvent, depth: int) -> Node:
    kind, line, column, text = event
    if depth > yaml_composer.DEPTH_MAX:
        raise ValueError("nested too deep")
    if kind == "plain":
        return Node(Position(line, column), resolve(text))
    if kind == "quoted":
        return Node(Position(line, column), text)
    if kind == "mapping":
        return _mapping(Position(line, column), next_event, depth + 1)
    if kind == "sequence":
        return _sequence(Position(line, column), next_event, depth + 1)
    raise ValueError("no value")


def _sequence(position: Position, next_event: _NextEvent, depth: int) -> Node:
    items: list[Node] = []
    size = 1
    while (event := next_event() or _END)[0] != "end":
        items.append(item := _node(event, next_event, depth))
        size += item.size
    return Node(position, items, size)


def _mapping(position: Position, next_event: _NextEvent, depth: int) -> Node:
    entries: dict[str, Entry] = {}
    size = 1
    while (event := next_event() or _END)[0] != "end":
        kind, line, column, key = event
        if key in entries or kind not in {"plain", "quoted"}:
            raise ValueError("a key twice, or one that is no word")
        node = _node(next_event() or _END, next_event, depth)
        entries[key] = Entry(Position(line, column), node)
        size += node.size
    return Node(position, entries, size)
