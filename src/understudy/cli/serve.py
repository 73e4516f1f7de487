"""`understudy serve`: runs a name server.

What reads the configuration is imported first, so that zones from other servers come while the rest is. What is not
needed until the server answers is imported when it does, or later still: the HTTP API when somebody calls, and what
shows problems to people when there are some.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.loading import read_with_progress
from understudy.clock.clock import SystemClock
from understudy.model.errors import ConfigError, Problem, UnderstudyError
from understudy.service.candidate import Candidate
from understudy.service.collector import keep
from understudy.service.secondary.head_start import HeadStart
from understudy.telemetry.logging import LogLevel, LogStyle, make_log, route_standard_library

if TYPE_CHECKING:
    from fastapi import FastAPI

    from understudy.service.name_server import NameServer

UNCALLED_S = 5.0  # chosen: probes have begun and most zones are fetched by then; longer would hide a fault of the API


def serve(config: Path, log_level: LogLevel, log_style: LogStyle) -> None:
    """Run a name server until it is told to leave."""
    try:
        _serve(config, log_level, log_style)
    except UnderstudyError as error:
        from understudy.cli.exit import tell  # people are told

        raise SystemExit(tell(error, as_json=False)) from None
    except KeyboardInterrupt:
        from understudy.cli.exit import ExitCode  # as above

        raise SystemExit(ExitCode.INTERRUPTED) from None


def _serve(config: Path, log_level: LogLevel, log_style: LogStyle) -> None:
    log = make_log(log_level, log_style)
    route_standard_library(log)
    _raise_descriptor_limit()
    clock = SystemClock()
    candidate = read_with_progress(config, clock.now())
    _require_any_zone(candidate)
    _show((*candidate.warnings, *candidate.problems))
    head_start = HeadStart.of(candidate)
    import asyncio  # with all that follows: zones come meanwhile

    import uvloop

    from understudy.service.run import run
    from understudy.service.surroundings import Surroundings

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(candidate, Surroundings(clock, log, _sides, _announce, head_start)))


def _raise_descriptor_limit() -> None:
    """Take the descriptors that the system lets us have: each running probe needs one, each TCP client another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _require_any_zone(candidate: Candidate) -> None:
    """A zone that cannot be read is no reason to take the others down, but without any there is nothing to serve."""
    if candidate.problems and not candidate.zones:
        raise ConfigError(candidate.problems)


def _show(problems: Iterable[Problem]) -> None:
    """In colour where somebody looks; the same text into a file, which needs nothing that colours it."""
    for problem in problems:
        if sys.stderr.isatty():
            from understudy.cli.screen import errors, problem_line  # people look
            from understudy.service.reports.present import present_problem  # as above

            errors.print(problem_line(present_problem(problem)), soft_wrap=True)
        else:
            sys.stderr.write(f"{problem}\n")


async def _sides(server: NameServer) -> Mapping[str, Callable[[], Awaitable[None]]]:
    path = server.candidate.configuration.node.api_socket
    return {} if path is None else {"API": partial(_serve_api, server, path)}


async def _serve_api(server: NameServer, path: Path) -> None:
    """Whoever calls waits in the socket's queue until the API is made: nobody who does not call waits for that."""
    from understudy.api.unix_socket import first_call, opened  # not before the server answers

    with opened(path) as listener:
        await first_call(listener, UNCALLED_S)
        from asyncio import to_thread  # imported long ago

        app = await to_thread(_make_api, server)
        from understudy.api.listener import serve_unix  # imported with the API

        keep()
        await serve_unix(app, listener)


def _make_api(server: NameServer) -> FastAPI:
    """In a thread of its own, because the import takes a quarter of a second that probes need not wait for."""
    import understudy.api.listener  # noqa: F401  # not in the loop's thread
    from understudy.api.app import create_app  # not before the server answers
    from understudy.service.desk import Desk  # as above

    return create_app(Desk(server))


def _announce(server: NameServer) -> None:
    """The one line that says: ready."""
    records = len(server.pipeline.configuration.records)
    zones = len(server.zones)
    sys.stdout.write(
        f"understudy is ready on {', '.join(server.engine.addresses)}: "
        f"{zones} zone{'s' if zones != 1 else ''}, {records} steered record{'s' if records != 1 else ''}\n"
    )
    sys.stdout.flush()
