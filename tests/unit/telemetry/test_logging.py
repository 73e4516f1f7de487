from __future__ import annotations

import io
import json
import logging

import pytest

from understudy.model.event import Event, EventKind, Severity
from understudy.telemetry.logging import LogLevel, LogStyle, log_event, make_log, route_standard_library


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_machine_reads_one_json_document_a_line() -> None:
    stream = io.StringIO()
    make_log(stream=stream).info("zone loaded", zone="example.com", path=LogStyle.JSON)
    document = json.loads(stream.getvalue())
    assert (document["event"], document["level"], document["zone"]) == ("zone loaded", "info", "example.com")
    assert document["time"].endswith("Z")


def test_a_person_on_a_terminal_reads_colours_and_no_json() -> None:
    stream = Terminal()
    make_log(stream=stream).warning("zone refused", zone="example.com")
    assert "zone refused" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_a_console_in_a_file_has_no_colours() -> None:
    stream = io.StringIO()
    make_log(style=LogStyle.CONSOLE, stream=stream).info("ready")
    assert "\x1b[" not in stream.getvalue()
    assert "ready" in stream.getvalue()


@pytest.mark.parametrize(("level", "expected"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_what_is_below_the_level_is_not_said(level: str, expected: int) -> None:
    stream = io.StringIO()
    log = make_log(LogLevel(level), stream=stream)
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert len(stream.getvalue().splitlines()) == expected


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    make_log(stream=FullDisk()).error("nobody will read this")
    closed = io.StringIO()
    log = make_log(stream=closed)
    closed.close()
    log.error("nor this")


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.INFO, "info"), (Severity.WARNING, "warning"), (Severity.ALARM, "error")]
)
def test_an_event_is_logged_at_the_level_of_its_severity(severity: Severity, level: str) -> None:
    stream = io.StringIO()
    event = Event(0.0, EventKind.HEALTH, "192.0.2.10", "is down", severity, {"votes": 3, "event": "hidden"})
    log_event(make_log(stream=stream), event)
    document = json.loads(stream.getvalue())
    del document["time"]
    assert document == {"event": "is down", "level": level, "kind": "health", "subject": "192.0.2.10", "votes": 3}


def test_an_exception_is_part_of_its_line() -> None:
    stream = io.StringIO()
    try:
        int("broken")
    except ValueError:
        make_log(stream=stream).exception("task failed")
    document = json.loads(stream.getvalue())
    assert document["level"] == "error"
    assert "ValueError: invalid literal" in document["exception"]


@pytest.mark.parametrize("is_triple", [False, True], ids=["error", "triple"])
def test_an_exception_that_is_handed_over_is_part_of_its_line(is_triple: bool) -> None:
    stream, error = io.StringIO(), KeyError("broken")
    make_log(stream=stream).error("task failed", exc_info=(KeyError, error, None) if is_triple else error)
    assert json.loads(stream.getvalue())["exception"] == "KeyError: 'broken'"


@pytest.mark.parametrize("nothing", [None, False, (None, None, None)])
def test_where_nothing_was_raised_nothing_is_said_of_it(nothing: object) -> None:
    stream = io.StringIO()
    make_log(stream=stream).error("task failed", exc_info=nothing)
    assert json.loads(stream.getvalue()).keys() == {"event", "level", "time"}


def test_what_libraries_log_arrives_once_even_if_routed_twice() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        route_standard_library(make_log(stream=io.StringIO()))
        route_standard_library(make_log(stream=stream))
        logging.getLogger("asyncio").warning("%s tasks were lost", 2)
        logging.getLogger("asyncio").info("not said")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    (line,) = stream.getvalue().splitlines()
    document = json.loads(line)
    assert (document["event"], document["logger"], document["level"]) == ("2 tasks were lost", "asyncio", "warning")
