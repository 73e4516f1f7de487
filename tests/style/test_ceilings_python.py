"""Ceilings for Python: a module has 400 lines, a function 30 statements, 5 parameters, nesting 3, complexity 8."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

CEILINGS = {"lines": 400, "statements": 30, "parameters": 5, "positional": 3, "nesting": 3, "complexity": 8}
EXCEPTIONS = Path("tests/style/exceptions.toml")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Measure: TypeAlias = tuple[str, str, int, int]
"""(function or "", rule, line, value)"""

_COMMANDS = Path("src/understudy/cli")
_OPTION = re.compile(r"\btyper\.|(?:Option|Argument)\b")
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function with its qualified name, also methods and functions in functions."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
        inner = f"{prefix}{child.name}." if isinstance(child, Function | ast.ClassDef) else prefix
        yield from _functions(child, inner)


def _own(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes defined in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _statements(function: Function) -> int:
    is_documented = ast.get_docstring(function, clean=False) is not None
    return sum(isinstance(node, ast.stmt) for node in _own(function)) - is_documented


def _complexity(function: Function) -> int:
    """Cyclomatic: one, and one more for each statement where the way forks (the linter counts alike)."""
    return 1 + sum(isinstance(node, _BRANCHES) for node in _own(function))


def _nesting(body: list[ast.stmt]) -> int:
    """Blocks in blocks; `elif` is the same level as its `if`."""
    return max((_depth(statement) for statement in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, _BLOCKS):
        return 0
    if isinstance(statement, ast.If) and len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
        return max(1 + _nesting(statement.body), _depth(statement.orelse[0]))
    parts = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    bodies = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")] + [
        part.body for part in parts
    ]
    return 1 + max(_nesting(body) for body in bodies)


def _has_free_parameters(function: Function, path: Path) -> bool:
    """A command of typer has as many parameters as it has options, a test as many as it has fixtures and columns."""
    if path.parts[0] == "tests" or _COMMANDS not in path.parents:
        return path.parts[0] == "tests"
    annotations = [ast.unparse(argument.annotation) for argument in _arguments(function) if argument.annotation]
    is_public = not function.name.startswith("_")
    return is_public and any(_OPTION.search(annotation) for annotation in annotations)


def _arguments(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _parameters(function: Function) -> tuple[int, int]:
    """(all, positional), `self` and `cls` not counted."""
    arguments = function.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    positional = positional[1:] if positional[:1] in (["self"], ["cls"]) else positional
    return len(positional) + len(arguments.kwonlyargs), len(positional)


def measure(tree: ast.Module, lines: int, path: Path) -> Iterator[Measure]:
    """Every measure of a module that has a ceiling."""
    yield "", "lines", 1, lines
    for name, function in _functions(tree):
        yield name, "statements", function.lineno, _statements(function)
        yield name, "nesting", function.lineno, _nesting(function.body)
        yield name, "complexity", function.lineno, _complexity(function)
        if not _has_free_parameters(function, path):
            everything, positional = _parameters(function)
            yield name, "parameters", function.lineno, everything
            yield name, "positional", function.lineno, positional


def above_ceiling(tree: ast.Module, lines: int, path: Path) -> list[Measure]:
    """Those that exceed it."""
    return [found for found in measure(tree, lines, path) if found[3] > CEILINGS[found[1]]]


def _listed(text: str) -> dict[tuple[str, str, str], int]:
    """The excepted (file, function, rule) with the value that each had when it was listed."""
    entries = tomllib.loads(text).get("python", [])
    return {(entry["file"], entry["name"], entry["rule"]): entry["value"] for entry in entries}


@pytest.fixture(scope="module")
def exceeded(trees: Mapping[Path, ast.Module], python: Mapping[Path, str]) -> Mapping[Path, list[Measure]]:
    """What exceeds a ceiling, by module."""
    return {path: above_ceiling(tree, len(python[path].splitlines()), path) for path, tree in trees.items()}


def test_no_module_or_function_exceeds_its_ceiling(
    exceeded: Mapping[Path, list[Measure]],
    texts: Mapping[Path, str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    listed = _listed(texts[EXCEPTIONS])
    found = []
    for path, measures in exceeded.items():
        for name, rule, line, value in measures:
            most = listed.get((str(path), name, rule), CEILINGS[rule])
            if value > most:
                found.append(f"{path}:{line}: {name or 'the module'} has {rule} {value}; {most} is the most")
    nothing_found(found)


def test_every_listed_exception_is_still_needed(
    exceeded: Mapping[Path, list[Measure]], texts: Mapping[Path, str]
) -> None:
    needed = {(str(path), name, rule) for path, measures in exceeded.items() for name, rule, _, _ in measures}
    assert set(_listed(texts[EXCEPTIONS])) <= needed, "these exceptions can go from the list"


def test_a_function_above_each_ceiling_is_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("ceilings.py")
    found = above_ceiling(ast.parse(text), 1, Path("src/understudy/sample.py"))
    assert {line for _, _, line, _ in found} == rejected
    assert {rule for _, rule, _, _ in found} == set(CEILINGS) - {"lines"}


def test_a_module_above_its_ceiling_is_rejected() -> None:
    path, empty = Path("src/understudy/sample.py"), ast.Module([], [])
    assert above_ceiling(empty, 401, path) == [("", "lines", 1, 401)]
    assert not above_ceiling(empty, 400, path)
