"""What every document that goes out is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A document that goes out; immutable. Instants in it are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)
