"""BIND with one worker thread, as an authoritative server only."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest.cases import ORIGIN, Case
from benchmarks.contest.competitors.competitor import ADDRESS, Place, program, version_of

_CONFIGURATION = """\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; minimal-responses yes; dnssec-validation no; allow-transfer {{ none; }};
  empty-zones-enable no;
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
zone "{origin}" {{ type primary; file "{file}"; check-names ignore; check-integrity no; }};
"""


class Bind:
    """named in the foreground."""

    key = "bind"
    package = "bind9"
    follows_aliases = True

    def takes(self, case: Case) -> bool:
        return not case.is_steered

    def version(self) -> str:
        return version_of("named", "-v")

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        del case
        file = place.folder / "named.conf"
        text = _CONFIGURATION.format(
            folder=place.folder, address=ADDRESS, port=place.port, origin=ORIGIN, file=place.zone_file
        )
        file.write_text(text)
        return [program("named") or "named", "-f", "-n", str(place.threads), "-c", str(file)]
