"""All kinds of difference that are right, in the order of docs/peers.md."""

from __future__ import annotations

from understudy.testing.side_by_side.answer_differences import ALIASES, SIZES, TYPES, WILDCARDS
from understudy.testing.side_by_side.message_differences import FAULTS, FRAMES, QUESTIONS

TABLE = {
    "Aliases": ALIASES,
    "Types and zones": TYPES,
    "Odd wildcards": WILDCARDS,
    "What fits, and what helps": SIZES,
    "Header and EDNS": FRAMES,
    "Classes, opcodes, transfers": QUESTIONS,
    "Faults": FAULTS,
}
DIFFERENCES = tuple(entry for entries in TABLE.values() for entry in entries)
