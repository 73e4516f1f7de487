"""Log lines for programs: one JSON document each. Written without a library, whose import a start would wait for."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from understudy.telemetry.sink import Sink


class JsonLines:
    """Lines of at least `level`: the event, what is known of it, its level, and the time in UTC."""

    def __init__(self, level: int, stream: TextIO) -> None:
        self._level = level
        self._sink = Sink(stream)

    def log(self, level: int, event: str, /, **fields: Any) -> None:
        """Say something at a level as the standard library counts them."""
        if level < self._level:
            return
        error = _exception(fields.pop("exc_info", None))
        if error is not None:
            fields["exception"] = "".join(traceback.format_exception(error)).rstrip("\n")
        name, time = logging.getLevelName(level).lower(), datetime.now(UTC).isoformat().removesuffix("+00:00") + "Z"
        self._sink.write(json.dumps({**fields, "event": event, "level": name, "time": time}, default=str))

    def debug(self, event: str, /, **fields: Any) -> None:
        """For whoever looks for a fault."""
        self.log(logging.DEBUG, event, **fields)

    def info(self, event: str, /, **fields: Any) -> None:
        """As it should be."""
        self.log(logging.INFO, event, **fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        """Somebody may want to look."""
        self.log(logging.WARNING, event, **fields)

    def error(self, event: str, /, **fields: Any) -> None:
        """Somebody has to look."""
        self.log(logging.ERROR, event, **fields)

    def exception(self, event: str, /, **fields: Any) -> None:
        """The error that is being handled, with where it came from."""
        self.log(logging.ERROR, event, exc_info=True, **fields)


def _exception(said: object) -> BaseException | None:
    """What the standard library and structlog mean by `exc_info`: an error, its triple, or the one at hand."""
    if isinstance(said, BaseException):
        return said
    triple = said if isinstance(said, tuple) else sys.exc_info() if said else ()
    return next((each for each in triple if isinstance(each, BaseException)), None)
