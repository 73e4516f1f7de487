"""Nothing committed names the place where it was written: no path of one machine, no address of a package index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

_FOLDERS = "work|root|home/[a-z]|Users/[A-Za-z]|tmp/[a-z]"
_MACHINE_PATH = re.compile(rf"(?<![\w.~*}})\]/-])/(?:{_FOLDERS})(?![\w-]*://)(?:/|[\w-]*/|[\w-]+\b)?")
_INDEX = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|^\s*index-url\s*=|\breplace-with\s*=|\"resolved\":\s*\"http"
    r"|^registry\s*=\s*\"?http|\bPIP_INDEX_URL\b|\bindex\s*=\s*\"sparse\+",
    re.MULTILINE,
)
_LOCKED = re.compile(r"(?:https?|sparse\+https?)://\S+")
LOCKS = ("requirements", "Cargo.lock", "package-lock.json", "uv.lock")
CARGO_SOURCE = "https://github.com/rust-lang/crates.io-index"
"""How Cargo.lock names the public registry, wherever packages really came from."""


def traces(path: Path, text: str) -> Iterator[int]:
    """Lines that name a machine's own folder or a package index; a lock file names no address at all."""
    patterns = [_MACHINE_PATH, _INDEX]
    if path.parts[0] in LOCKS or path.name in LOCKS:
        patterns.append(_LOCKED)
        text = text.replace(CARGO_SOURCE, "")
    for number, line in enumerate(text.splitlines(), start=1):
        if any(pattern.search(line) for pattern in patterns):
            yield number


def test_no_file_names_a_machine_or_a_package_index(
    texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    own = Path("tests/style/test_no_place.py")
    nothing_found(
        f"{path}:{line}: names a machine's folder or a package index"
        for path, text in texts.items()
        if path != own
        for line in traces(path, text)
    )


def test_paths_of_one_machine_and_index_addresses_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("places.txt")
    assert set(traces(Path("docs/places.txt"), text)) == rejected


def test_a_lock_file_with_any_address_is_rejected() -> None:
    address = "https://" + "packages.example/simple"
    assert list(traces(Path("requirements/dev.txt"), f"# from {address}\nanyio==4.0\n")) == [1]
    assert not list(traces(Path("Cargo.lock"), f'source = "registry+{CARGO_SOURCE}"\n'))
