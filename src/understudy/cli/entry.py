"""Where the program begins: a server the short way, every other command through all that the command line can do."""

from __future__ import annotations

import gc
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from understudy.model.frozen import frozen
from understudy.telemetry.logging import LogLevel, LogStyle

DEFAULT_FILE = "understudy.yaml"
_OPTIONS = {"-c": "config", "--config": "config", "--log-level": "level", "--log-style": "style"}


@frozen
class ServeWords:
    """What a plain `understudy serve` is told."""

    config: Path
    log_level: LogLevel
    log_style: LogStyle


def main() -> None:
    """Run the command line. A terminal that cannot show a character gets a `?`, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.argv[1:2] == ["serve"]:  # what it asks for is about to be done: the configuration is read
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    words = read_serve(sys.argv[1:])
    if words is None:
        from understudy.cli.app import app  # every command, and what shows their answers

        app()
        return
    gc.disable()  # until the server answers (`service.collector`): nothing of what is made meanwhile is garbage
    from understudy.cli.serve import serve  # a whole server

    serve(words.config, words.log_level, words.log_style)


def read_serve(words: Sequence[str]) -> ServeWords | None:
    """`serve` and options that are written plainly; None for all else, which `cli.app` reads or explains.

    A server that need not import what reads and explains every command answers a fifth of a second sooner.
    """
    if not words or words[0] != "serve":
        return None
    found = {"config": DEFAULT_FILE, "level": LogLevel.INFO.value, "style": LogStyle.AUTO.value}
    rest = iter(words[1:])
    for word in rest:
        key, value = _OPTIONS.get(word), next(rest, "")
        if key is None or not value or value.startswith("-"):
            return None
        found[key] = value
    try:
        return ServeWords(Path(found["config"]), LogLevel(found["level"]), LogStyle(found["style"]))
    except ValueError:
        return None
