"""Understudy itself, as anybody would run it."""

from __future__ import annotations

import compileall
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import understudy
from benchmarks.contest.cases import ORIGIN, Case, Steering
from benchmarks.contest.competitors.competitor import ADDRESS, ENDPOINTS, Place

FIRST, SECOND = ENDPOINTS
_POLICIES = {
    Steering.TIERS: f"tiers: [[{FIRST}], [{SECOND}]]",
    Steering.ALL: f"all: [[{FIRST}, {SECOND}]]",
    Steering.WEIGHTED: f"weighted: [{{address: {FIRST}, weight: 3}}, {{address: {SECOND}, weight: 1}}]",
}


class Understudy:
    """`understudy serve` with a configuration file."""

    key = "understudy"
    package = ""
    follows_aliases = True
    busy_poll = "0s"

    def takes(self, case: Case) -> bool:
        del case
        return True

    def version(self) -> str:
        return understudy.__version__

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        # As pip does where it is installed; from here, where sources change, it may not have been done.
        compileall.compile_dir(Path(understudy.__file__).parent, quiet=1)
        file = place.folder / "understudy.yaml"
        file.write_text("\n".join(_configuration(case, place, self.busy_poll)) + "\n")
        return [sys.executable, "-m", "understudy.cli", "serve", "-c", str(file), "--log-level", "error"]


class BusyUnderstudy(Understudy):
    """The same, where threads look for the next query for a while before they sleep."""

    key = "understudy, busy polling"
    busy_poll = "100us"  # chosen: twice the distance of queries where latency is measured


def _configuration(case: Case, place: Place, busy_poll: str) -> Iterator[str]:
    yield f"listen: {ADDRESS}:{place.port}"
    yield f"server: {{threads: {place.threads}, busy_poll: {busy_poll}}}"
    yield f"zones: {{{ORIGIN}: {{file: {place.zone_file}}}}}"
    if case.is_steered:
        yield f"checks: {{web: {{tcp: {place.endpoint_port}, interval: 1s}}}}"
        yield "records:"
        policy = _POLICIES[case.steering]
        yield from (f"  host{number}.{ORIGIN}: {{check: web, {policy}}}" for number in range(case.names))
