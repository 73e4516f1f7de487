"""ARCHITECTURE.md describes the tree that is there: nothing it names is missing, no folder is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

DESCRIBED_WITHIN = tuple(Path(name) for name in (".", "crates", "src/understudy", "tests", "docs"))
"""Folders whose folders each have a line; of the files at the root, each is named too."""

UNDESCRIBED_FILES = {".gitignore"}

_TREE = re.compile(r"^```text tree\n(?P<tree>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?P<indent> *)(?P<names>\S+(?: \S+)*)(?:  +\S.*)?$")


def described(text: str) -> Iterator[Path]:
    """The paths that the block ` ```text tree ` of a document names: indented below their folder, several to a line."""
    block = _TREE.search(text)
    folders: list[tuple[int, Path]] = [(-1, Path())]
    for line in block["tree"].splitlines() if block else []:
        found = _LINE.match(line)
        if not found:
            continue
        indent = len(found["indent"])
        while folders[-1][0] >= indent:
            folders.pop()
        parent = folders[-1][1]
        names = found["names"].split(" ")
        yield from (parent / name for name in names)
        if names[-1].endswith("/"):
            folders.append((indent, parent / names[-1]))


def expected(paths: Iterable[Path]) -> Iterator[Path]:
    """What has to be described of the files that are there."""
    for path in paths:
        if path.parent == Path() and path.name not in UNDESCRIBED_FILES:
            yield path
        yield from (folder for folder in path.parents if folder != Path() and folder.parent in DESCRIBED_WITHIN)


def differences(text: str, paths: Iterable[Path]) -> Iterator[str]:
    """What the document names and is not there, and what is there and has no line."""
    files = set(paths)
    there = files | {folder for path in files for folder in path.parents}
    named = set(described(text))
    yield from (f"'{path}' is named and is not there" for path in sorted(named - there))
    yield from (f"'{path}' is there and has no line" for path in sorted(set(expected(files)) - named))


def test_the_tree_in_the_document_is_the_tree(
    root: Path, paths: tuple[Path, ...], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    samples = Path("tests/style/samples/ceilings.py")  # left out of `paths`, and still a file of its folder
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    nothing_found(f"ARCHITECTURE.md: {line}" for line in differences(text, (*paths, samples)))


def test_a_tree_with_a_missing_and_an_extra_line_is_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, _ = sample("architecture.md")
    files = ["LICENSE", "README.md", "crates/wire/src/lib.rs", "crates/zone/src/lib.rs", "tests/unit/test_a.py"]
    assert list(differences(text, map(Path, files))) == [
        "'crates/gone' is named and is not there",
        "'LICENSE' is there and has no line",
        "'crates/zone' is there and has no line",
    ]
