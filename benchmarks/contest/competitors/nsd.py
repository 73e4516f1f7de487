"""NSD with one server process, without its rate limit."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case
from benchmarks.contest.competitors.competitor import ADDRESS, Place, version_of
from understudy.testing import other_servers


class Nsd:
    """In the foreground; its processes are children of the first."""

    key = "nsd"
    package = "nsd"
    follows_aliases = True

    def takes(self, case: Case) -> bool:
        return not case.is_steered

    def version(self) -> str:
        return version_of("nsd", "-v")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        del case
        found = other_servers.Place(place.folder, place.port, ORIGIN, ADDRESS, threads=place.threads)
        return other_servers.nsd(found, place.zone_file).command
