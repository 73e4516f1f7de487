"""Log lines: for people on a terminal, as JSON for machines."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias, cast

from understudy.model.event import Event, Severity

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Log: TypeAlias = "FilteringBoundLogger"
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


def make_log(level: LogLevel = LogLevel.INFO, style: LogStyle = LogStyle.AUTO, stream: TextIO | None = None) -> Log:
    """A log that writes to `stream`, stderr unless told. Nothing global changes."""
    stream = stream or sys.stderr
    if style is LogStyle.AUTO:
        style = LogStyle.CONSOLE if stream.isatty() else LogStyle.JSON
    return cast("Log", _LaterLog(level, style, stream))


class _LaterLog:
    """Made when it is asked for its first line: a server answers sooner if it need not import what writes lines."""

    def __init__(self, level: LogLevel, style: LogStyle, stream: TextIO) -> None:
        self._settings = level, style, stream

    @cached_property
    def _log(self) -> Log:
        from understudy.telemetry.lines import log_lines  # see above

        level, style, stream = self._settings
        return log_lines(level.number, stream, for_people=style is LogStyle.CONSOLE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


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
