"""The problems of one file, collected while the stages go on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from understudy.config.source import KeyPath, Position, Source
from understudy.model.errors import Problem, ProblemSeverity

_MESSAGE_MAX = 400  # chosen: twice the longest message of ours with names of ordinary length
_TEXT_MAX = 80  # chosen: what of a wrong value still reads well in one line


class Findings:
    """Every problem found in a source, each once: a value behind an alias is looked at as often as it is used."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[Problem, None] = dict.fromkeys(source.problems)
        self._elsewhere: dict[Problem, None] = {}
        self.folder: Path = source.file.parent.absolute()
        """Where the file stands."""

    def error(self, path: KeyPath, code: str, message: str, *, hint: str = "") -> None:
        """A fault in the value of `path`."""
        self._add(self._source.position(path), code, message, hint=hint)

    def missing(self, path: KeyPath, code: str, message: str, *, hint: str = "", is_passing: bool = False) -> None:
        """A fault outside of the file, in what the value of `path` names: the file itself is sound."""
        position = self._source.position(path)
        texts = on_one_line(message), on_one_line(hint)
        problem = Problem(str(self._source.file), *position, code, *texts, is_passing=is_passing)
        self._elsewhere[problem] = None

    def key_error(self, path: KeyPath, code: str, message: str, *, hint: str = "") -> None:
        """A fault in the last key of `path` itself."""
        self._add(self._source.key_position(path), code, message, hint=hint)

    def warn(self, path: KeyPath, code: str, message: str, *, hint: str = "") -> None:
        """Something that is allowed and probably not meant."""
        self._add(self._source.position(path), code, message, hint=hint, severity=ProblemSeverity.WARNING)

    def line(self, path: KeyPath) -> int:
        """The line of the last key of `path`."""
        return self._source.key_position(path).line

    @property
    def errors(self) -> tuple[Problem, ...]:
        """In file order."""
        return _in_order(problem for problem in self._found if problem.severity is ProblemSeverity.ERROR)

    @property
    def elsewhere(self) -> tuple[Problem, ...]:
        """Faults outside of the file, in file order."""
        return _in_order(self._elsewhere)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """In file order."""
        return _in_order(problem for problem in self._found if problem.severity is ProblemSeverity.WARNING)

    def _add(
        self,
        position: Position,
        code: str,
        message: str,
        *,
        hint: str,
        severity: ProblemSeverity = ProblemSeverity.ERROR,
    ) -> None:
        file = str(self._source.file)
        problem = Problem(file, *position, code, on_one_line(message), on_one_line(hint), severity)
        self._found[problem] = None


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.code)))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word that `word` was probably meant to be, or all of them where they are few."""
    choices = sorted(known)
    close = difflib.get_close_matches(word.lower(), choices, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if not choices:
        return ""
    few = 20  # chosen: a list that a person still reads
    listed = ", ".join(choices[:few])
    return f"known: {listed}" + (", ..." if len(choices) > few else "")


def on_one_line(message: str) -> str:
    """A message that a terminal cannot be harmed by, of bearable length, whatever the file has put into it."""
    short = message if len(message) <= _MESSAGE_MAX else message[: _MESSAGE_MAX - 3] + "..."
    if short.isprintable():
        return short
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short)


def shown(value: object) -> str:
    """A wrong value as a message shows it: short, on one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    if value is None:
        text = "nothing"
    if isinstance(value, bool):
        text = text.lower()
    if isinstance(value, dict | list):
        text = "a mapping" if isinstance(value, dict) else "a list"
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 3] + "..."
