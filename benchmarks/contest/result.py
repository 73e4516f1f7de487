"""The files that a run leaves, and how a measurement of its own adds to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCUMENT, PAGE = "answering.json", "answering.md"


def write(folder: Path, document: Mapping[str, object], page: str) -> None:
    """In place of what a run before left."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DOCUMENT).write_text(json.dumps(document, indent=2) + "\n")
    (folder / PAGE).write_text(page)


def add(folder: Path, key: str, found: Mapping[str, object], *, section: Sequence[str]) -> None:
    """A section of its own, in place of the same one of before. Its first line is its heading."""
    document: dict[str, Any] = {}
    page = ""
    if (folder / DOCUMENT).exists():
        document = json.loads((folder / DOCUMENT).read_text())
        page = (folder / PAGE).read_text()
    kept = [part for part in page.split("\n## ") if not f"## {part}".startswith(section[0])]
    text = "\n## ".join(kept).rstrip("\n") + "\n\n" if page else ""
    write(folder, {**document, key: found}, text + "\n".join(section) + "\n")
