"""How a log line is written: for people, or as JSON."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor


def log_lines(level: int, stream: TextIO, *, for_people: bool) -> FilteringBoundLogger:
    """A log that writes lines of at least this level to `stream`."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        _Sink(stream),
        processors=_console(stream) if for_people else _json(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    return log


class _Sink:
    """Writes whole lines. A reader that went away or a full disk costs lines, never the server."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = msg = write


def _subject_first(_log: object, _method: str, line: EventDict) -> EventDict:
    """What one looks for stands at the front; what a person need not read twice is left out."""
    subject = line.pop("subject", None)
    line.pop("kind", None)
    if subject is not None:
        line["event"] = f"{subject}  {line['event']}"
    return line


def _console(stream: TextIO) -> list[Processor]:
    return [
        _subject_first,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _json() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=json.dumps, default=str),
    ]
