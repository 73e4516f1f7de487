"""Names say what a thing is: no Manager or Helper, no synonym of the vocabulary; tests' names are sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

NOT_YET_FOUND = {
    "manager",
    "helper",
    "util",
    "utils",
    "base",
    "handler",
    "data",
    "info",
    "helpers",
    "managers",
    "handlers",
}
"""Words that mean that the thing was not found yet, at either end of the name of a type or module."""

SYNONYMS = re.compile(
    r"(?:^|_)(?:backends?|health_?checks?|health_?checkers?|(?:probe|check)_results?|slaves?|masters?(?!_?files?)"
    r"|failover_groups?|answer_groups?|load_balancers?|vantage_points?|origin_servers?|white_?lists?|black_?lists?)(?:_|$)"
)
"""Other systems' words for endpoint, check, observation, primary, secondary, tiers; a master file is RFC 1035's."""

SENTENCE_WORDS_MIN = 3

Named: TypeAlias = tuple[int, str]
"""(line, name)"""

_RUST_TYPE = re.compile(r"\b(?:struct|enum|trait|union|type|mod)\s+(\w+)")
_RUST_NAME = re.compile(
    r"\b(?:fn|struct|enum|trait|union|type|mod|const|static|let|let mut|for)\s+(\w+)|\b(\w+)\s*:(?!:)"
)
_RUST_TEST = re.compile(r"#\[test\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?fn\s+(\w+)")


def words(name: str) -> list[str]:
    """`ZoneFileError` and `zone_file_error` alike: their words in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def is_vague(name: str) -> bool:
    """Whether either end is a word that says nothing."""
    parts = words(name)
    return bool(parts) and (parts[0] in NOT_YET_FOUND or parts[-1] in NOT_YET_FOUND)


def is_synonym(name: str) -> bool:
    """Whether it holds a word for which the vocabulary has another."""
    return bool(SYNONYMS.search("_".join(words(name))))


def is_sentence(name: str) -> bool:
    """Whether a test's name is more than a label."""
    return len(name.removeprefix("test_").split("_")) >= SENTENCE_WORDS_MIN


def python_types(tree: ast.Module) -> Iterator[Named]:
    """Classes that a module defines."""
    return ((node.lineno, node.name) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def python_names(tree: ast.Module) -> Iterator[Named]:
    """Names that a module gives: what it only uses of others is theirs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def python_tests(tree: ast.Module) -> Iterator[Named]:
    """Test functions of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name


def rust_matches(pattern: re.Pattern[str], code: str) -> Iterator[Named]:
    """Names in a source whose comments and literals are blanked."""
    for found in pattern.finditer(code):
        group = next(number for number, name in enumerate(found.groups(), start=1) if name)
        yield code.count("\n", 0, found.start(group)) + 1, found.group(group)


def test_no_type_or_module_has_a_vague_name(
    trees: Mapping[Path, ast.Module],
    rust: Mapping[Path, str],
    rust_code: Callable[[str], str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    modules = [(path, 1, path.stem) for path in (*trees, *rust)]
    types = [(path, *named) for path, tree in trees.items() for named in python_types(tree)]
    types += [(path, *named) for path, text in rust.items() for named in rust_matches(_RUST_TYPE, rust_code(text))]
    nothing_found(
        f"{path}:{line}: '{name}' does not say what the thing is"
        for path, line, name in modules + types
        if is_vague(name)
    )


def test_no_name_in_the_code_is_a_synonym_of_the_vocabulary(
    trees: Mapping[Path, ast.Module],
    rust: Mapping[Path, str],
    rust_code: Callable[[str], str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    names = [(path, 1, path.stem) for path in (*trees, *rust)]
    names += [(path, *named) for path, tree in trees.items() for named in python_names(tree)]
    names += [(path, *named) for path, text in rust.items() for named in rust_matches(_RUST_NAME, rust_code(text))]
    nothing_found(
        f"{path}:{line}: '{name}': the vocabulary has another word" for path, line, name in names if is_synonym(name)
    )


def test_the_name_of_every_test_is_a_sentence(
    trees: Mapping[Path, ast.Module],
    rust: Mapping[Path, str],
    rust_code: Callable[[str], str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    tests = [(path, *named) for path, tree in trees.items() if path.parts[0] == "tests" for named in python_tests(tree)]
    tests += [(path, *named) for path, text in rust.items() for named in rust_matches(_RUST_TEST, rust_code(text))]
    assert tests
    nothing_found(f"{path}:{line}: '{name}' is no sentence" for path, line, name in tests if not is_sentence(name))


def test_vague_names_synonyms_and_labels_in_python_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("names.py")
    tree = ast.parse(text)
    found = {line for line, name in python_types(tree) if is_vague(name)}
    found |= {line for line, name in python_names(tree) if is_synonym(name)}
    found |= {line for line, name in python_tests(tree) if not is_sentence(name)}
    assert found == rejected


def test_vague_names_synonyms_and_labels_in_rust_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]], rust_code: Callable[[str], str]
) -> None:
    text, rejected = sample("names.rs")
    code = rust_code(text)
    found = {line for line, name in rust_matches(_RUST_TYPE, code) if is_vague(name)}
    found |= {line for line, name in rust_matches(_RUST_NAME, code) if is_synonym(name)}
    found |= {line for line, name in rust_matches(_RUST_TEST, code) if not is_sentence(name)}
    assert found == rejected
