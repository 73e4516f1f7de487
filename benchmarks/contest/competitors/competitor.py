"""What a competitor is, and where it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.contest.cases import Case

ADDRESS = "127.0.0.1"
ENDPOINTS = (ADDRESS, "127.0.0.2")
"""Both are up: whoever probes finds a listener of ours there."""
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server keeps its files, on which port it answers, and on which port its endpoints take connections."""

    folder: Path
    port: int
    zone_file: Path
    endpoint_port: int
    threads: int = 1


class Competitor(Protocol):
    """A name server that is measured."""

    key: str
    package: str
    """Debian's packages; "" for our own."""
    follows_aliases: bool
    """Whether the answer for an alias has the records that it leads to as well (RFC 1034 4.3.2, step 3a)."""

    def takes(self, case: Case) -> bool:
        """Whether it can do this at all."""

    def version(self) -> str: ...

    def prepare(self, case: Case, place: Place) -> Sequence[str]:
        """Write its configuration; the command that runs it in the foreground."""


def program(name: str) -> str | None:
    """Its path, also where daemons are installed."""
    return shutil.which(name) or shutil.which(name, path=_PLACES)


def version_of(name: str, *arguments: str) -> str:
    """The version that it says, or the word for none."""
    path = program(name)
    if path is None:
        return "not installed"
    said = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+[\w.]*", said.stdout + said.stderr)
    return found.group() if found else "unknown"


def zone_with(place: Place, lines: Sequence[str]) -> Path:
    """The zone's file with more lines: for those who write steered records into it."""
    if not lines:
        return place.zone_file
    path = place.folder / "steered.zone"
    path.write_text(place.zone_file.read_text() + "".join(f"{line}\n" for line in lines))
    return path
