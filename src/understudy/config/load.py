"""Load a configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from understudy.config.build import build
from understudy.config.findings import Findings
from understudy.config.reading import read_document
from understudy.config.source import Source
from understudy.config.yaml_reader import read, read_octets
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
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
    return _digest(read(path))


def load_text(text: str, path: Path) -> Loaded:
    """As `load`, for text that stands, or will stand, in the file `path`; relative paths start from its folder."""
    return _digest(read_octets(text.encode("utf-8", errors="replace"), path))


def _digest(source: Source) -> Loaded:
    """Text to values, values to written objects, written objects to the configuration."""
    findings = Findings(source)
    document = read_document(source, findings)
    configuration = build(document, findings) if document is not None else None
    if findings.errors or configuration is None:
        raise ConfigError(sorted((*findings.errors, *findings.elsewhere), key=lambda each: (each.line, each.column)))
    return Loaded(configuration, findings.warnings, (source.file.absolute(),), source.text, findings.elsewhere)
