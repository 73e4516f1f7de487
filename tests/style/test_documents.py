"""Links, paths and decisions that are named are there, and the version is the same wherever it is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import understudy

_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\((?P<inline>[^)\s]+)\)|^\[[^\]]+\]:\s*(?P<defined>\S+)", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]\n]*\]\((?P<picture>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$", re.MULTILINE)
_FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
_RELEASE = re.compile(r"^## \[?(?P<version>\d+\.\d+\.\d+)\]?(?: - \d{4}-\d\d-\d\d)?$", re.MULTILINE)
_NAMED = re.compile(r"(?<![\w./$*{}<\[-])[\w.-]+/[\w./-]*\w(?![\w*{<])")
_MODULE = re.compile(r"-m (?P<module>\w+(?:\.\w+)+)")
_EXAMPLE = re.compile(r"--example (?P<example>\w+)")
_DECISION = re.compile(r"\bADR (?P<number>\d{4})\b")
_TITLE = re.compile(r"# (?P<number>\d{4})\. (?P<title>.+)")
_INDEXED = re.compile(r"^\| \[\d{4}\]\((?P<page>[^)]+)\) \| (?P<title>.+) \|$", re.MULTILINE)

PROGRAM = Path("src/understudy")
DECISIONS = Path("docs/adr")
PARTS = ("Context", "Decision", "Costs", "Turned down")
MADE = frozenset(map(Path, ("fuzz/artifacts", "fuzz/corpus", "fuzz/target")))
"""What the verbs make, and nobody commits."""
SCRIPTS = frozenset(("Makefile", ".ci", "tools", "benchmarks", "src", "pyproject.toml"))


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


def files_and_folders(paths: Iterable[Path]) -> set[Path]:
    """The files, and the folders that they are in."""
    return {each for path in paths for each in (path, *path.parents)}


def missing_paths(text: str, there: AbstractSet[Path]) -> Iterator[tuple[int, str]]:
    """(line, words) of each file, module and example that a text names and that is not there.

    A path begins with a folder of the checkout, or with one of the program and ends in `.py`; a part in capitals
    stands for something.
    """
    for found in _NAMED.finditer(text):
        path = Path(found.group())
        is_ours = Path(path.parts[0]) in there or (path.suffix == ".py" and PROGRAM / path.parts[0] in there)
        is_meant = any(part.isupper() for part in path.parts) or MADE & {path, *path.parents}
        if is_ours and not is_meant and not {path, PROGRAM / path} & there:
            yield text.count("\n", 0, found.start()) + 1, found.group()
    for found in _MODULE.finditer(text):
        package, *rest = found["module"].split(".")
        for folder in {Path(package), Path("src", package)} & there:
            module = folder.joinpath(*rest)
            if not {module.with_suffix(".py"), module / "__main__.py"} & there:
                yield text.count("\n", 0, found.start()) + 1, found.group()
    for found in _EXAMPLE.finditer(text):
        if not any(path.match(f"examples/{found['example']}.rs") for path in there):
            yield text.count("\n", 0, found.start()) + 1, found.group()


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
    files = files_and_folders(paths)
    nothing_found(
        f"{path}:{line}: '{link}' leads nowhere"
        for path in markdown
        for line, link in broken_links(path, markdown, files)
    )


def test_every_path_that_documents_scripts_and_the_program_name_is_there(
    texts: Mapping[Path, str], paths: tuple[Path, ...], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    samples = Path("tests/style/samples/paths.md")  # left out of `paths`, and still a file of its folder
    there = files_and_folders((*paths, samples))
    readers = {path: text for path, text in texts.items() if path.suffix == ".md" or path.parts[0] in SCRIPTS}
    nothing_found(
        f"{path}:{line}: '{words}' is not there"
        for path, text in readers.items()
        for line, words in missing_paths(text, there)
    )


def faults_of_decision(number: str, text: str, line: str) -> Iterator[str]:
    """What a decision's page, or its line in the index, lacks."""
    title = _TITLE.match(text)
    if title is None or title["number"] != number:
        yield f"it does not begin with '# {number}. '"
    elif not line.startswith(title["title"]):
        yield "the index has another title"
    yield from (f"it has no '{part}'" for part in PARTS if f"**{part}.**" not in text)


def test_every_decision_has_four_parts_and_its_title_in_the_index(
    texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    lines = {found["page"]: found["title"] for found in _INDEXED.finditer(texts[DECISIONS / "README.md"])}
    pages = [path for path in texts if path.parent == DECISIONS and path.name != "README.md"]
    nothing_found(
        f"{path}: {fault}"
        for path in pages
        for fault in faults_of_decision(path.name[:4], texts[path], lines.get(path.name, ""))
    )


def test_every_decision_that_is_cited_has_a_page(
    texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    numbers = {path.name[:4] for path in texts if path.parent == DECISIONS}
    cited = ((path, found["number"]) for path, text in texts.items() for found in _DECISION.finditer(text))
    nothing_found(f"{path}: there is no ADR {number}" for path, number in cited if number not in numbers)


def test_the_version_is_the_same_everywhere_and_in_the_changelog(texts: Mapping[Path, str]) -> None:
    assert len(set(_versions(texts).values())) == 1, _versions(texts)


def test_links_that_lead_nowhere_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("links.md")
    documents = {Path("docs/links.md"): text, Path("docs/adr/README.md"): "# Decisions\n"}
    files = {*documents, Path("LICENSE")}
    assert {line for line, _ in broken_links(Path("docs/links.md"), documents, files)} == rejected


def test_paths_modules_and_examples_that_are_not_there_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]],
) -> None:
    text, rejected = sample("paths.md")
    files = map(
        Path, ("tools/peers.sh", "benchmarks/answering.py", "crates/zone/examples/load.rs", "fuzz/seeds/look_up/a")
    )
    there = files_and_folders((*files, PROGRAM / "service" / "reload.py"))
    assert {line for line, _ in missing_paths(text, there)} == rejected


def test_a_decision_without_a_part_or_with_another_title_is_rejected() -> None:
    text = "# 0030. Answers are kept\n\n**Context.** a\n\n**Decision.** b\n\n**Costs.** c\n"
    whole = f"{text}\n**Turned down.** d\n"
    assert not list(faults_of_decision("0030", whole, "Answers are kept (replaced by 0031)"))
    assert list(faults_of_decision("0030", text, "Answers are kept")) == ["it has no 'Turned down'"]
    assert list(faults_of_decision("0030", whole, "Answers")) == ["the index has another title"]
    assert list(faults_of_decision("0030", whole.replace("0030", "30"), "")) == ["it does not begin with '# 0030. '"]


def test_a_changelog_without_the_version_is_rejected(texts: Mapping[Path, str]) -> None:
    changed = {**texts, Path("CHANGELOG.md"): "# Changelog\n\n## 99.0.0 - 2026-01-01\n"}
    assert len(set(_versions(changed).values())) > 1
