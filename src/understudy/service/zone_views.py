"""Documents about what an operator asks of one zone."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from understudy.service.views import View


class ZoneRequest(BaseModel):
    """What is asked speaks of this zone; who asks, and why, is kept in the history."""

    model_config = ConfigDict(extra="forbid")

    name: str
    reason: str = ""
    author: str = ""


class ZoneOrderView(View):
    """What was done: `text` says it in one line, `serial` is what is answered (None: nothing is).

    `servers` are those that are spoken to. `warning` is empty, or says what is not as it should be all the same.
    """

    name: str
    text: str
    serial: int | None
    servers: list[str]
    warning: str = ""
