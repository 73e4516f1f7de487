"""Log lines for people."""

from __future__ import annotations

from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from understudy.telemetry.sink import Sink


def console_lines(level: int, stream: TextIO) -> FilteringBoundLogger:
    """A log that writes lines of at least this level to `stream`, in colours on a terminal."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        Sink(stream),
        processors=_processors(stream),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    return log


def _processors(stream: TextIO) -> list[Processor]:
    return [
        _subject_first,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _subject_first(_log: object, _method: str, line: EventDict) -> EventDict:
    """What one looks for stands at the front; what a person need not read twice is left out."""
    subject = line.pop("subject", None)
    line.pop("kind", None)
    if subject is not None:
        line["event"] = f"{subject}  {line['event']}"
    return line
