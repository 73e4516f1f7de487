"""What is wrong with a written value, as whoever reads it says so."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.config.source import KeyPath


class FaultError(ValueError):
    """One complaint about the value that is being read; whoever has the value knows its place."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class FormError(ValueError):
    """All that is wrong within a value: each complaint with the way that leads to it from there."""

    def __init__(self, faults: Sequence[tuple[KeyPath, FaultError]]) -> None:
        super().__init__("; ".join(fault.message for _, fault in faults))
        self.faults = tuple(faults)


def fault(code: str, message: str, hint: str = "") -> FaultError:
    """A complaint of a reader about its value."""
    return FaultError(code, message, hint)


def fault_at(key: str, complaint: FaultError) -> FormError:
    """A complaint of a form about one of its keys."""
    return FormError([((key,), complaint)])
