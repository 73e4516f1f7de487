"""gdnsd with one UDP thread; its steered records are of the plugins simplefo, multifo and weighted."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case, Steering
from benchmarks.contest.competitors.competitor import ADDRESS, ENDPOINTS, Place, program, version_of, zone_with

FIRST, SECOND = ENDPOINTS
_OPTIONS = """\
options => {{
  listen => {{ {address}:{port} => {{ udp_threads = {threads}, tcp_threads = 1 }} }}
  run_dir = {folder}/run
  state_dir = {folder}/state
}}
"""
# The state of both endpoints is the built-in "up": nothing is probed.
_PLUGINS = f"""\
plugins => {{
  simplefo => {{ service_types => up, web => {{ primary => {FIRST}, secondary => {SECOND} }} }}
  multifo => {{ service_types => up, web => {{ one => {FIRST}, two => {SECOND} }} }}
  weighted => {{ service_types => up, web => {{ one => [ {FIRST}, 3 ], two => [ {SECOND}, 1 ] }} }}
}}
"""
_PLUGIN = {Steering.TIERS: "simplefo", Steering.ALL: "multifo", Steering.WEIGHTED: "weighted"}


class Gdnsd:
    """In the foreground, with a folder of its own."""

    key = "gdnsd"
    package = "gdnsd"
    follows_aliases = False

    def takes(self, case: Case) -> bool:
        del case
        return True

    def version(self) -> str:
        return version_of("gdnsd", "-h")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        for folder in ("zones", "run", "state"):
            (place.folder / folder).mkdir(exist_ok=True)
        options = _OPTIONS.format(address=ADDRESS, port=place.port, threads=place.threads, folder=place.folder)
        plugins = _PLUGINS if case.is_steered else ""
        (place.folder / "config").write_text(options + plugins)
        lines = []
        if case.is_steered:
            lines = [f"host{number} 30 DYNA {_PLUGIN[case.steering]}!web" for number in range(case.names)]
        # Written beside, as the zone file may be shared: a link would be followed, and changes seen.
        shutil.copyfile(zone_with(place, lines), place.folder / "zones" / ORIGIN)
        return [program("gdnsd") or "gdnsd", "-c", str(place.folder), "start"]
