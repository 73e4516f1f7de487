"""Knot DNS with one UDP worker on ordinary sockets."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case
from benchmarks.contest.competitors.competitor import ADDRESS, Place, program, version_of

_CONFIGURATION = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: {threads}
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
zone:
  - domain: {origin}
    file: "{file}"
    zonefile-sync: -1
    journal-content: none
"""


class Knot:
    """Without a journal: it only answers here."""

    key = "knot"
    package = "knot"
    follows_aliases = True

    def takes(self, case: Case) -> bool:
        return not case.is_steered

    def version(self) -> str:
        return version_of("knotd", "--version")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        del case
        file = place.folder / "knot.conf"
        text = _CONFIGURATION.format(
            folder=place.folder, address=ADDRESS, port=place.port, threads=place.threads,
            origin=ORIGIN, file=place.zone_file,
        )  # fmt: skip  # one line for each key reads no better
        file.write_text(text)
        return [program("knotd") or "knotd", "-c", str(file)]
