"""What the style rules read: the files of the checkout, and the samples that each rule must reject."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

SAMPLES = Path("tests/style/samples")
_MARK = re.compile(r"\s*(?:#|//|<!--)\s*<- rejected.*$")


@pytest.fixture(scope="session")
def nothing_found() -> Callable[[Iterable[str]], None]:
    """Fails with the lines it is given, and nothing else; passes without any."""

    def fail(lines: Iterable[str]) -> None:
        found = list(lines)
        if found:
            pytest.fail("\n".join(found), pytrace=False)

    return fail


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def paths(root: Path) -> tuple[Path, ...]:
    """Every file that is, or would be, committed; relative to the root, without the samples."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    found = sorted({Path(name) for name in listed.split("\0") if name})
    return tuple(path for path in found if SAMPLES not in path.parents and (root / path).is_file())


@pytest.fixture(scope="session")
def texts(root: Path, paths: tuple[Path, ...]) -> Mapping[Path, str]:
    """The text of each of them; what is no UTF-8 is left out."""
    read: dict[Path, str] = {}
    for path in paths:
        try:
            read[path] = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return read


@pytest.fixture(scope="session")
def python(texts: Mapping[Path, str]) -> Mapping[Path, str]:
    """Python modules, stubs left out: they describe the compiled module, whose source is Rust."""
    return {path: text for path, text in texts.items() if path.suffix == ".py"}


@pytest.fixture(scope="session")
def trees(python: Mapping[Path, str]) -> Mapping[Path, ast.Module]:
    """The same, parsed."""
    return {path: ast.parse(text, filename=str(path)) for path, text in python.items()}


@pytest.fixture(scope="session")
def rust(texts: Mapping[Path, str]) -> Mapping[Path, str]:
    """Rust sources."""
    return {path: text for path, text in texts.items() if path.suffix == ".rs"}


@pytest.fixture(scope="session")
def markdown(texts: Mapping[Path, str]) -> Mapping[Path, str]:
    """Documents."""
    return {path: text for path, text in texts.items() if path.suffix == ".md"}


@pytest.fixture(scope="session")
def sample(root: Path) -> Callable[[str], tuple[str, set[int]]]:
    """A sample's text without its marks, and the numbers of the lines that were marked `<- rejected`."""

    def read(name: str) -> tuple[str, set[int]]:
        lines = (root / SAMPLES / name).read_text(encoding="utf-8").splitlines()
        marked = {number for number, line in enumerate(lines, start=1) if _MARK.search(line)}
        return "\n".join(_MARK.sub("", line) for line in lines) + "\n", marked

    return read


_RUST_UNREAD = re.compile(
    r"""
      //[^\n]*
    | /\*.*?\*/
    | \bb?r(?P<hashes>\#*)".*?"(?P=hashes)
    | \bb?"(?:\\.|[^"\\])*"
    | "(?:\\.|[^"\\])*"
    | \bb?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]+\}|.)|[^'\\\n])'
    | '(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]+\}|.)|[^'\\\n])'
    """,
    re.VERBOSE | re.DOTALL,
)


@pytest.fixture(scope="session")
def rust_code() -> Callable[[str], str]:
    """Blanks comments and literals of a Rust source, keeping its lines and columns."""

    @cache
    def blank(text: str) -> str:
        return _RUST_UNREAD.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)

    return blank
