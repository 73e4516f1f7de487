"""Two readers of YAML: what the quick one takes, it understands exactly as the thorough one does, places included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.config.yaml_reader import read_plain
from understudy.config.yaml_thorough import read_thoroughly
from understudy.model.errors import ConfigError

ROOT = Path(__file__).parents[2]
FILE = Path("u.yaml")
EXAMPLES = sorted(ROOT.glob("examples/**/*.yaml"))
TEXTS = [
    *(file.read_text() for file in EXAMPLES),
    *re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "configure.md").read_text(), re.DOTALL),
]
TOKENS = [re.findall(r"\s+|[\w.-]+|.", text) for text in TEXTS]

# What readers of YAML differ about, and what stands beside it.
PIECES = [
    *("a", "key", "-1", "::1", ".5", "a#b", "a:b", "x'y'", "~", "<<", "=", "é", "日", "\U0001f600", "null", "0x1"),
    *(" ", "  ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\t", "\r\n", "\u2028", "\u00a0", "\u0085", "\ufeff"),
    *(": ", ":", "- ", "-", ", ", ",", "? ", "?", "[", "]", "{", "}", "[]", "{}", "|", "|\n", ">", "#", " # c", "#c"),
    *("'", '"', "''", "'x'", '"y"', '"\\n"', "\\", '"a":1', "'a':1", '"a": 1', "{a:1}", "{a}", "[a: b]", "[? a]"),
    *("&a ", "*a", "!!str ", "! ", "---", "...", "%", "@", "`", "a: 1", "b: {c: d}", "[a, b]", "a: b: c", "a\n b"),
    *("- - a", "a:\n- b", "a:\n-  b", "a:\n  - b\n", "a:\n    b: c\n  d: e", "-\n  a", "- # c\n  a", "{a\n: b}"),
]


def pieced() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(PIECES), min_size=1, max_size=10).map("".join)


@st.composite
def changed(draw: st.DrawFn) -> str:
    """A good file with a few things out of place."""
    tokens = list(draw(st.sampled_from(TOKENS)))
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(tokens) - 1))
        tokens[index : index + draw(st.integers(0, 2))] = [draw(st.sampled_from(PIECES))]
    return "".join(tokens)


@st.composite
def nested(draw: st.DrawFn) -> str:
    """Lists and mappings in both styles, indented as people do."""
    word = st.sampled_from(["a", "b c", "192.0.2.1", "'x: y'", '"# z"', "5s", "-1", "é"])
    value: st.SearchStrategy[list[str]] = word.map(lambda each: [each])
    for _ in range(3):
        value = st.one_of(value, _flow(value), _listed(value), _mapped(value))
    return "\n".join(draw(value)) + draw(st.sampled_from(["", "\n", "\n\n# end\n"]))


def _flow(value: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    single = value.filter(lambda lines: len(lines) == 1).map(lambda lines: lines[0])
    items = st.lists(single, max_size=3)
    return st.one_of(
        items.map(lambda each: [f"[{', '.join(each)}]"]),
        items.map(lambda each: ["{" + ", ".join(f"k{index}: {item}" for index, item in enumerate(each)) + "}"]),
        items.map(lambda each: ["[", *(f"  {item}," for item in each), "]"]),
    )


def _listed(value: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.lists(value, min_size=1, max_size=3).map(
        lambda items: [f"{'  ' if at else '- '}{line}" for item in items for at, line in enumerate(item)]
    )


def _mapped(value: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    indents = st.sampled_from(["", "  ", "    "])
    return st.lists(st.tuples(value, indents), min_size=1, max_size=3).map(
        lambda entries: [
            line
            for index, (lines, indent) in enumerate(entries)
            for line in (
                [f"k{index}: {lines[0]}"] if len(lines) == 1 else [f"k{index}:", *(indent + each for each in lines)]
            )
        ]
    )


def assert_alike(text: str) -> None:
    plain = read_plain(text)
    if plain is None:
        return
    try:
        root, problems = read_thoroughly(text, FILE)
    except ConfigError as error:
        pytest.fail(f"only one of them reads {text!r}: {error}")
    assert (plain, problems) == (root, ())


@settings(max_examples=1500, deadline=None)
@given(text=st.one_of(pieced(), changed(), nested()))
def test_what_is_read_quickly_is_read_as_thoroughly(text: str) -> None:
    assert_alike(text)


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=" \n:-[]{}&*!|>'\"%#,?a1<\t.~@`=/\\", max_size=16))
def test_any_characters_are_read_alike_or_thoroughly(text: str) -> None:
    assert_alike(text)


@pytest.mark.parametrize("text", TEXTS)
def test_documented_files_are_read_alike(text: str) -> None:
    assert_alike(text)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_examples_are_written_plainly(file: Path) -> None:
    assert read_plain(file.read_text()) is not None
