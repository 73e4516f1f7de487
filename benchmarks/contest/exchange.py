"""Name servers that hand a zone on, or fetch it: configured as for the integration tests, on cores of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.contest.cases import ORIGIN, Case
from benchmarks.contest.competitors.competitor import ADDRESS, Place, program, version_of
from understudy import __version__
from understudy.testing import other_servers
from understudy.testing.other_servers import OtherServer, Peers

MAKES: dict[str, tuple[str, Callable[..., OtherServer], Sequence[str]]] = {
    "bind": ("bind9", other_servers.bind, ("named", "-v")),
    "nsd": ("nsd", other_servers.nsd, ("nsd", "-v")),
    "knot": ("knot", other_servers.knot, ("knotd", "--version")),
    "powerdns": ("pdns-server", other_servers.powerdns, ("pdns_server", "--version")),
}
OURS = "understudy"


def versions(keys: Sequence[str]) -> dict[str, str]:
    """Of those that are installed."""
    found = {OURS: __version__}
    found |= {key: version_of(*MAKES[key][2]) for key in keys if key in MAKES and program(MAKES[key][2][0])}
    return {key: version for key, version in found.items() if key in keys}


@dataclass(slots=True)
class Exchanging:
    """A server that has the zone from its file and gives it to loopback or, with a primary, fetches it from there."""

    make: str
    key: str
    primary: int | None = None
    follows_aliases: bool = True
    package: str = field(init=False)

    def __post_init__(self) -> None:
        self.package = "" if self.make == OURS else MAKES[self.make][0]

    def takes(self, case: Case) -> bool:
        return not case.is_steered

    def version(self) -> str:
        return versions([self.make]).get(self.make, "not installed")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        del case
        if self.make == OURS:
            return self._ours(place)
        file = place.zone_file if self.primary is None else place.folder / "copy.zone"
        there = other_servers.Place(place.folder, place.port, ORIGIN, threads=place.threads)
        return MAKES[self.make][1](there, file, Peers(self.primary)).command

    def _ours(self, place: Place) -> Sequence[str]:
        zone = f"{{file: {place.zone_file}, transfer: {{to: [{ADDRESS}], notify: []}}}}"
        if self.primary is not None:
            zone = f'{{source: transfer, primaries: ["{ADDRESS}:{self.primary}"]}}'
        lines = [f"listen: {ADDRESS}:{place.port}", f"server: {{threads: {place.threads}}}"]
        file = place.folder / "understudy.yaml"
        file.write_text("\n".join([*lines, f"zones: {{{ORIGIN}: {zone}}}"]) + "\n")
        return [sys.executable, "-m", "understudy.cli", "serve", "-c", str(file), "--log-level", "error"]
