"""Writes the tables of docs/peers.md from the list of the comparison; --check only says whether they are current."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from understudy.testing.side_by_side.differences import Difference
from understudy.testing.side_by_side.table import TABLE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "peers.md"

_NAMES = {"bind": "BIND", "nsd": "NSD", "knot": "Knot", "all others": "all others"}
_PLACE = re.compile(r"(?P<start><!-- differences -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def rows(entries: Iterable[Difference]) -> Iterator[str]:
    """One row of a table for each kind of difference."""
    yield "| asked | Understudy | instead | who | why |"
    yield "|---|---|---|---|---|"
    for each in entries:
        who = ", ".join(_NAMES[peer] for peer in each.peers)
        yield f"| {each.asked} | {each.ours} | {each.theirs} | {who} | {each.because} |"


def render(page: str) -> str:
    """The page with its tables made anew."""
    tables = "\n".join(f"## {title}\n\n" + "\n".join(rows(entries)) + "\n" for title, entries in TABLE.items())
    return _PLACE.sub(lambda found: f"{found['start']}\n{tables}\n{found['end']}", page)


def main() -> int:
    """0: the page is, or now is, current."""
    page = PAGE.read_text(encoding="utf-8")
    current = render(page)
    if "--check" in sys.argv[1:]:
        return int(page != current)
    PAGE.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
