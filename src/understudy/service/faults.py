"""What a fault of ours is called, for whoever reads the history and reports it."""

from __future__ import annotations

from pathlib import Path


def fault_text(error: BaseException) -> str:
    """What it is, and where; of a group of tasks the fault of each."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(fault_text, error.exceptions)))
    return f"{type(error).__name__}: {error}{_place(error)}"


def _place(error: BaseException) -> str:
    """The line that raised it."""
    step = error.__traceback__
    if step is None:
        return ""
    while step.tb_next is not None:
        step = step.tb_next
    return f" ({Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno})"
