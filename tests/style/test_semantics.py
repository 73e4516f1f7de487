"""The rules of failover that the source cites are on the page that has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

PAGE = Path("docs/semantics.md")

_CITED = re.compile(r"\bsemantics\s+(?P<rules>\d\.\d(?:(?:,\s*|\s+(?:and|to)\s+)\d\.\d)*)")
_STATED = re.compile(r"^\*\*(?P<rule>\d\.\d)\*\*", re.MULTILINE)


def stated(page: str) -> list[str]:
    """The rules on the page, in its order."""
    return _STATED.findall(page)


def cited(text: str) -> Iterator[tuple[int, str]]:
    """(line, rule) of each citation: the word, then one rule or several."""
    for found in _CITED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield from ((line, rule) for rule in re.findall(r"\d\.\d", found["rules"]))


def test_every_rule_that_the_source_cites_is_on_the_page(
    texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    rules = set(stated(texts[PAGE]))
    sources = {path: text for path, text in texts.items() if path.suffix in {".py", ".pyi", ".rs", ".md"}}
    assert any(list(cited(text)) for text in sources.values())
    nothing_found(
        f"{path}:{line}: semantics {rule} is not in {PAGE}"
        for path, text in sources.items()
        for line, rule in cited(text)
        if rule not in rules
    )


def test_the_rules_on_the_page_are_in_order_and_stand_once(texts: Mapping[Path, str]) -> None:
    rules = stated(texts[PAGE])
    assert rules == sorted(set(rules))


def test_a_citation_of_a_rule_that_is_not_there_is_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("citations.py")
    assert {line for line, rule in cited(text) if rule not in {"3.4", "4.1"}} == rejected
