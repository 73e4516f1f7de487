"""What the quick reader leaves to the thorough one although it could read it, and what the tree keeps of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config import yaml_composer
from understudy.config.source import Node
from understudy.config.yaml_composer import DEPTH_MAX
from understudy.config.yaml_reader import read_octets, read_plain
from understudy.model.errors import ConfigError

FILE = Path("u.yaml")


def value_at(text: str, key: str) -> object:
    root = read_octets(text.encode(), FILE).root.value
    assert isinstance(root, dict)
    found: Node = root[key].node
    return found.value


@pytest.mark.parametrize(
    "text",
    ["a: 1\na: 2\n", "[" * (DEPTH_MAX + 2) + "]" * (DEPTH_MAX + 2), "? a\n: b\n", "a: [b", "a: &b c", "<<: {a: 1}\n"],
)
def test_every_fault_and_every_doubt_is_the_thorough_readers(text: str) -> None:
    assert read_plain(text) is None


@pytest.mark.parametrize("text", ["'<<': {a: 1}", '"<<": {a: 1}'])
def test_a_merge_key_in_quotes_is_a_name_for_both_readers(text: str) -> None:
    assert read_plain(text) is not None
    assert isinstance(value_at(text, "<<"), dict)
    assert isinstance(value_at(f"{text}\nb: &c d\n", "<<"), dict)


def test_a_key_may_be_an_anchor() -> None:
    assert value_at("&a name: 1\nother: *a\n", "other") == "name"


def test_values_are_counted_to_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_composer, "VALUES_MAX", 5)
    assert isinstance(read_octets(b"[1, 2, 3, 4]", FILE).root.value, list)
    with pytest.raises(ConfigError) as refusal:
        read_octets(b"[1, 2, 3, 4, 5]", FILE)
    assert [problem.code for problem in refusal.value.problems] == ["yaml.too-large"]
