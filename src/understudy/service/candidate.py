"""A configuration with its zones, read and checked whole, before anything of it is in force."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path

from understudy.checks.files import find_absence
from understudy.config.cookie_secrets import CookieSecretError, read_cookie_secrets
from understudy.config.load import Examined, examine, examine_text
from understudy.config.secret_files import SecretFileError, read_key_secret
from understudy.config.sharing import share
from understudy.config.zone_conflicts import conflicts
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem, ProblemSeverity, UnderstudyError
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.zone import ZoneSource
from understudy.service.primary.catalog_zones import make_catalogs
from understudy.service.primary.zone_cuts import find_undelegated
from understudy.service.zone_table import FileStamp, LoadedZone, Progress, ZoneView, load_zones
from understudy.zones.advice_finding import listed
from understudy.zones.name_servers import secondaries_of, secondaries_without_address

COSTLY_RECORDS = 200_000  # chosen: about 0.1 s of a core, more than everything else on the way to a secondary
_WITHOUT_ADDRESS = re.compile(r"the name server (\S+) has no address ")


@frozen
class Candidate:
    """`findings` are all errors and warnings, in file order: the configuration file first, then each zone's.

    Its errors are those of zones and of records against zones: with one in the file itself there is no candidate.
    `zones` are those of files; what comes from other servers is no part of it.
    """

    configuration: Configuration
    text: str
    digest: str
    files: Mapping[Path, FileStamp]
    zones: Mapping[Name, LoadedZone]
    findings: tuple[Problem, ...]
    cookie_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """What its `cookie_secret_file` has; empty where there is none that can be used."""
    key_secrets: Mapping[Name, bytes] = field(default_factory=dict, repr=False)
    """The secrets of its keys, of those whose files can be used."""
    refused: frozenset[tuple[str, str]] = frozenset()
    """Why its files as they are now were refused, if they were: the code of each problem, and its file."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The errors, in file order."""
        return tuple(problem for problem in self.findings if problem.severity is ProblemSeverity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What refuses nothing, in file order."""
        return tuple(problem for problem in self.findings if problem.severity is ProblemSeverity.WARNING)

    def require_faultless(self) -> None:
        """Raises ConfigError with all findings, if there is an error among them."""
        if self.problems:
            raise ConfigError(self.findings)

    def has_changed_files(self) -> bool:
        """Whether any configuration file is another one now. Blocks on the disk."""
        return any(FileStamp.of(path) != stamp for path, stamp in self.files.items())

    def with_stamps(self, stamps: Mapping[Path, FileStamp]) -> Candidate:
        """The same, whose files are not looked at again until they change from these."""
        return replace(self, files=stamps)

    def refusing(self, error: UnderstudyError) -> Candidate:
        """The same, whose files as they are now are refused."""
        problems = error.problems if isinstance(error, ConfigError) else ()
        return replace(self, refused=frozenset((problem.code, problem.file) for problem in problems))

    def find_conflict(self, origin: Name, loaded: LoadedZone) -> str:
        """The first thing in a newer version of a zone that stands in the way of a record; empty where nothing does."""
        return next((str(problem) for problem in self.find_conflicts({origin: loaded})), "")

    def find_conflicts(self, zones: Mapping[Name, LoadedZone]) -> list[Problem]:
        """Everything in these zones that stands in the way of a record."""
        return conflicts(
            self.configuration, {name: ZoneView(each.definition, each.zone) for name, each in zones.items()}
        )


@frozen
class Before:
    """What is in force while another candidate is read: the configuration, and the zones that are served."""

    configuration: Configuration | None = None
    zones: Mapping[Name, LoadedZone] = field(default_factory=dict)


NOTHING_BEFORE = Before()


def read_candidate(
    file: Path,
    now: Instant,
    progress: Progress | None = None,
    *,
    before: Before = NOTHING_BEFORE,
    text: str | None = None,
) -> Candidate:
    """Read a configuration file, or judge a `text` that is to stand in it, and read the zones that it names. Blocks.

    What is the same as `before` is the very same thing: so what has changed is found by looking, and not by comparing,
    and files of zones are read only where they have changed.
    Raises ConfigError for a fault in the file itself, with everything that was found there and in the zones.
    """
    stamps = {file: FileStamp.of(file)}
    examined = examine(file) if text is None else examine_text(text, file)
    if examined.configuration is None:
        raise ConfigError(examined.errors)
    stamps |= {path: FileStamp.of(path) for path in secret_files(examined.configuration)}
    configuration = share(before.configuration, examined.configuration)
    zones, findings = _examine_zones(examined, configuration, now, progress=progress, known=before.zones)
    if examined.errors:
        raise ConfigError(findings)
    return Candidate(
        configuration=configuration,
        text=examined.text,
        digest=hashlib.sha256(examined.text.encode()).hexdigest(),
        files={file.absolute(): FileStamp.of(file), **stamps},
        zones=zones,
        findings=findings,
        cookie_secrets=_cookie_secrets(configuration.node.cookie_secret_file),
        key_secrets=dict(_key_secrets(configuration)),
    )


def secret_files(configuration: Configuration) -> frozenset[Path]:
    """The files with secrets: another secret is another configuration."""
    cookies = configuration.node.cookie_secret_file
    keys = frozenset(key.secret_file for key in configuration.keys.values())
    return keys if cookies is None else keys | {cookies}


def _cookie_secrets(file: Path | None) -> tuple[bytes, ...]:
    """The file's secrets; none where it has a fault, which is among the findings."""
    try:
        return () if file is None else read_cookie_secrets(file)
    except CookieSecretError:
        return ()


def _key_secrets(configuration: Configuration) -> Iterator[tuple[Name, bytes]]:
    """The secrets that can be read; what is wrong with the others is among the findings."""
    for key in configuration.keys.values():
        with suppress(SecretFileError):
            yield key.name, read_key_secret(key.secret_file)


def _examine_zones(
    examined: Examined,
    configuration: Configuration,
    now: Instant,
    *,
    progress: Progress | None,
    known: Mapping[Name, LoadedZone],
) -> tuple[dict[Name, LoadedZone], tuple[Problem, ...]]:
    """The zones that can be read, and all findings: the file's own, the zones' and those of records against zones."""
    files = (each for each in configuration.zones.values() if each.source is ZoneSource.FILE)
    present = [definition for definition in files if not find_absence(definition.file)]
    zones, in_zones = load_zones(present, now, progress, known=known)
    views = {name: ZoneView(zone.definition, zone.zone) for name, zone in zones.items()}
    in_file = [*examined.errors, *examined.warnings, *examined.missing, *conflicts(configuration, views)]
    in_file.extend(_costly_digests(configuration, zones))
    in_file.extend(_telling_too_few(configuration, zones))
    in_file.extend(find_undelegated(configuration, zones))
    in_file.sort(key=lambda problem: (problem.line, problem.column, problem.code))
    return {**zones, **make_catalogs(configuration, now, known)}, (
        *in_file,
        *_without_steered(in_zones, configuration.records),
    )


def _costly_digests(configuration: Configuration, zones: Mapping[Name, LoadedZone]) -> Iterator[Problem]:
    """Secondaries hear of a failover only when the digest of the whole zone has been made."""
    steered = {record.zone for record in configuration.records.values()}
    for origin in steered & zones.keys():
        loaded, transfer = zones[origin], configuration.zones[origin].transfer
        if transfer is not None and transfer.zonemd is not None and loaded.zone.record_count > COSTLY_RECORDS:
            file, line = configuration.sources.get(f"zone:{origin}", (str(configuration.node.file), 1))
            text = f"a digest of {loaded.zone.record_count} records is made at each failover, before secondaries hear"
            hint = "leave zonemd out, or have the records in a zone of their own"
            yield Problem(file, line, 1, "transfer.zonemd-cost", text, hint, ProblemSeverity.WARNING)


def _telling_too_few(configuration: Configuration, zones: Mapping[Name, LoadedZone]) -> Iterator[Problem]:
    """Secondaries of these zones, some or all of them, hear of no failover before their next refresh."""
    for origin, loaded in zones.items():
        transfer = loaded.definition.transfer
        if transfer is None or transfer.notify is not None:
            continue
        unaddressed = list(secondaries_without_address(loaded.zone, origin))
        if not unaddressed and not any(secondaries_of(loaded.zone, origin)):
            text = f"nobody is told of new versions of {origin}: it names no name server but the primary"
        elif unaddressed and loaded.definition.watch is None:  # nobody looks up where they are
            untold = listed([name.rstrip(".") for name in unaddressed])
            why = f"it is not watched and has no address for them: {untold}"
            text = f"not told of new versions of {origin}, because {why}"
        else:
            continue
        file, line = configuration.sources.get(f"zone:{origin}", (str(configuration.node.file), 1))
        yield Problem(file, line, 1, "transfer.notify", text, "write transfer.notify", ProblemSeverity.WARNING)


def _without_steered(problems: Sequence[Problem], records: Collection[Name]) -> list[Problem]:
    """Without the warnings of name servers that have no address in their zone because a record answers for them."""
    steered = {record.absolute for record in records}
    return [problem for problem in problems if _unaddressed_server(problem) not in steered]


def _unaddressed_server(problem: Problem) -> str:
    """The name server that a warning misses an address of, or nothing."""
    found = _WITHOUT_ADDRESS.match(problem.message) if problem.code == "zone.ns.address" else None
    return found[1].lower() if found is not None else ""
