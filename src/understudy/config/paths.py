"""Paths in a configuration start at its own folder, wherever the process was started."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

M = TypeVar("M")


def from_folder(settings: M, folder: Path) -> M:
    """The same settings with every relative path in them, however deep, starting at `folder`."""
    from pydantic import BaseModel  # with the first check: its settings are one

    if not isinstance(settings, BaseModel):
        return settings
    changes: dict[str, object] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path) and not value.is_absolute():
            changes[name] = folder / value
        elif isinstance(value, BaseModel) and (placed := from_folder(value, folder)) is not value:
            changes[name] = placed
    return settings.model_copy(update=changes) if changes else settings
