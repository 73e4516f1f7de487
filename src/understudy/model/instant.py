"""The program's one time axis."""

from typing import TypeAlias

Instant: TypeAlias = float
"""Seconds since the Unix epoch by a clock that is set once, when the process starts, and never steps.

It can be compared, stored, and shown as a civil time; a correction of the system's clock meanwhile moves no
deadline (ADR 0003).
"""
