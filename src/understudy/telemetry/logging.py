"""Log lines: for people on a terminal, as JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextlib import suppress
from enum import StrEnum
from typing import Any, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from understudy.model.event import Event, Severity

Log: TypeAlias = FilteringBoundLogger
"""What is passed to everything that logs: `log.info("zone loaded", zone="example.com")`."""


class LogStyle(StrEnum):
    """AUTO is CONSOLE on a terminal, else JSON."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """From the most talkative to the quietest."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """As the standard library counts them."""
        return int(getattr(logging, self.upper()))


_LEVEL_OF = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ALARM: logging.ERROR}


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


def make_log(level: LogLevel = LogLevel.INFO, style: LogStyle = LogStyle.AUTO, stream: TextIO | None = None) -> Log:
    """A log that writes to `stream`, stderr unless told. Nothing global changes."""
    stream = stream or sys.stderr
    if style is LogStyle.AUTO:
        style = LogStyle.CONSOLE if stream.isatty() else LogStyle.JSON
    log: Log = structlog.wrap_logger(
        _Sink(stream),
        processors=_console(stream) if style is LogStyle.CONSOLE else _json(),
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        cache_logger_on_first_use=False,
    )
    return log


def log_event(log: Log, event: Event) -> None:
    """One line for one event of the history, at the level of its severity."""
    log.log(_LEVEL_OF[event.severity], event.text, kind=str(event.kind), subject=event.subject, **_detail(event))


def route_standard_library(log: Log, level: LogLevel = LogLevel.WARNING) -> None:
    """Send what libraries log (asyncio, uvicorn) to `log`. This is the process's: the last call counts."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Forwarder)]:
        root.removeHandler(handler)
    root.addHandler(_Forwarder(log))
    root.setLevel(level.number)


class _Forwarder(logging.Handler):
    """Hands records of the standard library on."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _detail(event: Event) -> dict[str, Any]:
    """The detail, without what the line says itself."""
    return {key: value for key, value in event.detail.items() if key not in {"event", "kind", "subject", "level"}}


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
