"""Log lines: for people on a terminal, as JSON for machines."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from understudy.model.event import Event, Severity
from understudy.telemetry.json_lines import JsonLines

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


class Log(Protocol):
    """What is passed to everything that logs: `log.info("zone loaded", zone="example.com")`."""

    def log(self, level: int, event: str, /, **fields: Any) -> object:
        """Say something at a level as the standard library counts them."""
        ...

    def debug(self, event: str, /, **fields: Any) -> object:
        """For whoever looks for a fault."""
        ...

    def info(self, event: str, /, **fields: Any) -> object:
        """As it should be."""
        ...

    def warning(self, event: str, /, **fields: Any) -> object:
        """Somebody may want to look."""
        ...

    def error(self, event: str, /, **fields: Any) -> object:
        """Somebody has to look."""
        ...

    def exception(self, event: str, /, **fields: Any) -> object:
        """The error that is being handled, with where it came from."""
        ...


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
    return JsonLines(level.number, stream) if style is LogStyle.JSON else cast("Log", _LaterLog(level, stream))


class _LaterLog:
    """For people. Made when it is asked for its first line: a server answers sooner without its import."""

    def __init__(self, level: LogLevel, stream: TextIO) -> None:
        self._settings = level, stream

    @cached_property
    def _log(self) -> FilteringBoundLogger:
        from understudy.telemetry.console_lines import console_lines  # see above

        level, stream = self._settings
        return console_lines(level.number, stream)

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
