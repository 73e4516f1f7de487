"""The zones that are loaded: the last good version of each, and why a newer content is not used."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from understudy.engine import Zone, ZoneFileError
from understudy.model.errors import Problem, ProblemSeverity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.passing import is_passing
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.secondary.digests import require_file_digest

_MORE = "zone.problems.many"
_NS, _SOA = 2, 6  # RFC 1035 3.2.2
_SETTLED_S = 2.0  # chosen: the coarsest times of files (FAT) are two seconds apart
_NS_PER_S = 1e9

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told (zone, octets read, octets in all) while a file is read."""


@frozen
class FileStamp:
    """What tells that a file has changed: times in ns, size in octets, inode; zeros where there is none.

    `ctime_ns` is when the system last saw it change, which nobody can set back.
    """

    mtime_ns: int = 0
    size: int = 0
    inode: int = 0
    ctime_ns: int = 0

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """The stamp of a file now."""
        try:
            found = path.stat()
        except OSError:
            return cls()
        return cls(found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)

    def holds(self, path: Path) -> bool:
        """Whether a file is what it was. Ten thousand are asked every second, so this makes no other stamp."""
        try:
            found = path.stat()
        except OSError:
            return self == FileStamp()
        return (
            self.ctime_ns == found.st_ctime_ns
            and self.mtime_ns == found.st_mtime_ns
            and self.size == found.st_size
            and self.inode == found.st_ino
        )


@frozen
class LoadedZone:
    """A version and what it was read from. `problem` says why a newer content is not used, or is empty.

    `is_awaited`: it comes from an earlier run's copy of another server's zone, and a newer one may have been handed on.
    `digest`: of the text of a catalog, which is made here.
    """

    definition: ZoneDefinition
    zone: Zone
    loaded_at: Instant
    stamps: Mapping[Path, FileStamp] = field(default_factory=dict)
    problem: str = ""
    is_awaited: bool = False
    digest: bytes = b""

    @property
    def shown(self) -> Zone:
        """What anybody may ask for: of a catalog its apex alone, because its content is for secondaries only."""
        return _apex_of(self.zone) if self.definition.is_catalog else self.zone

    def has_changed_files(self) -> bool:
        """Whether any file that it was read from is another one now. Blocks on the disk."""
        return any(not stamp.holds(path) for path, stamp in self.stamps.items())

    def defined(self, definition: ZoneDefinition) -> LoadedZone:
        """The same version under this definition; the very same where nothing is different."""
        is_known = definition is self.definition or definition == self.definition
        return self if is_known else replace(self, definition=definition)

    def is_what_files_say(self, definition: ZoneDefinition) -> bool:
        """Whether reading the zone's files again would give this version. Blocks on the disk.

        Not said of a file that was changed within moments of being read: its times may be the same after the next
        change.
        """
        wanted, known = definition, self.definition
        if self.problem or (wanted.source, wanted.file, wanted.zonemd) != (known.source, known.file, known.zonemd):
            return False
        settled_ns = (self.loaded_at - _SETTLED_S) * _NS_PER_S
        is_settled = all(0 < stamp.mtime_ns < settled_ns for stamp in self.stamps.values())
        return bool(self.stamps) and is_settled and not self.has_changed_files()

    def kept_because(self, problem: str, now_stamps: Mapping[Path, FileStamp]) -> LoadedZone:
        """The same version, with why it is still used; its files are not looked at again until they change again."""
        return replace(self, problem=problem, stamps=now_stamps)


@frozen
class ZoneView:
    """A zone as the configuration check asks it (`config.zone_conflicts`)."""

    definition: ZoneDefinition
    zone: Zone

    def types_at(self, owner: str) -> list[int]:
        """The record types at a name."""
        return self.zone.types_at(owner)

    def delegation_above(self, owner: str) -> str | None:
        """The zone cut at or above a name."""
        return self.zone.delegation_above(owner)

    def locate(self, owner: str, rtype: int) -> tuple[str, int] | None:
        """(file, line) of a record; reads the file again. What is fetched has no place that anybody could look at."""
        if self.definition.source is not ZoneSource.FILE:
            return None
        return Zone.locate(self.definition.name.absolute, str(self.definition.file), owner, rtype)


def _apex_of(zone: Zone) -> Zone:
    """The SOA and NS of a zone, and nothing else: what anybody may see of a catalog (RFC 9432 section 7)."""
    lines = [
        f"@ {ttl} TYPE{rtype} \\# {len(rdata)} {rdata.hex()}"
        for found in (zone.rrset(zone.origin, _SOA), zone.rrset(zone.origin, _NS))
        if found is not None
        for _, rtype, ttl, rdatas in (found,)
        for rdata in rdatas
    ]
    return Zone.parse(zone.origin, "\n".join(lines).encode("ascii"))


def load_zone(definition: ZoneDefinition, now: Instant, progress: Progress | None = None) -> LoadedZone:
    """Read a zone's file. Blocks; the interpreter goes on meanwhile. Raises ZoneFileError, OSError."""
    origin = definition.name.absolute
    stamp = FileStamp.of(definition.file)
    told = None if progress is None else lambda read, size: progress(origin, read, size)
    zone = Zone.load(origin, str(definition.file), told)
    require_file_digest(definition, zone)
    stamps = {Path(file): FileStamp.of(Path(file)) for file in zone.files}
    return LoadedZone(definition, zone, now, {**stamps, definition.file: stamp})


def load_zones(
    definitions: Iterable[ZoneDefinition],
    now: Instant,
    progress: Progress | None = None,
    *,
    known: Mapping[Name, LoadedZone] = MappingProxyType({}),
) -> tuple[dict[Name, LoadedZone], list[Problem]]:
    """Read them all, and every problem of all of them; warnings are among the problems.

    Of those that are `known` only the ones whose files have changed are read.
    """
    loaded: dict[Name, LoadedZone] = {}
    problems: list[Problem] = []
    for definition in definitions:
        before = known.get(definition.name)
        try:
            is_known = before is not None and before.is_what_files_say(definition)
            zone = before.defined(definition) if before and is_known else load_zone(definition, now, progress)
        except (ZoneFileError, OSError) as error:
            problems.extend(_in_file_order(zone_problems(definition, error)))
        else:
            loaded[definition.name] = zone
            problems.extend(_problem(raw, ProblemSeverity.WARNING) for raw in zone.zone.warnings)
    return loaded, problems


def zone_problems(definition: ZoneDefinition, error: ZoneFileError | OSError) -> list[Problem]:
    """Why a zone could not be read, never nothing, and then what is odd about it."""
    if isinstance(error, ZoneFileError):
        faults = [_problem(raw, ProblemSeverity.ERROR) for raw in error.problems]
        return faults + [_problem(raw, ProblemSeverity.WARNING) for raw in error.warnings]
    message = f"the master file of {definition.name} cannot be read: {error.strerror or error}"
    is_short = error.errno == errno.ENOMEM
    hint = "give the server more memory, or raise its limit" if is_short else "check the path and its permissions"
    return [Problem(str(definition.file), 1, 1, "zone.unreadable", message, hint, is_passing=is_passing(error))]


def _in_file_order(problems: list[Problem]) -> list[Problem]:
    """The files in the order of reading, each from its beginning; how many more there are comes last."""
    files = list(dict.fromkeys(problem.file for problem in problems))

    def place(problem: Problem) -> tuple[bool, int, int, int]:
        return problem.code == _MORE, files.index(problem.file), problem.line, problem.column

    return sorted(problems, key=place)


def _problem(raw: tuple[str, int, int, str, str], severity: ProblemSeverity) -> Problem:
    file, line, column, code, message = raw
    return Problem(file, line, column, code, message, severity=severity)
