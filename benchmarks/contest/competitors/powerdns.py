"""PowerDNS with its BIND backend and packet cache; its steered records are Lua with shared state, its faster way."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case, Steering
from benchmarks.contest.competitors.competitor import ADDRESS, ENDPOINTS, Place, program, version_of, zone_with

FIRST, SECOND = ENDPOINTS
_CONFIGURATION = """\
launch=bind
bind-config={folder}/named.conf
local-address={address}
local-port={port}
socket-dir={folder}
receiver-threads={threads}
distributor-threads=1
enable-lua-records={lua}
security-poll-suffix=
daemon=no
guardian=no
loglevel=3
"""
_LUA = {
    Steering.TIERS: "ifportup({port}, {{'" + FIRST + "','" + SECOND + "'}})",
    Steering.ALL: "ifportup({port}, {{'" + FIRST + "','" + SECOND + "'}}, {{selector='all'}})",
    Steering.WEIGHTED: "pickwrandom({{{{3,'" + FIRST + "'}},{{1,'" + SECOND + "'}}}})",
}


class PowerDns:
    """In the foreground.

    Its nearest functions are taken: for a primary and a backup one healthy address at random, as this release has tiers
    for HTTP only; by weight without health, as its function for both is newer.
    """

    key = "powerdns"
    package = "pdns-server pdns-backend-bind"
    follows_aliases = True

    def takes(self, case: Case) -> bool:
        del case
        return True

    def version(self) -> str:
        return version_of("pdns_server", "--version")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        lines = []
        if case.is_steered:
            code = _LUA[case.steering].format(port=place.endpoint_port)
            lines = [f'host{number} 30 LUA A "{code}"' for number in range(case.names)]
        zone = f'zone "{ORIGIN}" {{ type native; file "{zone_with(place, lines)}"; }};\n'
        (place.folder / "named.conf").write_text(zone)
        text = _CONFIGURATION.format(
            folder=place.folder, address=ADDRESS, port=place.port, threads=place.threads,
            lua="shared" if case.is_steered else "no",
        )  # fmt: skip  # one line for each key reads no better
        (place.folder / "pdns.conf").write_text(text)
        return [program("pdns_server") or "pdns_server", f"--config-dir={place.folder}"]
