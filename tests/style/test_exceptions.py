"""The list of exceptions has reasons and only shrinks."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

EXCEPTIONS = Path("tests/style/exceptions.toml")
REASON_WORDS_MIN = 4  # chosen: less than that only repeats the rule's name


def faults(text: str, earlier: Sequence[str]) -> Iterator[str]:
    """What is wrong with a list of exceptions whose earlier states were `earlier`."""
    listed = tomllib.loads(text)
    entries = [*listed.get("python", []), *listed.get("rust", [])]
    before = [int(found.group(1)) for old in earlier if (found := re.search(r"^most = (\d+)$", old, re.MULTILINE))]
    if listed["most"] > min(before, default=listed["most"]):
        yield f"`most` was {min(before)} before; it is not raised again"
    if len(entries) > listed["most"]:
        yield f"{len(entries)} exceptions; {listed['most']} is the most"
    for entry in entries:
        if len(entry["reason"].split()) < REASON_WORDS_MIN:
            yield f"{entry['file']}: '{entry['reason']}' is no reason"


def test_the_list_of_exceptions_only_shrinks(root: Path, texts: Mapping[Path, str]) -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, check=False, capture_output=True, text=True).stdout

    commits = git("log", "--format=%H", "--", str(EXCEPTIONS)).split()
    earlier = [git("show", f"{commit}:{EXCEPTIONS}") for commit in commits]
    assert not list(faults(texts[EXCEPTIONS], earlier))


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("most = 3", ["most = 2\n", "most = 5\n"]),
        ('most = 0\n[[python]]\nfile = "a.py"\nreason = "it reads better as a whole"', []),
        ('most = 1\n[[rust]]\nfile = "a.rs"\nreason = "too long"', []),
    ],
    ids=["raised", "too many", "unreasoned"],
)
def test_a_list_that_grows_or_gives_no_reason_is_rejected(text: str, earlier: Sequence[str]) -> None:
    assert len(list(faults(text, earlier))) == 1


def test_a_shorter_list_with_reasons_is_accepted() -> None:
    text = 'most = 1\n[[python]]\nfile = "a.py"\nreason = "it reads better as a whole"'
    assert not list(faults(text, ["most = 2\n"]))
