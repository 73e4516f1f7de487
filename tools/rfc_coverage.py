"""Writes docs/rfc-coverage.md: section of an RFC, what it demands, the modules and the tests that cite it.

`--check` writes nothing and says what is wrong: a page that is not current, a section of tools/rfc_sections.toml that
no module or no test cites, or one that a module cites and no test. Citations are words in comments ("RFC 6891 section
6.1.1", "RFC 2308 3 and 5").
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

Section: TypeAlias = tuple[int, str]
"""(number of the RFC, section; empty for the document as a whole)"""

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path("docs/rfc-coverage.md")
LIST = Path("tools/rfc_sections.toml")
REFERENCE = Path("src/understudy/testing/reference")

MODULES = ("crates/*/src/**/*.rs", "src/understudy/**/*.py")
TESTS = ("crates/*/tests/**/*.rs", "crates/*/tests/**/*.txt", "tests/**/*.py", "tests/**/*.story", "fuzz/src/**/*.rs")

_NUMBER = r"(?:\d{1,2}(?:\.\d+)*|[A-Z])(?!\d)"  # three digits are another RFC
_NUMBERS = rf"{_NUMBER}(?:(?:,| and| to| or) {_NUMBER})*"
_CITED = re.compile(rf"\bRFC (?P<rfc>\d{{3,5}})(?:,? (?:sections? |appendix )?(?P<sections>{_NUMBERS})\b)?(?! ?octets)")
_LEADER = re.compile(r"\s*\n\s*(?:///?!?|#+|\*)?\s*")
_RUST_TESTS = re.compile(r"^#\[cfg\(test\)\]\nmod \w+ \{$.*", re.MULTILINE | re.DOTALL)

_REMEDY = "cite it in the test that would fail without it, and write that test if there is none"

_HEAD = """\
# Coverage of the RFCs

Made by `make docs` from [the list of sections that matter](../tools/rfc_sections.toml) and from the citations in the
sources. The reference answerer (`testing/reference`) is written from the RFCs alone, and
[a property test](../tests/property/test_answer_laws.py) holds the engine against it; so what it cites counts as tested.
"""


@dataclass
class Citations:
    """Which files cite a section."""

    modules: dict[Section, set[Path]] = field(default_factory=lambda: defaultdict(set))
    tests: dict[Section, set[Path]] = field(default_factory=lambda: defaultdict(set))


def cited(text: str) -> Iterator[Section]:
    """The sections that a text cites, in its comments or elsewhere."""
    for found in _CITED.finditer(_LEADER.sub(" ", text)):
        rfc = int(found["rfc"])
        if not found["sections"]:
            yield rfc, ""
            continue
        numbers = re.split(r"(,| and| to| or) ", found["sections"])
        for index in range(0, len(numbers), 2):
            yield rfc, numbers[index]
            if index and numbers[index - 1] == " to":
                yield from ((rfc, between) for between in _between(numbers[index - 2], numbers[index]))


def _between(first: str, last: str) -> Iterator[str]:
    """6.2.4, between 6.2.3 and 6.2.5."""
    head, _, start = first.rpartition(".")
    tail, _, end = last.rpartition(".")
    if head == tail and start.isdigit() and end.isdigit():
        yield from (f"{head}.{number}" for number in range(int(start) + 1, int(end)))


def collect(root: Path) -> Citations:
    """Read every source."""
    citations = Citations()
    for path in _matching(root, MODULES):
        text = (root / path).read_text(encoding="utf-8")
        is_reference = REFERENCE in path.parents
        if path.suffix == ".rs":
            for found in _RUST_TESTS.finditer(text):
                _note(citations.tests, path, found.group())
            text = _RUST_TESTS.sub("", text)
        if is_reference:
            _note(citations.tests, path, text)
        elif Path("src/understudy/testing") not in path.parents:
            _note(citations.modules, path, text)
    for path in _matching(root, TESTS):
        if Path("tests/style") not in path.parents:
            _note(citations.tests, path, (root / path).read_text(encoding="utf-8"))
    return citations


def _matching(root: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({path.relative_to(root) for pattern in patterns for path in root.glob(pattern)})


def _note(citations: dict[Section, set[Path]], path: Path, text: str) -> None:
    for section in cited(text):
        citations[section].add(path)


def citing(citations: Mapping[Section, set[Path]], section: Section) -> list[Path]:
    """The files that cite the section or a part of it; any part, for a document as a whole."""
    rfc, number = section
    is_part = re.compile(rf"{re.escape(number)}(\..+)?$" if number else ".*")
    found = (files for (other, part), files in citations.items() if other == rfc and is_part.match(part))
    return sorted(set().union(*found))


def gaps(rfcs: Mapping[str, Any], citations: Citations) -> Iterator[str]:
    """Sections of the list that no module or no test cites, and others that a module cites and no test."""
    kinds = (("module", citations.modules), ("test", citations.tests))
    listed = {(int(rfc), number): None for rfc, entry in rfcs.items() for number in entry["sections"]}
    for section, (kind, files) in product(listed, kinds):
        if not citing(files, section):
            yield f"RFC {section[0]} section {section[1] or '(whole)'}: no {kind} cites it"
    for rfc, number in sorted(citations.modules, key=_order):
        if number and (rfc, number) not in listed and not citing(citations.tests, (rfc, number)):
            modules = ", ".join(path.as_posix() for path in sorted(citations.modules[rfc, number]))
            yield f"RFC {rfc} section {number}: {modules} cites it and no test does; {_REMEDY}"


def render(rfcs: Mapping[str, Any], citations: Citations) -> str:
    """The page."""
    parts = [_HEAD]
    for rfc, entry in sorted(rfcs.items(), key=lambda item: int(item[0])):
        parts.append(f"## RFC {rfc}: {entry['title']}\n")
        parts.append("| section | demands | modules | tests |\n|---|---|---|---|")
        for number, demand in entry["sections"].items():
            section = (int(rfc), number)
            row = (number or "all", demand, _links(citations.modules, section), _links(citations.tests, section))
            parts.append("| " + " | ".join(row) + " |")
        parts.append("")
    parts.append(_others(rfcs, citations))
    return "\n".join(parts)


def _links(citations: Mapping[Section, set[Path]], section: Section) -> str:
    return ", ".join(f"[{_short(path)}](../{path.as_posix()})" for path in citing(citations, section)) or "**none**"


def _short(path: Path) -> str:
    """`answer/resolve.rs`, `answer: zones.txt`: what tells a file from the others in its column."""
    parts = [part for part in path.parts if part not in {"crates", "src", "understudy", "tests", "stories", "testing"}]
    return "/".join(parts)


def _others(rfcs: Mapping[str, Any], citations: Citations) -> str:
    """What modules of the engine cite besides."""
    listed = {(int(rfc), number) for rfc, entry in rfcs.items() for number in entry["sections"]}
    rows = [
        f"| {rfc} | {number} | {_links(citations.modules, (rfc, number))} | {_links(citations.tests, (rfc, number))} |"
        for rfc, number in sorted(citations.modules, key=_order)
        if number and (rfc, number) not in listed and _is_engines(citations.modules[rfc, number])
    ]
    head = ["## Cited besides", "", "Sections that the engine's sources name and that are not on the list.", ""]
    return "\n".join([*head, "| RFC | section | modules | tests |", "|---|---|---|---|", *rows, ""])


def _is_engines(paths: Iterable[Path]) -> bool:
    return any(path.parts[0] == "crates" for path in paths)


def _order(section: Section) -> tuple[int, list[tuple[int, str]]]:
    rfc, number = section
    return rfc, [(int(part), "") if part.isdigit() else (0, part) for part in number.split(".")]


def main() -> int:
    """0: the page is, or now is, current, and nothing is missing."""
    root = Path(sys.argv[sys.argv.index("--root") + 1]) if "--root" in sys.argv else ROOT
    rfcs = tomllib.loads((root / LIST).read_text(encoding="utf-8"))
    citations = collect(root)
    missing = list(gaps(rfcs, citations))
    sys.stderr.write("".join(f"{line}\n" for line in missing))
    page = render(rfcs, citations)
    if "--check" in sys.argv[1:]:
        return int(bool(missing) or (root / PAGE).read_text(encoding="utf-8") != page)
    (root / PAGE).write_text(page, encoding="utf-8")
    return int(bool(missing))


if __name__ == "__main__":
    raise SystemExit(main())
