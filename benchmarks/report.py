"""Puts the last run into docs/performance.md, one level deeper, between the two marks."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks.contest.generator import ROOT
from benchmarks.contest.result import PAGE

TARGET = ROOT / "docs" / "performance.md"
_MARKED = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result was written")
    page = parser.parse_args().folder / PAGE
    if not page.exists():
        raise SystemExit(f"{page} is not there: make bench")
    TARGET.write_text(inserted(TARGET.read_text(), page.read_text()))
    print(f"written: {TARGET}")


def inserted(document: str, page: str) -> str:
    """The document with the page in place of what stood between its marks. The page's title is not needed there."""
    body = re.sub(r"\A# .*\n", "", page).strip("\n")
    deeper = re.sub(r"^#", "##", body, flags=re.MULTILINE)
    return _MARKED.sub(lambda _: f"\n{deeper}\n\n", document)


if __name__ == "__main__":
    main()
