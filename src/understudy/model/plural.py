"""Counts in sentences."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """`1 record`, `2 records`, `5,000 records`."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
