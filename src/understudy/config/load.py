"""Load a configuration file, or examine one that may be faulty."""

from __future__ import annotations

from pathlib import Path

from understudy.config.build import build
from understudy.config.findings import Findings
from understudy.config.reading import read_document
from understudy.config.source import Source
from understudy.config.yaml_reader import read, read_octets
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem
from understudy.model.frozen import frozen


@frozen
class Examined:
    """All that there is to say about a file.

    `configuration` is what could be built, for judging it against other things and never for use while there are
    `errors`: what is wrong is left out of it, so its references need not resolve and a record may lack pools. It is
    None where the file could not be read at all. `missing` are zone files that are not there.
    """

    file: Path
    text: str
    configuration: Configuration | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    missing: tuple[Problem, ...] = ()


@frozen
class Loaded:
    """A valid configuration. `files` were read for it (zone files are not: the zones' stage reads these).

    `missing` are zone files that are not there: a reason to refuse a reload, none to leave the other zones unserved.
    """

    configuration: Configuration
    warnings: tuple[Problem, ...]
    files: tuple[Path, ...]
    text: str
    missing: tuple[Problem, ...] = ()


def load(path: Path) -> Loaded:
    """The configuration of the file `path`. Raises ConfigError with every problem of the file."""
    return _demand(examine(path))


def load_text(text: str, path: Path) -> Loaded:
    """As `load`, for text that stands, or will stand, in the file `path`; relative paths start from its folder."""
    return _demand(examine_text(text, path))


def examine(path: Path) -> Examined:
    """Everything about the file `path`, whatever is wrong with it: no fault hides another that can be judged."""
    try:
        source = read(path)
    except ConfigError as error:
        return Examined(path, "", None, error.problems)
    return _digest(source)


def examine_text(text: str, path: Path) -> Examined:
    """As `examine`, for text that stands, or will stand, in the file `path`."""
    try:
        source = read_octets(text.encode("utf-8", errors="replace"), path)
    except ConfigError as error:
        return Examined(path, text, None, error.problems)
    return _digest(source)


def _digest(source: Source) -> Examined:
    """Text to values, values to written objects, written objects to the configuration."""
    findings = Findings(source)
    document = read_document(source, findings)
    configuration = build(document, findings) if document is not None else None
    return Examined(
        source.file, source.text, configuration, findings.errors, findings.warnings, missing=findings.elsewhere
    )


def _demand(examined: Examined) -> Loaded:
    """What was examined, if nothing is wrong with the file itself."""
    if examined.errors or examined.configuration is None:
        raise ConfigError(sorted((*examined.errors, *examined.missing), key=lambda each: (each.line, each.column)))
    file = examined.file.absolute()
    return Loaded(examined.configuration, examined.warnings, (file,), examined.text, examined.missing)
