"""Ceilings for Rust: a file has 600 lines, a function 50 lines of code (comments and empty lines not counted)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 50
EXCEPTIONS = Path("tests/style/exceptions.toml")

Measure: TypeAlias = tuple[str, int, int]
"""(function or "", line, lines)"""

_FUNCTION = re.compile(r"\bfn\s+(\w+)")


def _body(code: str, start: int) -> str | None:
    """What stands between a function's braces; None for a declaration without a body."""
    opening = re.compile(r"[{;]").search(code, start)
    # `;` also stands in array types of a signature, such as [u8; 4]
    while (
        opening
        and opening.group() == ";"
        and code.count("[", start, opening.start()) > code.count("]", start, opening.start())
    ):
        opening = re.compile(r"[{;]").search(code, opening.end())
    if not opening or opening.group() == ";":
        return None
    depth = 0
    for brace in re.compile(r"[{}]").finditer(code, opening.start()):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return code[opening.end() : brace.start()]
    return None


def measure(code: str) -> Iterator[Measure]:
    """Of a source whose comments and literals are blanked: the file's lines, then each function's."""
    yield "", 1, len(code.splitlines())
    for function in _FUNCTION.finditer(code):
        body = _body(code, function.end())
        if body is not None:
            lines = sum(bool(line.strip()) for line in body.splitlines())
            yield function.group(1), code.count("\n", 0, function.start()) + 1, lines


def above_ceiling(code: str) -> list[Measure]:
    """Those that exceed it."""
    return [(name, line, lines) for name, line, lines in measure(code) if lines > _ceiling(name)]


def _ceiling(name: str) -> int:
    return FUNCTION_LINES_MAX if name else FILE_LINES_MAX


def _listed(text: str) -> dict[tuple[str, str], int]:
    return {(entry["file"], entry["name"]): entry["value"] for entry in tomllib.loads(text).get("rust", [])}


def test_no_file_or_function_exceeds_its_ceiling(
    rust: Mapping[Path, str],
    rust_code: Callable[[str], str],
    texts: Mapping[Path, str],
    nothing_found: Callable[[Iterable[str]], None],
) -> None:
    listed = _listed(texts[EXCEPTIONS])
    found = []
    for path, text in rust.items():
        for name, line, lines in above_ceiling(rust_code(text)):
            most = listed.get((str(path), name), _ceiling(name))
            if lines > most:
                found.append(f"{path}:{line}: {name or 'the file'} has {lines} lines; {most} is the most")
    nothing_found(found)


def test_every_listed_exception_is_still_needed(
    rust: Mapping[Path, str], rust_code: Callable[[str], str], texts: Mapping[Path, str]
) -> None:
    needed = {(str(path), found[0]) for path, text in rust.items() for found in above_ceiling(rust_code(text))}
    assert set(_listed(texts[EXCEPTIONS])) <= needed, "these exceptions can go from the list"


def test_a_function_above_its_ceiling_is_rejected(
    sample: Callable[[str], tuple[str, set[int]]], rust_code: Callable[[str], str]
) -> None:
    text, rejected = sample("ceilings.rs")
    assert [(name, line) for name, line, _ in above_ceiling(rust_code(text))] == [
        ("fifty_one", line) for line in rejected
    ]


def test_a_file_above_its_ceiling_is_rejected() -> None:
    assert above_ceiling("\n" * 601) == [("", 1, 601)]
    assert not above_ceiling("\n" * 600)
