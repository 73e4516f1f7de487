"""Every code that the program says is in docs/errors.md with what to do; the page has no code that is never said."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

PAGE = Path("docs/errors.md")
SOURCE = Path("src/understudy")
WITHOUT_CODES = tuple(SOURCE / name for name in ("testing", "telemetry", "config/plan.py", "config/plan_fields.py"))
"""What says no codes, although dotted words stand in it."""

_CODE = re.compile(r"[a-z]+(?:[-_][a-z]+)*\.[a-z]+(?:[-_][a-z0-9]+)*")
_FAMILY = re.compile(r"(?:[a-z]+(?:-[a-z]+)*|\*)\.(?:[a-z]+(?:-[a-z]+)*|\*)")
_NO_CODE = re.compile(r"^understudy\.|\.(?:ya?ml|json|db|sock|lock|log|conf|zone|md|py|sql|tmp)$")
_ROW = re.compile(r"^\| `(?P<code>[a-z.*_-]+)` \|(?P<text>[^|]*)\|(?P<remedy>[^|]*)\|$", re.MULTILINE)
_RUST_CODE = re.compile(r"\"(?P<code>(?:zone|transfer)(?:\.[a-z-]+)+)\"")


def exceptions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, code) of each class that has one of its own."""
    for node in ast.walk(tree):
        for statement in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "code":
                yield statement.lineno, ast.literal_eval(statement.value)


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, code) of each text that has the form of a code; `{...}` of an f-string is a `*`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            if not _NO_CODE.search(node.value):
                yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            family = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
            if _FAMILY.fullmatch(family):
                yield node.lineno, family


def assembled(trees: Iterable[ast.Module]) -> set[str]:
    """Codes that a `*.*` may give: both words stand as texts in the same module."""
    codes: set[str] = set()
    for tree in trees:
        if any(family == "*.*" for _, family in literals(tree)):
            texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            words = {text for text in texts if isinstance(text, str) and text.isalpha()}
            codes |= {f"{first}.{second}" for first in words for second in words}
    return codes


def documented(page: str) -> dict[str, tuple[str, str]]:
    """code -> (what it means, what to do)."""
    return {row["code"]: (row["text"].strip(), row["remedy"].strip()) for row in _ROW.finditer(page)}


@pytest.fixture(scope="module")
def said(trees: Mapping[Path, ast.Module], rust: Mapping[Path, str]) -> dict[str, str]:
    """code -> the first place that says it."""
    found: list[tuple[str, str]] = []
    for path, tree in trees.items():
        if SOURCE in path.parents and not any(path.is_relative_to(other) for other in WITHOUT_CODES):
            found += [(code, f"{path}:{line}") for line, code in (*exceptions(tree), *literals(tree))]
    for path, text in rust.items():
        codes = [(match["code"], text.count("\n", 0, match.start()) + 1) for match in _RUST_CODE.finditer(text)]
        found += [(code, f"{path}:{line}") for code, line in codes]
    return {code: place for code, place in reversed(found) if code != "*.*"}


def is_covered(code: str, rows: Iterable[str]) -> bool:
    """Whether a row is this code's, or that of its family."""
    return any(fnmatchcase(code, row) for row in rows)


def test_every_code_that_is_said_is_on_the_page(
    said: Mapping[str, str], texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    rows = documented(texts[PAGE])
    nothing_found(f"{place}: '{code}' is not in {PAGE}" for code, place in said.items() if not is_covered(code, rows))


def test_every_code_on_the_page_is_said_somewhere(
    trees: Mapping[Path, ast.Module],
    said: Mapping[str, str],
    texts: Mapping[Path, str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    sayable = said.keys() | assembled(tree for path, tree in trees.items() if SOURCE in path.parents)
    nothing_found(f"{PAGE}: '{code}' is said nowhere" for code in documented(texts[PAGE]) if code not in sayable)


def test_every_code_stands_once_with_its_meaning(texts: Mapping[Path, str]) -> None:
    rows = [row["code"] for row in _ROW.finditer(texts[PAGE])]
    assert [code for code, count in Counter(rows).items() if count > 1] == []
    assert [code for code, (text, _) in documented(texts[PAGE]).items() if not text] == []


def test_the_words_of_a_code_are_joined_by_hyphens(
    said: Mapping[str, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    """Before the first dot may stand a key of the configuration, in its own spelling."""
    codes = said.items()
    nothing_found(f"{place}: '{code}' has an underscore" for code, place in codes if "_" in code.partition(".")[2])


def test_no_two_exceptions_share_a_code(trees: Mapping[Path, ast.Module]) -> None:
    codes = Counter(code for path, tree in trees.items() if SOURCE in path.parents for _, code in exceptions(tree))
    assert codes
    assert [code for code, count in codes.items() if count > 1] == []


def test_codes_that_are_not_documented_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("codes.py")
    tree = ast.parse(text)
    page = (
        "| `store` | the disk | look |",
        "| `connect.refused` | nobody listens | start |",
        "| `timeout.*` | late | wait |",
    )
    rows = documented("\n".join(page))
    assert {line for line, code in (*exceptions(tree), *literals(tree)) if not is_covered(code, rows)} == rejected
