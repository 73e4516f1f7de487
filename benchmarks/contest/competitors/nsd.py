"""NSD with one server process, without its rate limit."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case
from benchmarks.contest.competitors.competitor import ADDRESS, Place, program, version_of

_CONFIGURATION = """\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  server-count: {threads}
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: "{origin}"
  zonefile: "{file}"
"""


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
        file = place.folder / "nsd.conf"
        text = _CONFIGURATION.format(
            folder=place.folder, address=ADDRESS, port=place.port, threads=place.threads,
            origin=ORIGIN, file=place.zone_file,
        )  # fmt: skip  # one line for each key reads no better
        file.write_text(text)
        return [program("nsd") or "nsd", "-d", "-c", str(file)]
