"""YAML text to a tree of values with places.

A file that is written plainly, as large ones are, is read by the engine. Every other one, and every one with a fault,
is read by the thorough reader, whose word counts; both agree on what is plain (ADR 0032).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from understudy.config.source import Node, Source
from understudy.config.yaml_plain import compose_plain
from understudy.engine import PlainYaml
from understudy.model.errors import ConfigError, Problem, ProblemSeverity
from understudy.model.passing import is_passing

SLOW_VALUES = 30_000  # chosen: of each the thorough reader makes 32 microseconds more, so of these a second
SIZE_MAX_OCTETS = 32 * 1024 * 1024  # chosen: a quarter million records, far more than one server steers


def read(path: Path) -> Source:
    """Read the file of `path`. Raises ConfigError for a file that is missing, unreadable or no YAML."""
    try:
        with path.open("rb") as stream:
            octets = stream.read(SIZE_MAX_OCTETS + 1)
    except OSError as error:
        hint = "give the right path with -c" if isinstance(error, FileNotFoundError) else ""
        reason = error.strerror or "it cannot be read"
        problem = Problem(str(path), 1, 1, "file.unreadable", reason, hint, is_passing=is_passing(error))
        raise ConfigError([problem]) from None
    return read_octets(octets, path)


def read_octets(octets: bytes, file: Path) -> Source:
    """Read a file's content. Raises ConfigError."""
    if len(octets) > SIZE_MAX_OCTETS:
        message = f"the file is larger than {SIZE_MAX_OCTETS // 1024 // 1024} MiB"
        raise ConfigError([Problem(str(file), 1, 1, "file.too-large", message)])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _encoding_refusal(error, file) from None
    root = read_plain(text)
    if root is not None:
        return Source(file, text, root)
    from understudy.config.yaml_thorough import read_thoroughly  # a server with a plain file starts without it

    root, problems = read_thoroughly(text, file)
    if root.size > SLOW_VALUES and not problems:
        problems = (_slowness(text, file),)
    return Source(file, text, root, problems)


def read_plain(text: str) -> Node | None:
    """The root of a text that is written plainly and has no fault; None: it takes the thorough reader."""
    try:
        return compose_plain(text)
    except ValueError:
        return None


def _slowness(text: str, file: Path) -> Problem:
    """What one anchor somewhere costs, and about where it is: of a block or a list that is the line where it begins."""
    message = "this is not written plainly, so the whole file is read slowly: a second or more at each start and reload"
    hint = "no anchors, aliases or tags, since pools and checks have names; each value on one line; nothing left empty"
    return Problem(str(file), _doubted_line(text), 1, "yaml.slow", message, hint, ProblemSeverity.WARNING)


def _doubted_line(text: str) -> int:
    """The first line that is not plain by itself, or else the last one that the engine's reader has come to."""
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            PlainYaml(line)
        except ValueError:
            return number
    reached, reader = 1, PlainYaml(text)
    with suppress(ValueError):
        while (event := reader.next_event()) is not None:
            reached = event[1]
    return reached


def _encoding_refusal(error: UnicodeDecodeError, file: Path) -> ConfigError:
    from understudy.config.yaml_thorough import place_after  # as above

    octets = error.object
    place = place_after(octets[: error.start].decode(errors="replace"))
    message = f"octet 0x{octets[error.start]:02x} is not UTF-8"
    return ConfigError([Problem(str(file), *place, "yaml.encoding", message)])
