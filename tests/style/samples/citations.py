"""Cites the rules of a page that has 3.4 and 4.1 only (semantics 3.4)."""

TAKEN_OUT = "taken out"  # semantics 3.4, 4.1
NEVER = "never"  # semantics 4.1 and 9.9  # <- rejected
VERSION = "4.2"
