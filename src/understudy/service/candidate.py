"""A configuration with its zones, read and checked whole, before anything of it is in force."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.config.load import Loaded, load
from understudy.config.zone_conflicts import conflicts
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem, ProblemSeverity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.zone_table import FileStamp, LoadedZone, Progress, ZoneView, load_zones


@dataclass(frozen=True, slots=True)
class Candidate:
    """`problems` are those of zones and of records against zones; `warnings` refuse nothing."""

    configuration: Configuration
    text: str
    digest: str
    files: Mapping[Path, FileStamp]
    zones: Mapping[Name, LoadedZone]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def require_faultless(self) -> None:
        """Raises ConfigError with all problems, if there is any."""
        if self.problems:
            raise ConfigError(self.problems)

    def has_changed_files(self) -> bool:
        """Whether any configuration file is another one now. Blocks on the disk."""
        return any(FileStamp.of(path) != stamp for path, stamp in self.files.items())

    def with_stamps(self, stamps: Mapping[Path, FileStamp]) -> Candidate:
        """The same, whose files are not looked at again until they change from these."""
        return replace(self, files=stamps)

    def find_conflict(self, origin: Name, loaded: LoadedZone) -> str:
        """The first thing in a newer version of a zone that stands in the way of a record; empty where nothing does."""
        found = conflicts(self.configuration, {origin: ZoneView(loaded.definition, loaded.zone)})
        return next((str(problem) for problem in found if problem.severity is ProblemSeverity.ERROR), "")


def read_candidate(file: Path, now: Instant, progress: Progress | None = None) -> Candidate:
    """Read a configuration file and the zones that it names. Blocks. Raises ConfigError for the file itself."""
    stamps = {file: FileStamp.of(file)}
    loaded = load(file)
    present = [definition for definition in loaded.configuration.zones.values() if definition.file.is_file()]
    zones, problems = load_zones(present, now, progress)
    return assemble(loaded, stamps, zones, problems=problems)


def assemble(
    loaded: Loaded, stamps: Mapping[Path, FileStamp], zones: Mapping[Name, LoadedZone], *, problems: list[Problem]
) -> Candidate:
    """Check records against zones, and put errors and warnings apart."""
    views = {name: ZoneView(zone.definition, zone.zone) for name, zone in zones.items()}
    found = [*loaded.warnings, *loaded.missing, *problems, *conflicts(loaded.configuration, views)]
    return Candidate(
        configuration=loaded.configuration,
        text=loaded.text,
        digest=hashlib.sha256(loaded.text.encode()).hexdigest(),
        files={**{path: FileStamp.of(path) for path in loaded.files}, **stamps},
        zones=zones,
        problems=tuple(problem for problem in found if problem.severity is ProblemSeverity.ERROR),
        warnings=tuple(problem for problem in found if problem.severity is ProblemSeverity.WARNING),
    )
