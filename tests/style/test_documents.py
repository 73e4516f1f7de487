"""Links in documents lead somewhere, and the version is the same wherever it is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import understudy

_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\((?P<inline>[^)\s]+)\)|^\[[^\]]+\]:\s*(?P<defined>\S+)", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]\n]*\]\((?P<picture>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$", re.MULTILINE)
_FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
_RELEASE = re.compile(r"^## \[?(?P<version>\d+\.\d+\.\d+)\]?(?: - \d{4}-\d\d-\d\d)?$", re.MULTILINE)


def _prose(text: str) -> str:
    """A document with its code blanked, line by line."""
    blanked = _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    return re.sub(r"`[^`\n]*`", lambda found: " " * len(found.group()), blanked)


def anchors(text: str) -> set[str]:
    """What a link may name after `#`: headings in lower case, punctuation gone, blanks as hyphens."""
    headings = (found["text"] for found in _HEADING.finditer(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path, documents: Mapping[Path, str], files: set[Path]) -> Iterator[tuple[int, str]]:
    """(line, link) of each link from a document to a file or heading that is not there."""
    prose = _prose(documents[path])
    for found in (*_LINK.finditer(prose), *_PICTURE.finditer(prose)):
        link = next(group for group in found.groups() if group)
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        goal = _resolved(path, name)
        is_there = goal in files and (not anchor or anchor in anchors(documents.get(goal, "")))
        if not is_there:
            yield prose.count("\n", 0, found.start()) + 1, link


def _resolved(path: Path, name: str) -> Path:
    """The path that a link in `path` means, without touching the disk."""
    if not name:
        return path
    parts: list[str] = list(path.parent.parts)
    for part in Path(name).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return Path(*parts)


def _versions(texts: Mapping[Path, str]) -> dict[str, str]:
    """Every place that states the version, in the order of Python, Rust, operators."""
    newest = _RELEASE.search(texts[Path("CHANGELOG.md")])
    return {
        "pyproject.toml": tomllib.loads(texts[Path("pyproject.toml")])["project"]["version"],
        "Cargo.toml": tomllib.loads(texts[Path("Cargo.toml")])["workspace"]["package"]["version"],
        "understudy.__version__": understudy.__version__,
        "CHANGELOG.md": newest["version"] if newest else "none",
    }


def test_every_link_in_a_document_leads_somewhere(
    markdown: Mapping[Path, str], paths: tuple[Path, ...], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    files = set(paths) | {folder for path in paths for folder in path.parents}
    nothing_found(
        f"{path}:{line}: '{link}' leads nowhere"
        for path in markdown
        for line, link in broken_links(path, markdown, files)
    )


def test_the_version_is_the_same_everywhere_and_in_the_changelog(texts: Mapping[Path, str]) -> None:
    assert len(set(_versions(texts).values())) == 1, _versions(texts)


def test_links_that_lead_nowhere_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("links.md")
    documents = {Path("docs/links.md"): text, Path("docs/adr/README.md"): "# Decisions\n"}
    files = {*documents, Path("LICENSE")}
    assert {line for line, _ in broken_links(Path("docs/links.md"), documents, files)} == rejected


def test_a_changelog_without_the_version_is_rejected(texts: Mapping[Path, str]) -> None:
    changed = {**texts, Path("CHANGELOG.md"): "# Changelog\n\n## 99.0.0 - 2026-01-01\n"}
    assert len(set(_versions(changed).values())) > 1
