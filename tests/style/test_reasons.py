"""Whoever silences a rule says why, beside it: noqa, type: ignore, pragma, #[allow], unsafe, the linters' lists."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

_SILENCER = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no\s*cover|ruff:\s*noqa)\b:?\s*(?P<rest>.*)", re.IGNORECASE
)
_CODES = re.compile(r"^(?:\[[\w\-, ]+\]|[A-Z]+\d*(?:[, ]+[A-Z]+\d+)*)?")
_ALLOW = re.compile(r"#!?\[(?:cfg_attr\([^]]*?)?(?:allow|expect)\((?P<inside>[^]]*)\)\]")
_REASON = re.compile(r"\breason\s*=\s*\"[^\"]{8,}\"")
_RULE_IGNORED = re.compile(r"^\s*\"[A-Z]+\d*\"|=\s*\[\s*\"[A-Z]+\d+\"|=\s*\"allow\"|level\s*=\s*\"allow\"")
_UNSAFE = re.compile(r"\bunsafe\s*(?:\{|impl\b)")
REASON_LETTERS_MIN = 6  # chosen: shorter than that is a code or a shrug


def _is_reason(text: str) -> bool:
    """Some words, or a reference to the entry that has them (`as EM`)."""
    return len(re.sub(r"[^A-Za-z]", "", text)) >= REASON_LETTERS_MIN or bool(re.fullmatch(r"\s*as [A-Z]+\d*", text))


def unreasoned_in_python(text: str) -> Iterator[int]:
    """Lines with a silencer that is followed by no reason. Comments only: text that speaks of noqa is no silencer."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        found = _SILENCER.search(token.string)
        if found and not _is_reason(_CODES.sub("", found["rest"], count=1)):
            yield token.start[0]


def unreasoned_in_rust(text: str, code: str) -> Iterator[int]:
    """Lines with an allowance or an unsafe block that no comment explains. `code` is `text` blanked."""
    lines = text.splitlines()
    for found in _ALLOW.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        last = text.count("\n", 0, found.end()) + 1
        is_code = code[found.start()] == "#"
        if is_code and not _REASON.search(found["inside"]) and not _is_explained(lines, line, last):
            yield line
    for found in _UNSAFE.finditer(code):
        line = code.count("\n", 0, found.start()) + 1
        if not any("SAFETY:" in above for above in lines[max(0, line - 6) : line]):
            yield line


def _is_explained(lines: list[str], first: int, last: int) -> bool:
    """By a comment at the end of the attribute, or by one on the line above it."""
    _, _, beside = lines[last - 1].partition("//")
    above = lines[first - 2].strip() if first > 1 else ""
    return _is_reason(beside) or (above.startswith("//") and not above.startswith("///") and _is_reason(above))


def unreasoned_in_settings(text: str) -> Iterator[int]:
    """Lines of a TOML file that switch a lint off and say nothing."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        section = line if line.startswith("[") else section
        is_lint = "lint" in section and "importlinter" not in section
        if is_lint and _RULE_IGNORED.search(line) and not _is_reason(line.partition("#")[2]):
            yield number


def test_every_silenced_rule_has_its_reason_beside_it(
    texts: Mapping[Path, str], rust_code: Callable[[str], str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    found: list[tuple[Path, int]] = []
    for path, text in texts.items():
        if path.suffix in {".py", ".pyi"} and _SILENCER.search(text):
            found += [(path, line) for line in unreasoned_in_python(text)]
        elif path.suffix == ".rs":
            found += [(path, line) for line in unreasoned_in_rust(text, rust_code(text))]
        elif path.name in {"pyproject.toml", "Cargo.toml"}:
            found += [(path, line) for line in unreasoned_in_settings(text)]
    nothing_found(f"{path}:{line}: a rule is silenced without a reason" for path, line in found)


def test_silencers_without_a_reason_in_python_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("reasons.py")
    assert set(unreasoned_in_python(text)) == rejected


def test_silencers_without_a_reason_in_rust_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]], rust_code: Callable[[str], str]
) -> None:
    text, rejected = sample("reasons.rs")
    assert set(unreasoned_in_rust(text, rust_code(text))) == rejected


def test_silencers_without_a_reason_in_settings_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("reasons.toml")
    assert set(unreasoned_in_settings(text)) == rejected
