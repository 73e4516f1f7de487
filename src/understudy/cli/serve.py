"""`understudy serve`: runs a name server."""

from __future__ import annotations

import asyncio
import importlib
import resource
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop

from understudy.cli.exit import told
from understudy.cli.files import read_with_progress
from understudy.cli.screen import errors, problem_line
from understudy.clock.clock import SystemClock
from understudy.model.errors import ConfigError
from understudy.service.candidate import Candidate
from understudy.service.desk import Desk
from understudy.service.name_server import NameServer
from understudy.service.present import present_problem
from understudy.service.run import Surroundings, run
from understudy.telemetry.logging import LogLevel, LogStyle, make_log, route_standard_library


def serve(config: Path, log_level: LogLevel, log_style: LogStyle) -> None:
    """Run a name server until it is told to leave."""
    log = make_log(log_level, log_style)
    route_standard_library(log)
    _raise_descriptor_limit()
    clock = SystemClock()
    threading.Thread(target=_import_api, name="import-api", daemon=True).start()
    with told(as_json=False):
        candidate = read_with_progress(config, clock.now())
        _require_any_zone(candidate)
        for problem in (*candidate.warnings, *candidate.problems):
            errors.print(problem_line(present_problem(problem)), soft_wrap=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(candidate, Surroundings(clock, log, _sides, _announce)))


def _import_api() -> None:
    """While the zones are read, which needs no interpreter, somebody may import what serves the API."""
    importlib.import_module("understudy.api.app")
    importlib.import_module("understudy.api.listener")


def _raise_descriptor_limit() -> None:
    """Take the descriptors that the system lets us have: each running probe needs one, each TCP client another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _require_any_zone(candidate: Candidate) -> None:
    """A zone that cannot be read is no reason to take the others down, but without any there is nothing to serve."""
    if candidate.problems and not candidate.zones:
        raise ConfigError(candidate.problems)


def _sides(server: NameServer) -> Mapping[str, Callable[[], Awaitable[None]]]:
    path = server.candidate.configuration.node.api_socket
    if path is None:
        return {}
    from understudy.api.app import create_app  # being imported since the start, see there
    from understudy.api.listener import bind_unix, serve_unix  # being imported since the start, see there

    app = create_app(Desk(server))

    async def serve_api() -> None:
        await serve_unix(app, bind_unix(path), path)

    return {"API": serve_api}


def _announce(server: NameServer) -> None:
    """The one line that says: ready."""
    records = len(server.pipeline.configuration.records)
    zones = len(server.zones)
    sys.stdout.write(
        f"understudy is ready on {', '.join(server.engine.addresses)}: "
        f"{zones} zone{'s' if zones != 1 else ''}, {records} steered record{'s' if records != 1 else ''}\n"
    )
    sys.stdout.flush()
