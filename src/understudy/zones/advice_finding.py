"""One thing that is to be said about a zone."""

from __future__ import annotations

from enum import StrEnum

from understudy.model.frozen import frozen


class Weight(StrEnum):
    """Errors are wrong now; warnings will be in the way one day; notes are often meant so."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Advice:
    """`code` is stable, `text` says what is so, `why` what follows from it, and `remedy` what to do."""

    weight: Weight
    code: str
    text: str
    why: str
    remedy: str


def listed(words: tuple[str, ...] | list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
