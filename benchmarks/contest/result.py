"""The files that a run leaves, and how a measurement of its own adds to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SECTIONS = re.compile(r"^(?=## )", re.MULTILINE)
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
    kept = "".join(part for part in _SECTIONS.split(page) if not part.startswith(section[0])).rstrip("\n")
    text = f"{kept}\n\n" if kept else ""
    write(folder, {**document, key: found}, text + "\n".join(section) + "\n")
